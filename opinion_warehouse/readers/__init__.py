"""Files → rows for the landing tables, in a limited child process.

Nothing here knows a database or a network. Only the columns a source's spec names leave a file; authors,
contacts and texts have no way out. The way of a file, from the top down:

- `zygote` forks a child for each file, without a network; `parse` says which parts read it
- `containers` opens what the file comes in; `formats` makes of it a table, in the one shape of `tables`
- `families` makes rows of the table, cell by cell (`cells`), with codes for words (`coding`) and keys for
  people (`privacy`); `output` writes them
- `problems` lists the reason codes; `peek` shows one row; `inspection` describes a file without a spec

Imports go one way: `pyproject.toml` lists the layers.
"""
