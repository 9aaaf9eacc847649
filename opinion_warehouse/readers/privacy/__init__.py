"""Nothing leads to a person: keyed pseudonyms, what is personal in a heading, a cell or a text."""
