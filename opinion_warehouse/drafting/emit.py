"""Values with comments → YAML as specs are written by hand. (The YAML library writes no comments.)"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

WIDTH = 118
_PLAIN = re.compile(r"[A-Za-zÀ-ỹ_][\wÀ-ỹ./-]*(?: [\wÀ-ỹ./()-]+)*")
_WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}


@dataclass(frozen=True)
class Said:
    """A value and the comment that stands beside it."""

    value: Any
    comment: str


def todo(what: str) -> Said:
    """A value only a person knows: it is left empty, and `opinion sources check` names its line."""
    return Said(None, f"TODO: {what}")


def guessed(value: Any, why: str) -> Said:
    """A value that is proposed."""
    return Said(value, f"guessed: {why}")


class Flow(dict[str, Any]):
    """A mapping that is written in one line."""


@dataclass(frozen=True)
class Comment:
    """A line of its own among keys or items."""

    text: str


def yaml_of(mapping: dict[str, Any]) -> str:
    """The whole text."""
    return "\n".join(_mapping(mapping, 0)) + "\n"


def _mapping(mapping: dict[str, Any], indent: int) -> Iterator[str]:
    for key, value in mapping.items():
        yield from _entry(f"{' ' * indent}{scalar(key)}:", value, indent)


def _entry(head: str, value: Any, indent: int) -> Iterator[str]:
    said = value if isinstance(value, Said) else Said(value, "")
    value = said.value
    if isinstance(value, Comment):
        yield from _wrapped(f"{' ' * indent}# ", value.text)
    elif isinstance(value, dict) and value and not isinstance(value, Flow):
        yield _line(head, said.comment)
        yield from _mapping(value, indent + 2)
    elif isinstance(value, list) and any(isinstance(each, dict | Said | Comment) for each in value):
        yield _line(head, said.comment)
        for item in value:
            yield from _item(item, indent + 2)
    else:
        yield _line(f"{head} {flow(value)}".rstrip(), said.comment)


def _item(item: Any, indent: int) -> Iterator[str]:
    said = item if isinstance(item, Said) else Said(item, "")
    value, margin = said.value, " " * indent
    if isinstance(value, Comment):
        yield from _wrapped(f"{margin}# ", value.text)
    elif isinstance(value, dict) and not isinstance(value, Flow):
        lines = list(_mapping(value, indent + 2))
        yield f"{margin}- {lines[0].lstrip()}"
        yield from lines[1:]
    else:
        yield _line(f"{margin}- {flow(value)}", said.comment)


def _line(text: str, comment: str) -> str:
    return f"{text}   # {one_line(comment)}" if comment else text


def _wrapped(margin: str, text: str) -> Iterator[str]:
    line = ""
    for word in one_line(text).split():
        if line and len(margin) + len(line) + len(word) > WIDTH:
            yield margin + line
            line = ""
        line = f"{line} {word}".strip()
    yield margin + line


def one_line(text: str) -> str:
    """Text that stays within its comment, and does nothing to a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def flow(value: Any) -> str:
    """A value in one line. None is nothing at all."""
    if isinstance(value, Said):
        value = value.value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key)}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(each) for each in value) + "]"
    return "" if value is None else scalar(value)


def scalar(value: Any) -> str:
    """A scalar, quoted where it is no plain word: specs read every scalar as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    escaped = escaped.replace("\t", "\\t")
    return '"' + "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in escaped) + '"'
