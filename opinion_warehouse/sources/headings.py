"""Which headings of a file a spec knows: those it reads, and those it leaves unread, by name or by family."""

import re
from collections.abc import Callable, Iterable
from typing import Annotated

from pydantic import AfterValidator, BaseModel

_MIN_LITERAL = 2


def _names_a_family(name: str) -> str:
    if "*" in name and len(name.replace("*", "")) < _MIN_LITERAL:
        raise ValueError(
            f"{name!r} leaves out almost any column: name the family by {_MIN_LITERAL} characters or more"
        )
    return name


Ignored = Annotated[str, AfterValidator(_names_a_family)]
"""A heading; `*` in it stands for anything."""


class Header(BaseModel):
    """The headings of one kind of file."""

    name: str
    wanted: list[str]
    ignored: list[str]

    def fits_together(self, other: "Header") -> bool:
        """Whether some header has all that both read and nothing that one of them does not know."""
        return all(one.knows(name) for one, two in ((self, other), (other, self)) for name in two.wanted)

    def knows(self, heading: str) -> bool:
        """Whether the heading is read or left out."""
        return heading in self.wanted or ignoring(self.ignored)(heading)


def ignoring(names: Iterable[str]) -> Callable[[str], bool]:
    """A test of headings: is it one of the names, or of a family `like this *`?"""
    listed = list(names)
    plain = {name for name in listed if "*" not in name}
    families = [re.escape(name).replace(r"\*", ".*") for name in listed if "*" in name]
    family = re.compile("|".join(families), re.DOTALL) if families else None
    return lambda heading: heading in plain or bool(family and family.fullmatch(heading))
