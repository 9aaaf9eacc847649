"""A file nobody has described yet: what it seems to be, for the draft of a spec that a person reads."""
