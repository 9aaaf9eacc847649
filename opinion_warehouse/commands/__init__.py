"""Groups of the command `opinion`, a module each."""
