"""Read `sources/` and say, file and line, what is wrong in it. Offline."""

import difflib
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from opinion_warehouse.reference import Reference, read_reference
from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources.base import Family, Model
from opinion_warehouse.sources.document import Document, Location, SpecError, SpecInvalid
from opinion_warehouse.sources.margins import LOCATION, fill_margins
from opinion_warehouse.sources.source import Source

FAMILIES: tuple[str, ...] = get_args(Family)
_MENDS = {
    "extra_forbidden": "remove the key, or look up its right name in sources/_template_*.yml",
    "missing": "add the key; sources/_template_*.yml show and explain it",
    "string_type": "write text",
    "string_too_long": 'write less of it (one character of a delimiter; a tab is "\\t" in double quotes)',
    "string_pattern_mismatch": "use only the characters of the pattern",
    "int_parsing": "write a whole number",
    "float_parsing": "write a number with a decimal point",
    "bool_parsing": "write true or false",
    "list_type": "write a list: one `- …` a line",
    "dict_type": "write a mapping: one `key: value` a line",
    "model_type": "write a mapping: one `key: value` a line",
}


def spec_paths(folder: Path) -> list[Path]:
    """Every spec of a folder of sources; a name that begins with `_` or `.` is none."""
    paths = [path for suffix in ("*.yml", "*.yaml") for path in folder.rglob(suffix)]
    return sorted(
        path
        for path in paths
        if not any(part.startswith(("_", ".")) for part in path.relative_to(folder).parts)
    )


def spec_sha256(source: Source) -> str:
    """Identity of a spec's meaning: comments and order of keys do not change it."""
    text = json.dumps(source.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def load_source(path: Path, reference_dir: Path | None = None) -> Source:
    """Read one spec, or raise SpecInvalid with everything that is wrong in it."""
    source, errors = _read(path, _reference(reference_dir))
    if errors or source is None:
        raise SpecInvalid(errors)
    return source


def load_sources(folder: Path, reference_dir: Path | None = None) -> list[Source]:
    """Read every spec of a folder, or raise SpecInvalid with everything that is wrong."""
    sources, errors = read_sources(folder, reference_dir)
    if errors:
        raise SpecInvalid(errors)
    return sources


def check_sources(folder: Path, reference_dir: Path | None = None) -> list[SpecError]:
    """Everything that is wrong in a folder of specs; empty when all is well."""
    return read_sources(folder, reference_dir)[1]


def read_sources(folder: Path, reference_dir: Path | None = None) -> tuple[list[Source], list[SpecError]]:
    """The specs that are right, ordered by id, and what is wrong in the others."""
    if not folder.is_dir():
        mend = "make the folder, or set OPINION_SOURCES to the one that holds the specs"
        return [], [SpecError(folder, 1, "", "the folder of source specs does not exist", mend)]
    reference = _reference(reference_dir)
    sources: dict[str, tuple[Source, Path]] = {}
    errors: list[SpecError] = []
    for path in spec_paths(folder):
        source, wrong = _read(path, reference)
        errors += wrong
        if source is None or wrong:
            continue
        if source.id in sources:
            message = f"the id {source.id!r} is that of {sources[source.id][1]} too"
            errors.append(Document(path).error(("id",), message, "rename one file and its id"))
            continue
        sources[source.id] = (source, path)
    return [source for _, (source, _) in sorted(sources.items())], errors


def unpublished_waves(source: Source) -> list[str]:
    """Waves that wait for their disclosure record, each with the items that are missing."""
    return [
        f"{source.id}: wave {wave.id} will not be published: its disclosure record lacks"
        f" {'; '.join(wave.missing_items)}"
        for wave in (source.survey.waves if source.survey else [])
        if wave.missing_items
    ]


def _reference(folder: Path | None) -> Reference:
    return read_reference(folder or PROJECT / "dbt_project" / "seeds")


def _read(path: Path, reference: Reference) -> tuple[Source | None, list[SpecError]]:
    document = Document(path)
    if document.values is None:
        return None, document.errors
    unread = fill_margins(document)
    errors = document.errors + unread
    try:
        source = Source.model_validate(document.values)
    except ValidationError as error:
        for found in error.errors():
            if not (unread and found["loc"] == LOCATION[:-1]):  # targets that could not be read are not there
                errors.append(_from_pydantic(document, found))
        return None, sorted(errors, key=lambda each: each.line)
    errors += _names(document, path, source)
    errors += _unknown_codes(document, source, reference)
    return source, errors


def _from_pydantic(document: Document, found: Any) -> SpecError:
    # Two more parts than the file has: pydantic names a dictionary's key by "[key]" and a union's branch.
    location: Location = ()
    for part in found["loc"]:
        if (*location, part) in document.lines or part in _keys():
            location = (*location, part)
    kind = found["type"]
    context = found.get("ctx", {})
    if kind == "value_error":
        message = str(context.get("error", found["msg"]))
        return document.error(location, message, "change it as said; sources/_template_*.yml show each form")
    if kind == "literal_error":
        return document.error(location, "is none of the words known here", f"write {context['expected']}")
    if kind == "union_tag_invalid":
        key = context["discriminator"].split()[-1].strip("'")
        return document.error(
            (*location, key), "is none of the words known here", f"write {context['expected_tags']}"
        )
    if kind == "union_tag_not_found":
        key = context["discriminator"].split()[-1].strip("'")
        return document.error((*location, key), "is missing", _MENDS["missing"])
    if kind == "string_pattern_mismatch":
        mend = f"match the pattern {context['pattern']}"
        return document.error(location, "has characters or a length that are not allowed here", mend)
    if kind == "extra_forbidden":
        return document.error(location, "is no key of a spec", _mend_key(str(location[-1]), found["input"]))
    message = "is missing" if kind == "missing" else found["msg"]
    return document.error(location, message, _MENDS.get(kind, "see sources/_template_*.yml"))


def _mend_key(key: str, value: Any) -> str:
    """What a key nobody knows was meant to be."""
    if value is None:
        return "a comma inside {…} begins a new key: put the text before it in double quotes, comma and all"
    close = difflib.get_close_matches(key, sorted(_keys()), 1, cutoff=0.75)
    return f"did you mean `{close[0]}`? Else remove it" if close else _MENDS["extra_forbidden"]


def _keys() -> set[str]:
    """Every key a spec may have anywhere."""
    return {field.alias or name for model in _models(Model) for name, field in model.model_fields.items()}


def _models(model: type[Model]) -> Iterator[type[Model]]:
    for each in model.__subclasses__():
        yield each
        yield from _models(each)


def _names(document: Document, path: Path, source: Source) -> Iterator[SpecError]:
    if source.id != path.stem:
        yield document.error(("id",), f"is not the file's name {path.stem!r}", f"write `id: {path.stem}`")
    if path.parent.name in FAMILIES and path.parent.name != source.family:
        mend = f"move the file to {source.family}/ or write `family: {path.parent.name}`"
        yield document.error(("family",), f"the file lies in the folder {path.parent.name}/", mend)


def _unknown_codes(document: Document, source: Source, reference: Reference) -> Iterator[SpecError]:
    units = source.report.units if source.report else []
    known = reference.with_own(source.own_places, (unit.code for unit in units))
    for location, code in _topics(source):
        if code not in known.topics:
            mend = "use a code of dbt_project/seeds/topic.csv (Z9 where none fits)"
            yield document.error(location, f"topic {code!r} is not known", mend)
    for location, code in _places(source):
        if code not in known.places:
            mend = "use a code of dbt_project/seeds/place.csv, or declare the place under `places`"
            yield document.error(location, f"place {code!r} is not known", mend)
    for location, code in _units(source):
        if code not in known.units:
            mend = "use a code of dbt_project/seeds/unit.csv, or declare the unit under `report.units`"
            yield document.error(location, f"unit {code!r} is not known", mend)
    for location, code in _platforms(source):
        if code not in known.platforms:
            mend = f"use one of {', '.join(sorted(known.platforms))}, or add it to seeds/platform.csv"
            yield document.error(location, f"platform {code!r} is not known", mend)


def _topics(source: Source) -> Iterator[tuple[Location, str]]:
    for number, question in enumerate(source.survey.questions if source.survey else []):
        yield ("survey", "questions", number, "topic"), question.topic
    for number, ratio in enumerate(source.survey.ratios if source.survey else []):
        yield ("survey", "ratios", number, "topic"), ratio.topic
    narrative = source.report.narrative if source.report else None
    for number, heading in enumerate(narrative.headings if narrative else []):
        if heading.topic:
            yield ("report", "narrative", "headings", number, "topic"), heading.topic
    for number, query in enumerate(source.social.queries if source.social else []):
        if query.topic:
            yield ("social", "queries", number, "topic"), query.topic
    for cell, code in source.social.topics.items() if source.social else ():
        yield ("social", "topics", cell), code


def _places(source: Source) -> Iterator[tuple[Location, str]]:
    for number, place in enumerate(source.places):
        if place.parent:
            yield ("places", number, "parent"), place.parent
    for name in ("survey", "social"):
        section = getattr(source, name)
        if section and section.coverage_place:
            yield (name, "coverage_place"), section.coverage_place
    for cell, code in source.social.places.items() if source.social else ():
        yield ("social", "places", cell), code
    for number, unit in enumerate(source.report.units if source.report else []):
        if unit.place:
            yield ("report", "units", number, "place"), unit.place


def _units(source: Source) -> Iterator[tuple[Location, str]]:
    expected = source.report.expected if source.report else None
    for number, code in enumerate(expected.units if expected else []):
        yield ("report", "expected", "units", number), code
    narrative = source.report.narrative if source.report else None
    if narrative and narrative.unit.constant is not None:
        yield ("report", "narrative", "unit", "constant"), narrative.unit.constant


def _platforms(source: Source) -> Iterator[tuple[Location, str]]:
    if source.social is None:
        return
    if source.social.platform:
        yield ("social", "platform"), source.social.platform
    for number, header in enumerate(source.social.other_headers):
        if header.platform:
            yield ("social", "other_headers", number, "platform"), header.platform
    for cell, code in source.social.platforms.items():
        yield ("social", "platforms", cell), code
