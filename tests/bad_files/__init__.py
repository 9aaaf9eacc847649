"""Hostile and damaged files, each with what must become of it. One list for the parser and for the loader.

Named as the faults are: encodings, shapes of tables, containers, office documents, and what cells mean.
"""

from bad_files.containers import CONTAINERS
from bad_files.encodings import ENCODINGS
from bad_files.made import Case
from bad_files.meaning import MEANING
from bad_files.office import OFFICE
from bad_files.shapes import SHAPES

CASES: dict[str, Case] = {
    f"{group}: {name}": case
    for group, cases in {
        "encoding": ENCODINGS,
        "shape": SHAPES,
        "container": CONTAINERS,
        "office": OFFICE,
        "meaning": MEANING,
    }.items()
    for name, case in cases.items()
}
