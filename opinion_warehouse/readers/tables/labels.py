"""The labels a file declares for its columns and codes, against those the spec expects."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from opinion_warehouse.readers.cells.values import plain_code
from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.text import fold
from opinion_warehouse.sources import Survey
from opinion_warehouse.sources.categories import Coded


@dataclass
class Labels:
    """`columns`: column → label. `codes`: column → code → label."""

    columns: dict[str, str] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)


def check_labels(survey: Survey, labels: Labels) -> None:
    """Refuse a file in which a code means something else than the spec says in `file_labels`.

    A code the file declares no label for is fine (an option of a later wave), but not a column without any.
    """
    for column, coded in _coded(survey):
        expected = [each for each in coded if each.file_labels]
        declared = {plain_code(code): label for code, label in labels.codes.get(column, {}).items()}
        if expected and not declared:
            raise FileRejected(
                "label_drift", f"the file declares no labels of {column}; the spec expects some", column
            )
        for each in expected:
            _compare(column, f"code {each.code}", each, declared.get(plain_code(each.code)))
    for question in survey.questions:
        for option in question.options if question.columns else ():
            column = question.columns[option.code]
            if option.file_labels:
                _compare(column, "the column", option, labels.columns.get(column, ""))


def _coded(survey: Survey) -> Iterator[tuple[str, list[Coded]]]:
    for question in survey.questions:
        if question.kind == "single":
            yield question.column or "", list(question.options)
    for group in survey.groups:
        yield group.column, list(group.codes)


def _compare(column: str, what: str, coded: Coded, found: str | None) -> None:
    if found is None or fold(found) in {fold(label) for label in coded.file_labels}:
        return
    detail = f"{column}: {what} has another label in the file than `file_labels` of {coded.code} in the spec"
    raise FileRejected("label_drift", detail, column)
