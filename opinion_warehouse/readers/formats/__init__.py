"""File formats → tables, or lines of prose. What the spec does not declare is refused, not guessed."""
