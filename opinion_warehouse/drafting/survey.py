"""The survey section of a draft: from a questionnaire's structure, a file's labels, or its distinct codes."""

import re
from typing import Any

from opinion_warehouse.drafting.emit import Comment, Flow, Said, guessed, todo
from opinion_warehouse.drafting.labels import both, common_wording, option, options_of
from opinion_warehouse.drafting.scales import age_bands, are_ticks, is_other, scale_of, ticks_of
from opinion_warehouse.drafting.topics import Topics
from opinion_warehouse.drafting.waves import wave_from, waves
from opinion_warehouse.drafting.words import (
    COMPLETE,
    DESIGN,
    GROUPS,
    PLACE,
    RESPONDENT,
    Column,
    fits,
    language,
    slug,
)
from opinion_warehouse.readers.inspection.tools import Tool
from opinion_warehouse.readers.inspection.words import ANSWERS
from opinion_warehouse.readers.text import fold

_PART = re.compile(r"(?P<stem>.+?)(?:\[(?P<a>[^\[\]]+)\]|_(?P<b>[A-Za-z0-9]+)|/(?P<c>[^/]+)| [|-] (?P<d>.+))")
_MISSING = re.compile(r"\.[a-z]")


class SurveyDraft:
    """Columns are taken one by one; what nobody takes is a question, or is left out with the reason."""

    def __init__(self, profile: dict[str, Any], tool: Tool | None, topics: Topics, source_id: str) -> None:
        self.columns: dict[str, Column] = {column["name"]: column for column in profile["columns"]}
        self.structure: dict[str, Any] | None = profile["structure"]
        self.tool = tool
        self.topics = topics
        self.id = source_id
        self.ignored: dict[str, str] = {}
        self.files: dict[str, Any] = {}
        self.taken: set[str] = set()
        self.ids: set[str] = set()
        self.missing: dict[str, Any] = {}

    def section(self) -> dict[str, Any]:
        """The whole section; `ignored` and `files` are complete afterwards."""
        self._leave_out()
        made: dict[str, Any] = {"series": self.id, "wave_from": None}
        fields = self.tool.fields if self.tool else {}
        made["wave_from"], wave_codes = wave_from(
            self.columns, self.taken, fields.get("wave_date"), self.ignored
        )
        made |= self._respondent(fields)
        made["design"] = self._design()
        made |= {name: fields[name] for name in ("null_means", "empty_means") if name in fields}
        self.missing = self._missing(fields)
        if self.missing:
            made["missing"] = self.missing
        if (groups := self._groups()) and groups:
            made["groups"] = groups
        questions = self._from_structure() + self._from_columns()
        if notes := self._notes(questions):
            made["# structure"] = Comment(f"of the structure: {notes}")
        complete = made.get("complete_when")
        order = list(self.columns)
        questions.sort(
            key=lambda made: min(map(order.index, made.get("columns", {}).values() or [made.get("column")]))
        )
        made["questions"] = questions or todo("no column looks like a question; see ignore_columns")
        made["waves"] = waves(self.columns, wave_codes, fields, complete.value if complete else None)
        return made

    def _free(self) -> list[Column]:
        return [
            column for name, column in self.columns.items() if name not in self.taken | self.ignored.keys()
        ]

    def _leave_out(self) -> None:
        known = self.tool.columns if self.tool else set()
        if self.tool and (rows := self.tool.fields.get("rows")) and rows["column"] in self.columns:
            self.files["rows"] = guessed(rows, "the rows that are interviews, as the tool marks them")
            self.taken.add(rows["column"])
        for name, column in self.columns.items():
            if name in known:
                continue
            if column["personal"]:
                self.ignored[name] = f"personal: {column['personal']}"
            elif column["is_own"]:
                self.ignored[name] = "the tool's own"

    def _respondent(self, fields: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        own = fields.get("respondent_id")
        if own in self.columns:
            made["respondent_id"] = guessed(own, "the tool's id of an answer")
            self.taken.add(own)
        else:
            found = next(((each, why) for each in self._free() if (why := fits(RESPONDENT, each))), None)
            if found:
                made["respondent_id"] = guessed(found[0]["name"], found[1])
                self.taken.add(found[0]["name"])
        complete = fields.get("complete_when")
        if complete in self.columns:
            made["complete_when"] = guessed(complete, "the tool fills it in for a complete interview")
            self.taken.add(complete)
            if "complete_cells" in fields:
                made["complete_cells"] = fields["complete_cells"]
        for column in self._free():
            if "complete_when" not in made and column["type"] == "date" and (why := fits(COMPLETE, column)):
                made["complete_when"] = guessed(
                    column["name"], f"{why}; filled in where an interview was completed"
                )
                self.taken.add(column["name"])
        for column in self._free():
            if fits(PLACE, column) and column["type"] in ("code", "constant", "text", "id"):
                name = column["name"]
                made["# place"] = Comment(
                    f"guessed: `place: {name}`, by its heading; with names, not codes, place_names too"
                )
                self.ignored[name] = "take it out of here where `survey.place` reads it"
        return made

    def _design(self) -> dict[str, Any]:
        made: dict[str, Any] = {"sampling": todo("probability, quota, opt_in (volunteers) or census")}
        for role, pattern in DESIGN.items():
            for column in self._free():
                is_number = role not in ("weight", "stratum_psu_total") or "low" in column
                if role not in made and is_number and (why := fits(pattern, column)):
                    made[role] = guessed(column["name"], why)
                    self.taken.add(column["name"])
        if "ssu" in made and "psu" not in made:
            self.taken.discard(made.pop("ssu").value)
        return made

    def _missing(self, fields: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = dict(fields.get("missing", {}))
        for column in self._free():
            for code in column.get("codes", {}):
                if _MISSING.fullmatch(code) and not isinstance(made.get(code), str):
                    label = (column.get("labels") or {}).get(code, "")
                    answer = ANSWERS.get(fold(label)) if label else None
                    why = f"the file calls it {label}" if label else "a missing code of Stata"
                    made[code] = (
                        answer.missing if answer and answer.missing else todo(f"dont_know, refused …; {why}")
                    )
        return made

    def _groups(self) -> list[Any]:
        groups: list[Any] = []
        for dimension, pattern, label_vi, label_en in GROUPS:
            for column in self._free():
                why = fits(pattern, column)
                if not why or any(group["dimension"].value == dimension for group in groups):
                    continue
                own = self._structure_options(column["name"])
                group: dict[str, Any] = {
                    "dimension": guessed(dimension, why),
                    "label": Flow(vi=label_vi, en=label_en),
                    "column": column["name"],
                }
                scale = None if own else scale_of(column, self.missing)
                if scale is not None:
                    group["bands"] = Said(age_bands(), "guessed: bands of age; choose your own")
                    if dimension != "age":
                        group["bands"] = todo("bands of its numbers: {code: …, low: …, high: …, label: …}")
                    group |= {"unknown": list(scale)} if scale else {}
                elif column["type"] in ("code", "constant") or own:
                    group["codes"] = own or options_of(column, self.missing, is_gender=dimension == "gender")
                    group["codes"] = self._without_missing(group)
                else:
                    continue
                self.taken.add(column["name"])
                groups.append(group)
        return groups

    def _without_missing(self, group: dict[str, Any]) -> Any:
        """A group's codes have no `missing`: what is no answer is `unknown` there."""
        codes = group["codes"]
        items = codes.value if isinstance(codes, Said) else codes
        unknown = []
        for item in list(items or []):
            if "missing" in item.value:
                items.remove(item)
                unknown.append(item.value["code"])
        if unknown:
            group["unknown"] = unknown
        return codes

    def _structure_options(self, name: str) -> list[Any]:
        for question in (self.structure or {}).get("questions", []):
            if self._own_name(question["column"]) == name and question["kind"] == "single":
                return [option(each["code"], each["label"]) for each in question["options"]]
        return []

    def _own_name(self, column: str | None) -> str:
        """A column as this file names it: LimeSurvey's VV files write `Q2_SQ001` for `Q2[SQ001]`."""
        name = column or ""
        if self.tool and self.tool.layout == "limesurvey_vv":
            name = re.sub(r"[\[\]]+", "_", name).strip("_")
        return name if name in self.columns or f"parent.{name}" not in self.columns else f"parent.{name}"

    def _from_structure(self) -> list[Any]:
        made: list[Any] = []
        for asked in (self.structure or {}).get("questions", []):
            for text in asked["text_columns"]:
                if self._own_name(text) in self.columns:
                    self.ignored.setdefault(self._own_name(text), "free text")
            parts = {
                each["code"]: self._own_name(each["column"]) for each in asked["options"] if each["column"]
            }
            parts = {code: name for code, name in parts.items() if self._is_free(name)}
            column = self._own_name(asked["column"])
            if asked["kind"] in ("text", "date", "other"):
                if self._is_free(column):
                    self.ignored[column] = f"{asked['tool_type']}: no answer that is counted"
                continue
            if asked["kind"] == "multiple" and parts:
                made.append(self._structured(asked, parts))
                if self._is_free(column):
                    self.ignored[column] = "the same answers as its columns, in one cell"
            elif self._is_free(column) and (asked["kind"] != "multiple" or asked["separator"]):
                made.append(self._structured(asked, {}))
        return made

    def _notes(self, questions: list[Any]) -> str:
        """What of the structure did not come into the draft."""
        notes = list((self.structure or {}).get("notes", []))
        columns = {
            column for made in questions for column in [*made.get("columns", {}).values(), made.get("column")]
        }
        columns |= self.taken | self.ignored.keys()
        asked = (self.structure or {}).get("questions", [])
        absent = [
            each["id"]
            for each in asked
            if not columns
            & {self._own_name(name) for name in (each["column"], *(o["column"] for o in each["options"]))}
        ]
        if absent:
            notes.append(f"not in this file: {', '.join(absent[:20])}" + (" …" if len(absent) > 20 else ""))
        return "; ".join(notes)

    def _is_free(self, name: str) -> bool:
        return name in self.columns and name not in self.taken and name not in self.ignored

    def _structured(self, asked: dict[str, Any], parts: dict[str, str]) -> dict[str, Any]:
        made: dict[str, Any] = {"id": slug(asked["id"], self.ids), "kind": asked["kind"]}
        column = self._own_name(asked["column"])
        if parts:
            made["columns"] = Flow(parts)
            self.taken.update(parts.values())
            made |= ticks_of([self.columns[name] for name in parts.values()], self.missing, asked["other"])
        else:
            made["column"] = column
            self.taken.add(column)
            if asked["kind"] == "multiple":
                made["separator"] = asked["separator"]
        if asked["other"] and (asked["kind"] == "multiple") and (not parts or asked["other"] in parts):
            made["other"] = asked["other"]
        made["wording"] = both(asked["wording"])
        made["topic"] = self.topics.todo(list(asked["wording"].values()))
        chosen = [each for each in asked["options"] if not parts or each["code"] in parts]
        if asked["kind"] != "numeric":
            listed = [option(each["code"], each["label"]) for each in chosen]
            made["options"] = listed or options_of(self.columns[column], self.missing)
            strange = set(self.columns.get(column, {}).get("codes", {})) - {each["code"] for each in chosen}
            if listed and strange and not parts:
                made["options"] = Said(
                    listed, f"in the file, not in the structure: {', '.join(sorted(strange)[:10])}"
                )
        return made

    def _from_columns(self) -> list[Any]:
        made: list[Any] = []
        for stem, members in self._grids().items():
            made.append(self._ticked(stem, members))
        joined_names = {stem for stem in self._stems_taken() if self._is_free(stem)}
        for column in self._free():
            name, kind = column["name"], column["type"]
            if name in joined_names:
                self.ignored[name] = "the same answers as its columns, in one cell"
            elif kind in ("empty", "date", "id") or (kind == "constant" and not column.get("codes")):
                self.ignored[name] = {
                    "empty": "empty",
                    "date": "a date or a time",
                    "id": "an id",
                    "constant": "one text",
                }[kind]
            elif kind == "text" and not self._is_joined(column):
                self.ignored[name] = "free text"
            else:
                made.append(self._single(column))
        return made

    def _is_joined(self, column: Column) -> bool:
        joined = column.get("joined")
        is_decimal = "low" in column and joined and joined["most"] < 3
        is_known = self.tool is not None and self.tool.layout == "qualtrics"
        return bool(joined) and (is_known or not is_decimal)

    def _single(self, column: Column) -> dict[str, Any]:
        name, label = column["name"], column["label"]
        wording = label or (name if " " in name else "")
        made: dict[str, Any] = {"id": slug(name, self.ids), "kind": "single", "column": name}
        self.taken.add(name)
        is_joined = self._is_joined(column)
        scale = None if is_joined else scale_of(column, self.missing)
        if is_joined:
            made |= {
                "kind": guessed("multiple", "its cells are a few parts, joined"),
                "separator": column["joined"]["separator"],
            }
        if scale is not None:
            span = f", from {column['low']:g} to {column['high']:g}" if "low" in column else ""
            made["kind"] = guessed("numeric", f"its cells are numbers{span}")
        words = {language(wording): wording.partition(" | ")[0]} if wording else {}
        made["wording"] = both(words)
        made["topic"] = self.topics.todo(list(words.values()))
        if scale is not None:
            made |= {"missing": scale} if scale else {}
        else:
            if "low" in column and not column.get("labels") and not is_joined:
                made["kind"] = guessed("single", "few whole numbers; numeric, if they count something")
            made["options"] = options_of(
                column, self.missing, column["joined"]["parts"] if is_joined else None
            )
        return made

    def _grids(self) -> dict[str, list[tuple[str, Column]]]:
        """Columns that are the options of one question, by their common stem."""
        stems: dict[str, list[tuple[str, Column]]] = {}
        for column in self._free():
            if match := _PART.fullmatch(column["name"]):
                part = next(each for each in match.group("a", "b", "c", "d") if each)
                stems.setdefault(match["stem"], []).append((part, column))
        return {
            stem: members
            for stem, members in stems.items()
            if are_ticks(members, self.missing, has_own=stem in self.columns)
        }

    def _stems_taken(self) -> set[str]:
        return {match["stem"] for name in self.taken if (match := _PART.fullmatch(name))}

    def _ticked(self, stem: str, members: list[tuple[str, Column]]) -> dict[str, Any]:
        codes: dict[str, Column] = {}
        taken: set[str] = set()
        for part, column in members:
            codes[part if re.fullmatch(r"[^\s|_][^\s|]{0,63}", part) else slug(part, taken)] = column
        labels = [column["label"] for column in codes.values()]
        wording, rests = common_wording(labels) if all(labels) else ("", labels)
        wording = wording or (stem if " " in stem else "")
        made: dict[str, Any] = {
            "id": slug(stem, self.ids),
            "kind": guessed("multiple", "columns of one stem, with ticks in them"),
            "columns": Flow({code: column["name"] for code, column in codes.items()}),
        }
        has_labels = any(column["says_heading"] for column in codes.values())
        texts = [code for code, member in zip(codes, members, strict=True) if is_other(*member)]
        if texts:
            made["other"] = texts[0]
        made |= {"unticked": [""]} if has_labels else ticks_of(list(codes.values()), self.missing)
        self.taken.update(column["name"] for column in codes.values())
        words = {language(wording): wording} if wording else {}
        options = []
        for code, (part, _), rest in zip(codes, members, rests, strict=True):
            text = rest or (part if part != code or " " in stem else "")
            cell = part if has_labels and made.get("other") != code else None
            options.append(option(code, {language(text): text} if text else {}, cell))
        made |= {"wording": both(words), "topic": self.topics.todo(list(words.values())), "options": options}
        return made
