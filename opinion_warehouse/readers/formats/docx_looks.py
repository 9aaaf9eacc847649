"""Runs of a document that Word shows otherwise than as plain text: hidden, struck through, raised or lowered.

Beside other text they read as one with it: a raised 1 after 55 is 551. So each such run gets a note of it.
"""

from collections.abc import Mapping
from typing import Any

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_NOTE = "look"
_OFF = ("0", "false", "off", "baseline")
LOOKS = {
    "vanish": "hidden_text",
    "strike": "struck_text",
    "dstrike": "struck_text",
    "vertAlign": "raised_text",
    "oMath": "raised_text",
}
"""What a run can be → its reason code. A formula's parts stand above, below and over one another."""
Looks = Mapping[str, bool]


def look_of(text: Any) -> str | None:
    """How Word shows the run of a text, one of LOOKS; None for plainly."""
    run = text.getparent()
    return None if run is None else run.get(_NOTE)


def note_looks(body: Any, styles: Any) -> None:
    """Note at each run how it is shown, be it by its own properties, a style's or those of its table's row.

    `styles`: the element of the document's styles. What a table's style says of text is not looked at.
    """
    known = _Styles(styles)
    for run in body.iter(f"{WORD}r"):
        run.attrib.pop(_NOTE, None)
        own = run.find(f"{WORD}rPr")
        paragraph = next(run.iterancestors(f"{WORD}p"), None)
        above = None if paragraph is None else paragraph.find(f"{WORD}pPr")
        by_style = {**known.of_paragraph(_value(above, "pStyle")), **known.of(_value(own, "rStyle"))}
        looks = {**by_style, **_own(own)}
        if shown := next((name for name in LOOKS if looks.get(name)), None):
            run.set(_NOTE, shown)
    for run in body.iter(f"{_MATH}r"):
        run.set(_NOTE, "oMath")
    for row in body.iter(f"{WORD}tr"):
        hidden = row.find(f"{WORD}trPr/{WORD}hidden")
        if hidden is not None and hidden.get(f"{WORD}val") not in _OFF:
            for run in row.iter(f"{WORD}r", f"{_MATH}r"):
                run.set(_NOTE, "vanish")


class _Styles:
    def __init__(self, styles: Any) -> None:
        found = list(styles.iter(f"{WORD}style"))
        self._styles = {style.get(f"{WORD}styleId"): style for style in found}
        self._default = next((style.get(f"{WORD}styleId") for style in found if _is_default(style)), None)
        self._looks: dict[str | None, Looks] = {None: {}}
        self._of_all = _own(styles.find(f"{WORD}docDefaults/{WORD}rPrDefault/{WORD}rPr"))

    def of_paragraph(self, name: str | None) -> Looks:
        return {**self._of_all, **self.of(name or self._default)}

    def of(self, name: str | None) -> Looks:
        """What a style says, and the styles it is based on."""
        if name not in self._looks:
            self._looks[name] = {}  # of a style that is based on itself
            style = self._styles.get(name)
            if style is not None:
                below = self.of(_value(style, "basedOn"))
                self._looks[name] = {**below, **_own(style.find(f"{WORD}rPr"))}
        return self._looks[name]


def _is_default(style: Any) -> bool:
    return style.get(f"{WORD}type") == "paragraph" and style.get(f"{WORD}default") in ("1", "true", "on")


def _own(properties: Any) -> dict[str, bool]:
    """Name → whether it is on, of the looks that some run properties name."""
    looks: dict[str, bool] = {}
    for name in LOOKS:
        part = None if properties is None else properties.find(f"{WORD}{name}")
        if part is not None:
            looks[name] = part.get(f"{WORD}val") not in _OFF
    return looks


def _value(element: Any, name: str) -> str | None:
    part = None if element is None else element.find(f"{WORD}{name}")
    return None if part is None else part.get(f"{WORD}val")
