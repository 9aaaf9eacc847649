"""The social section of a draft: a vendor's columns → canonical fields, and what its cells mean."""

from typing import Any

from opinion_warehouse.drafting.emit import Flow, Said, guessed, todo
from opinion_warehouse.drafting.labels import both
from opinion_warehouse.drafting.waves import date_form
from opinion_warehouse.drafting.words import LIKES, SOCIAL, Column, fits, language, slug
from opinion_warehouse.readers.inspection.tools import GDELT_FIELDS, Tool
from opinion_warehouse.readers.inspection.words import PLATFORMS, SENTIMENTS
from opinion_warehouse.readers.text import fold

_SIGNS = {"-1": "negative", "0": "neutral", "1": "positive"}
_FEW = 5
_ORDER = (
    "item_id",
    "published_at",
    "item_count",
    "platform",
    "query",
    "topic",
    "place",
    "sentiment",
    "engagement",
    "url",
    "text",
)


def social(profile: dict[str, Any], tool: Tool | None, ignored: dict[str, str]) -> dict[str, Any]:
    """The section; `ignored` gets every column that no field reads."""
    columns: dict[str, Column] = {column["name"]: column for column in profile["columns"]}
    names = profile["files"].get("column_names")
    known = GDELT_FIELDS.get(names, {}) if isinstance(names, str) else dict(tool.fields) if tool else {}
    fields = _known(known, columns) if known else _by_heading(columns)
    fields |= _broken_down(known.get("by"), columns)
    found = {name: field.value if isinstance(field, Said) else field for name, field in fields.items()}
    used = {
        name for value in found.values() for name in (value if isinstance(value, list) else [value]) if name
    }
    for name, column in columns.items():
        if name not in used:
            ignored[name] = (
                f"personal: {column['personal']}"
                if column["personal"]
                else "the tool's own, or no field of a spec"
                if column["is_own"]
                else "free text, or no field of a spec"
                if column["type"] == "text"
                else f"no field of a spec ({column['type']})"
            )
    made: dict[str, Any] = {"columns": {name: fields[name] for name in (*_ORDER, "by") if name in fields}}
    made["date_format"] = _date_format(found, columns)
    made |= {name: known[name] for name in ("date_zone", "text_format") if name in known}
    made |= _platform(found, columns, known)
    made |= _sentiment(found, columns, known)
    made |= _queries(found, columns)
    return made


def _known(known: dict[str, Any], columns: dict[str, Column]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name in _ORDER:
        value = known.get(name)
        if isinstance(value, list):
            value = [column for column in value if column in columns]
        if value and (isinstance(value, list) or value in columns):
            fields[name] = guessed(value, "the tool's own heading")
    return fields


def _broken_down(by: str | None, columns: dict[str, Column]) -> dict[str, Any]:
    """The field that counts are broken down by, where its cells tell; else a key for a person to rename."""
    if by not in columns:
        return {}
    cells = {fold(cell) for cell in _cells(by, columns)[0]}
    for field, words in (("sentiment", SENTIMENTS), ("platform", PLATFORMS)):
        if cells and len(cells & {fold(word) for word in words}) > len(cells) / 2:
            return {field: guessed(by, "its cells; the counts are broken down by it")}
    return {"by": Said(by, "TODO: write sentiment, platform, query, topic or place for `by`: what it says")}


def _by_heading(columns: dict[str, Column]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    taken: set[str] = set()
    texts: list[str] = []
    for name in _ORDER:
        pattern = SOCIAL.get(name)
        for heading, column in columns.items() if pattern else ():
            if heading in taken or column["personal"] or not (why := fits(pattern, column)):  # type: ignore[arg-type]
                continue
            if name == "text":
                texts.append(heading)
            elif name in fields or (name == "engagement" and column["type"] == "text"):
                continue
            else:
                fields[name] = guessed(heading, why)
            taken.add(heading)
    for heading, column in columns.items():
        if "engagement" not in fields and heading not in taken and fits(LIKES, column):
            fields["engagement"] = guessed(
                heading, "its heading; several columns may be added up: [likes, shares]"
            )
    if texts:
        fields["text"] = guessed(texts, "headings of titles and texts; they are topic-coded and dropped")
    for name in ("item_id", "published_at"):
        if name not in fields:
            what = "an id" if name == "item_id" else "the moment it was published"
            fields[name] = todo(f"the column that holds {what}")
    return fields


def _date_format(found: dict[str, Any], columns: dict[str, Column]) -> Said:
    own = found.get("published_at")
    if isinstance(own, list) and len(own) > 1:
        parts = [date_form(columns[name]) for name in own]
        if all(part.value for part in parts):
            return guessed(
                " ".join(part.value for part in parts), "the one form that fits every cell of each column"
            )
        return todo("; ".join(f"{name}: {part.comment}" for name, part in zip(own, parts, strict=True)))
    name = str(own[0] if isinstance(own, list) and own else own)
    return (
        date_form(columns[name])
        if name in columns
        else todo("iso, epoch_s, epoch_ms or a form like %d/%m/%Y")
    )


def _cells(column: str | None, columns: dict[str, Column]) -> tuple[dict[str, int], int]:
    own = columns.get(column or "", {})
    return own.get("codes", {}), own.get("hidden", 0)


def _mapped(cells: dict[str, int], hidden: int, words: dict[str, str], what: str) -> Any:
    words = words | _SIGNS if "-1" in cells else words
    cells = {cell: cells[cell] for cell in {fold(cell): cell for cell in reversed(cells)}.values()}
    made: dict[str, Any] = {
        cell: words.get(fold(cell)) or todo(what)
        for cell in cells
        if len(cells) <= _FEW or not cell.lstrip("-").replace(".", "").isdigit()
    }
    if not made:
        return None
    return Said(
        made, f"guessed: the words; {hidden} more cells are not shown" if hidden else "guessed: the words"
    )


def _platform(found: dict[str, Any], columns: dict[str, Column], known: dict[str, Any]) -> dict[str, Any]:
    if "platform" not in found and "item_count" in found:
        return {}  # of all platforms together
    if "platform" not in found:
        constant = known.get("constant_platform")
        return {
            "platform": guessed(constant, "what the tool watches")
            if constant
            else todo("a code of seeds/platform.csv")
        }
    cells, hidden = _cells(found["platform"], columns)
    words = {fold(word): code for word, code in PLATFORMS.items()}
    mapped = _mapped(cells, hidden, words, "a code of seeds/platform.csv")
    return {"platforms": mapped} if mapped else {}


def _sentiment(found: dict[str, Any], columns: dict[str, Column], known: dict[str, Any]) -> dict[str, Any]:
    if "sentiment" not in found:
        return {}
    made: dict[str, Any] = {}
    column = columns.get(str(found["sentiment"]), {})
    cells, hidden = _cells(found["sentiment"], columns)
    words = {fold(word): meaning for word, meaning in SENTIMENTS.items()}
    if mapped := _mapped(cells, hidden, words, "positive, negative, neutral or unknown"):
        made["sentiments"] = mapped
    if (column.get("type") == "number" and "sentiments" not in made) or known.get("unmapped"):
        bands = {"negative": Flow(below=0), "neutral": Flow(low=0, high=0), "positive": Flow(above=0)}
        span = (
            f"the cells are numbers, from {column['low']:g} to {column['high']:g}"
            if "low" in column
            else "numbers"
        )
        made["sentiment_bands"] = Said(bands, f"guessed: {span}; where neutral ends is for you to say")
    if "sentiment_separator" in known:
        made["sentiment_separator"] = known["sentiment_separator"]
    made["sentiment_method"] = guessed("vendor", "or human, where people coded it")
    return made


def _queries(found: dict[str, Any], columns: dict[str, Column]) -> dict[str, Any]:
    if "query" not in found:
        query = {
            "code": "main",
            "label": {"vi": todo("what is searched for"), "en": todo("what is searched for")},
        }
        return {"query": guessed("main", "no column of queries"), "queries": [query]}
    cells, hidden = _cells(found["query"], columns)
    taken: set[str] = set()
    queries: list[Any] = []
    for cell in cells:
        is_code = (
            bool(cell)
            and not any(char.isspace() or char == "|" for char in cell)
            and not cell.startswith("_")
        )
        words = {} if is_code and ("_" in cell or cell.isdigit()) else {language(cell): cell}
        queries.append({"code": cell if is_code else slug(cell, taken), "label": both(words)})
    if not queries:
        return {"queries": todo("a query each: {code: what the cells say, label: {vi: …, en: …}, topic: …}")}
    return {"queries": Said(queries, f"{hidden} more cells of it are not shown" if hidden else "")}
