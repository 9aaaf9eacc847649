"""What can be wrong with a file or a row, and the mend. Codes are stable: people and tests go by them.

A detail says what was expected; it never quotes a cell, for the cell may hold a person's data.
"""

from dataclasses import dataclass, field
from typing import TypedDict

_EXPORT = "have the sender export it again"
_IN_PARTS = "have it sent in parts"
_DECLARE = "if it is right, declare it in the spec and replay; else have the sender mend the row"
_CELL = "have the sender mend the cell and deliver the file again"
MENDS = {
    # of a file
    "wrong_format": "have it saved and packed as files.format and compression say, or change them and replay",
    "encoding": "set files.encoding to what the sender uses, and replay",
    "too_large": f"raise files.max_bytes, or {_IN_PARTS}",
    "line_too_long": f"{_EXPORT}: a quote or its line ends are lost",
    "nul_byte": f"set files.encoding (utf-16?) and replay, or {_EXPORT}",
    "empty": _EXPORT,
    "no_header": "look at files.delimiter, header_row or header_has, sheet and the columns' names; replay",
    "blank_header": "name it `(column N)` in the spec, N its position, or have the sender name it",
    "duplicate_header": "have the sender rename it; in csv, sheets and Word tables it may go as `(column N)`",
    "missing_column": "if it has another name now, change the spec and replay; else have it delivered",
    "unknown_column": "map the column or add it to ignore_columns, and replay",
    "too_many_columns": "have it exported with fewer columns",
    "unbalanced_quote": f"{_EXPORT}, with quotes inside of quoted cells doubled",
    "cell_too_large": "have the long text left out of the export",
    "bad_archive": f"{_EXPORT}, and packed and sent whole",
    "encrypted": "have the sender save or send it anew without a password or encryption",
    "zip_bomb": "if the data are sound, have them sent in parts, or packed less tightly or not at all",
    "unsafe_name": "have the one file that is meant packed alone, by its plain name, or not packed at all",
    "macros": "have the sender save it anew in the format's kind without macros or scripts",
    "external_link": "have links to other files replaced by their values, and the document saved anew",
    "xml_dtd": "have the program that made it write it anew, without a document type (<!DOCTYPE)",
    "sparse_sheet": "have the sender delete the empty rows and columns beyond the table, and save it anew",
    "several_tables": "have the sender join the tables into one",
    "bad_mail": "have the sender send it again, or deliver the attachment itself",
    "no_attachment": "have the file attached, or set files.attachment.pattern to its name, and replay",
    "several_attachments": "narrow files.attachment.pattern and replay, or have one file attached a mail",
    "winmail_dat": "have the sender write the mail as plain text or HTML (no rich text), and send it again",
    "bad_pdf": _EXPORT,
    "no_text_layer": "have the text itself exported to PDF, or the .docx delivered; pictures are not read",
    "unreadable_text": "have the sender export it with fonts embedded, or deliver the .docx",
    "too_many_pages": _IN_PARTS,
    "libreoffice_missing": "install LibreOffice where files are parsed and replay, or have it saved as .docx",
    "bad_file_name": "have the file named as report.narrative's patterns say, or change them, and replay",
    "damaged_file": _EXPORT,
    "label_drift": "if only words changed, add them to file_labels and replay; else have the codes mended",
    "missing_sheet": "set files.sheet to the sheet's name, and replay",
    "cut_at_cap": "have shorter spans exported; if the file is whole, remove files.row_cap and replay",
    "not_utf8": f"{_EXPORT} as UTF-8; JSON is nothing else",
    "bad_json": _EXPORT,
    "too_deep": "have the nested part left out of the export",
    "no_records": "set files.records to the key of the list of records, and replay",
    "bad_row_share": "mend what its rows name",
    "parser_oom": _IN_PARTS,
    "parser_timeout": _IN_PARTS,
    "parser_crash": f"{_EXPORT}; if it crashes again, report the place the detail names",
    # of a row
    "row_too_short": "have cells that hold the delimiter or a line end quoted",
    "row_too_long": "have cells that hold the delimiter or a line end quoted",
    "duplicate_header_row": "have the second header left out",
    "truncated_line": f"{_EXPORT}: the file may have been cut short",
    "not_an_object": f"{_EXPORT}, each record an object of names and values",
    "empty_record": _EXPORT,
    "duplicate_key": "have each key given once",
    "not_finite": _CELL,
    "lone_surrogate": _EXPORT,
    "not_a_value": "map a column inside of the object (object.key), and replay",
    "bad_list": "have each value of the list delivered in a column of its own",
    "no_parent": f"{_EXPORT}, main sheet and repeats together",
    "unknown_version": "add the version to survey.form_version.order, and replay",
    "not_offered": "look at from_version and to_version of the option, and replay",
    "missing_value": _CELL,
    "unknown_code": _DECLARE,
    "ambiguous_choice": "have the export give a column an option, or codes instead of labels",
    "unknown_wave": "declare the wave under survey.waves, or change survey.wave_from, and replay",
    "unknown_place": _DECLARE,
    "ambiguous_place": "have what the place lies in written too, or its code; or change place_names.of",
    "unknown_topic": _DECLARE,
    "unknown_unit": _DECLARE,
    "unknown_query": _DECLARE,
    "code_too_long": "map a column of codes",
    "not_a_number": "look at files.decimal and replay, or have the cell mended",
    "not_a_whole_number": _CELL,
    "out_of_range": "if the number is right, widen low and high, or the bands, and replay",
    "ambiguous_share": "have percentages written from 0 to 100, or with the sign %",
    "bad_weight": "look at files.decimal and replay, or have the cell mended",
    "bad_date": "look at date_format and replay, or have the cell mended",
    "future_date": _CELL,
    "bad_period": _CELL,
    "inconsistent_period": _CELL,
    "error_cell": "have the formula mended, or its value pasted",
    "formula_without_value": "have the workbook opened in a spreadsheet program and saved, with its values",
    "tracked_change": "have the changes accepted or rejected",
    "hidden_text": "have the hidden text or row shown, or deleted",
    "struck_text": "have what is struck through deleted, or the line taken off",
    "raised_text": "have the raised mark deleted, or written in line",
    "text_box": "have the text box made plain text of the cell",
    "nested_table": "have the inner table made plain text of the cell",
    "split_cell": "have the table drawn with one cell under each heading",
    "merged_across": "have the table drawn with one cell under each heading",
    "no_rule": "if it says an opinion, declare a rule in report.narrative.items, and replay",
    "ambiguous_passage": "have each opinion written as its own paragraph; or declare its words, and replay",
    "long_passage": "set report.narrative.begins to what begins a passage in these texts, and replay",
    "damaged_id": f"{_EXPORT}, without opening it in a spreadsheet",
    "duplicate_respondent": "have the sender keep one interview of each respondent",
    "left_out": "nothing, if files.rows says what is meant: such rows are no interviews",
    "not_a_day": "set the source's time_zone to the one the vendor's days begin in, and replay",
    "duplicate_cell": "name the column that tells them apart, or have each count delivered once",
    "incomplete_day": "mend what the day's other rows name",
    "duplicate_item": "nothing: exports overlap, and the last row counts",
}
"""Reason code → what to do. With another spec, or another delivery, the file is read again."""
HARMLESS = frozenset(
    {"duplicate_item", "left_out", "incomplete_day", "no_rule", "ambiguous_passage", "long_passage"}
)
"""Row reasons that do not count towards the share that makes a file refused: exports overlap, a spec leaves
rows out, a day's good rows wait for its bad one, and prose is no table."""


class Reason(TypedDict):
    """One thing wrong with a row."""

    code: str
    column: str | None
    detail: str


BadRow = tuple[int, list[Reason]]
"""A row number, and what is wrong with the row."""


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


@dataclass
class RowCheck:
    """The reasons a row is bad, gathered cell by cell."""

    reasons: dict[int, list[Reason]] = field(default_factory=dict)

    def add(self, row_number: int, column: str | None, problem: BadCell) -> None:
        """Note a problem of a row."""
        reason: Reason = {"code": problem.code, "column": column, "detail": problem.detail}
        reasons = self.reasons.setdefault(row_number, [])
        if reason not in reasons:  # several answers may stand in one cell
            reasons.append(reason)

    def take(self, other: "RowCheck", rows: set[int]) -> None:
        """The problems another check found in some of the rows."""
        for row, reasons in other.reasons.items():
            if row in rows:
                self.reasons.setdefault(row, []).extend(reasons)

    def sorted(self) -> list[BadRow]:
        """Bad rows by number."""
        return sorted(self.reasons.items())
