"""PDF → lines of its text, by pdfplumber. What is a picture of text is said to be one."""

import logging
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from opinion_warehouse.readers.problems import FileRejected

MAX_PAGES = 500


def pdf_lines(path: Path) -> Iterator[str]:
    """The lines, page by page. Raises FileRejected; nothing a PDF would run is run."""
    import pdfplumber

    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)  # its warnings quote the document
    with path.open("rb") as stream:
        if b"%PDF-" not in stream.read(1024):
            raise FileRejected("wrong_format", "the bytes are not those of a PDF")
    try:
        with pdfplumber.open(path) as pdf:
            _check(pdf.doc)
            yield from _lines(pdf.pages)
    except (FileRejected, MemoryError):
        raise
    except Exception as error:  # pdfminer's errors have no common base, and it wraps one in another
        names = {type(error).__name__, *(type(each).__name__ for each in error.args)}
        if names & {"PDFPasswordIncorrect", "PDFEncryptionError"}:
            raise FileRejected("encrypted", "the document is protected by a password") from None
        detail = f"the document is damaged or cut short ({sorted(names)[0]})"
        raise FileRejected("bad_pdf", detail) from None


def _check(document: Any) -> None:
    from pdfminer.pdfpage import PDFPage
    from pdfminer.pdftypes import resolve1

    pages = sum(1 for _ in islice(PDFPage.create_pages(document), MAX_PAGES + 1))
    if pages > MAX_PAGES:
        raise FileRejected("too_many_pages", f"the document has more than {MAX_PAGES} pages")
    if not pages or pages != resolve1(resolve1(document.catalog["Pages"])["Count"]):
        raise FileRejected("bad_pdf", "the document has other pages than it says: damaged or cut short")
    if _has_script(document.catalog):
        raise FileRejected("macros", "the document holds scripts, or starts programs")


def _has_script(catalog: dict[str, Any]) -> bool:
    from pdfminer.pdftypes import resolve1

    names = resolve1(catalog.get("Names")) or {}
    action = resolve1(catalog.get("OpenAction"))
    kind = str(getattr(resolve1(action.get("S")), "name", "")) if isinstance(action, dict) else ""
    return "AA" in catalog or "JavaScript" in names or kind in ("JavaScript", "Launch")


def _lines(pages: list[Any]) -> Iterator[str]:
    has_text = False
    for page in pages:
        text = page.extract_text() or ""
        if "(cid:" in text:  # a font that does not say which letters its shapes are
            detail = f"page {page.page_number} has letters that no font says how to read"
            raise FileRejected("unreadable_text", detail)
        if text.strip():
            has_text = True
            yield from text.splitlines()
        elif set(page.objects) - {"char"}:  # an image, or letters drawn as curves
            raise FileRejected("no_text_layer", f"page {page.page_number} is a picture without text")
        page.close()
    if not has_text:
        raise FileRejected("no_text_layer", "no page has any text: a scan, or blank")
