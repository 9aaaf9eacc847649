"""One cell, or a column of them → numbers, dates and codes."""
