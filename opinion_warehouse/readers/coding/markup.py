"""HTML → the text a reader sees, for topic coding."""

from collections.abc import Iterator

_HIDDEN = frozenset({"script", "style", "template", "head"})
_INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "code", "del", "em", "font", "i", "ins", "mark", "s", "small"}
) | {
    *("span", "strike", "strong", "sub", "sup", "u", "wbr"),
}


def plain_text(html: str) -> str:
    """The text of a piece of HTML. Elements that are no part of a line stand apart by a space."""
    from lxml import etree

    # bytes: lxml refuses text that declares an encoding of its own
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    root = etree.fromstring(html.encode(), parser)
    return " ".join("".join(_pieces(root)).split()) if root is not None else ""


def _pieces(root: object) -> Iterator[str]:
    from lxml import etree

    hidden = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        hidden += (1 if event == "start" else -1) if element.tag in _HIDDEN else 0
        if element.tag not in _INLINE:
            yield " "
        text = element.text if event == "start" else element.tail
        if text and not hidden:
            yield text
