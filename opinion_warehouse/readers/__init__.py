"""Files → rows for the landing tables, in a limited child process.

Nothing here knows a database or a network. Only the columns a source's spec names leave a file; authors,
contacts and texts have no way out. `problems` lists the reason codes.
"""
