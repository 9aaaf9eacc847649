"""What can be wrong with a file or a row. Codes are stable: people and tests go by them.

A file's reason: `wrong_format`, `encoding`, `too_large`, `line_too_long`, `nul_byte`, `empty`,
`no_header`, `blank_header`, `duplicate_header`, `missing_column`, `unknown_column`, `too_many_columns`,
`unbalanced_quote`,
`cell_too_large`, `bad_archive`, `encrypted`, `zip_bomb`, `unsafe_name`, `macros`, `external_link`, `xml_dtd`,
`missing_sheet`, `unknown_wave`, `bad_row_share`, `parser_oom`, `parser_timeout`, `parser_crash`.

A row's: `row_too_short`, `row_too_long`, `missing_value`, `unknown_code`, `unknown_place`, `unknown_topic`,
`unknown_unit`, `unknown_wave`, `unknown_query`, `not_a_number`, `not_a_whole_number`, `out_of_range`,
`bad_weight`, `bad_date`, `future_date`, `bad_period`, `inconsistent_period`, `error_cell`,
`duplicate_respondent`, `duplicate_item`, `duplicate_header_row`, `cell_too_large`.

A detail says what was expected; it never quotes a cell, for the cell may hold a person's data.
"""

import re
from dataclasses import dataclass
from typing import TypedDict

HARMLESS = frozenset({"duplicate_item"})
"""Row reasons that do not count towards the share that makes a file refused: exports overlap."""


class Reason(TypedDict):
    """One thing wrong with a row."""

    code: str
    column: str | None
    detail: str


@dataclass
class FileRejected(Exception):
    """The file as a whole cannot be read; none of its rows is loaded."""

    code: str
    detail: str
    column: str | None = None

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"

    @property
    def reason(self) -> Reason:
        """As it is kept in quarantine."""
        return {"code": self.code, "column": self.column, "detail": self.detail}


class BadCell(Exception):
    """A cell that makes its row bad."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def safe_heading(heading: str, position: int) -> str:
    """A heading as it may be shown. A file without its header has people's data where headings stand."""
    if len(heading) > 64 or "@" in heading or len(re.findall(r"\d", heading)) >= 6:
        return f"(column {position})"
    return heading
