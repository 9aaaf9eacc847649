"""The one shape every format gives and every family reads: header, labels, rows that are no records."""
