"""Text in an encoding nobody declared: the file is refused, or its rows are set aside; real text never is."""

import unicodedata
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
import reader_jobs
from reader_jobs import read

from opinion_warehouse.readers.tables.misread import count_words, is_vietnamese
from opinion_warehouse.readers.text import clean
from opinion_warehouse.settings import PROJECT

SENTENCES = [
    "Đường trước nhà ngập sâu, nước rút rất chậm.",
    "Giá điện tăng, bà con phường này kêu nhiều lắm.",
    "Cán bộ một cửa hướng dẫn tận tình, dân hài lòng.",
    "Rác thải để lâu ngày bốc mùi, đề nghị thu gom sớm.",
    "Kẹt xe ở cầu mỗi sáng, trẻ em đi học trễ.",
    "Thuỷ lợi nội đồng làm chậm, ruộng khô hết cả rồi.",
]


def in_cp1258(text: str) -> bytes:
    """Vowels with hat or horn as one byte, the tone after them, as the encoding has it."""
    parts = []
    for char in text:
        split = unicodedata.normalize("NFD", char)
        tones = [mark for mark in split if mark in "\u0300\u0301\u0303\u0309\u0323"]
        base = unicodedata.normalize("NFC", "".join(mark for mark in split if mark not in tones))
        parts.append((base + "".join(tones)).encode("cp1258"))
    return b"".join(parts)


def twice(text: str) -> bytes:
    """UTF-8 bytes taken for Latin-1, and written as UTF-8."""
    return text.encode().decode("latin-1").encode()


WRITTEN: dict[str, Callable[[str], bytes]] = {
    "tcvn3": lambda text: text.encode("tcvn3"),
    "vni": lambda text: text.encode("vni"),
    "cp1258": in_cp1258,
    "utf-8": str.encode,
    "twice": twice,
}


def export(written: list[bytes]) -> bytes:
    """A social export with these texts."""
    rows = [
        f'{at},2026-06-01T0{at % 9}:00:00Z,,1,,"'.encode() + text + b'",' for at, text in enumerate(written)
    ]
    return b"\n".join([b"id,at,mood,likes,url,words,author", *rows]) + b"\n"


@pytest.mark.parametrize(
    ("was", "declared"), list(product(WRITTEN, ["utf-8", "cp1252", "cp1258", "latin-1", "tcvn3", "vni"]))
)
def test_a_file_is_read_in_its_own_encoding_only(was: str, declared: str, tmp_path: Path) -> None:
    data = export([WRITTEN[was](text) for text in SENTENCES * 3])
    result = read(reader_jobs.social(files={"encoding": declared}), data, tmp_path)
    if was == declared:
        assert result.rejected is None and result.bad == {}
        assert {row["topic_codes"] for row in result.rows["social_item"]} >= {'{"F2"}', '{"F4"}', '{"F1.1"}'}
    else:
        assert result.rejected == "encoding"


@pytest.mark.parametrize(("was", "name"), [("tcvn3", "TCVN3"), ("vni", "VNI"), ("cp1258", "cp1258")])
def test_the_refusal_names_the_encoding_and_no_word(was: str, name: str, tmp_path: Path) -> None:
    data = export([WRITTEN[was](text) for text in SENTENCES])
    result = read(reader_jobs.social(files={"encoding": "cp1252"}), data, tmp_path)
    assert name in result.detail and f"files.encoding to {was}" in result.detail
    assert "Kẹt" not in result.detail


def test_rows_saved_twice_are_set_aside_in_a_file_of_sound_ones(tmp_path: Path) -> None:
    data = export([twice(text) if at % 7 == 3 else text.encode() for at, text in enumerate(SENTENCES * 7)])
    result = read(reader_jobs.social(), data, tmp_path)
    assert result.rejected is None
    assert result.bad == {row: ["encoding"] for row in (5, 12, 19, 26, 33, 40)}
    assert len(result.rows["social_item"]) == 36


def test_one_misread_label_refuses_a_small_survey(tmp_path: Path) -> None:
    options = [{"code": "1", "cells": ["Đồng ý"], "label": reader_jobs.LABEL}]
    survey = reader_jobs.survey(files={"encoding": "cp1252"})
    survey["survey"]["questions"][0]["options"] += options[:0]
    header = b"id,done,w,sex,age,q1,m1,m2,n\n"
    rows = [f"{at},1,1,1,30,".encode() + "Đồng ý".encode("tcvn3") + b",Y,N,1" for at in range(4)]
    assert read(survey, header + b"\n".join(rows), tmp_path).rejected == "encoding"


def foreign_texts() -> list[str]:
    return [
        "Où sont passés les élèves ? L'été dernier, à Besançon, ils étaient très nombreux.",
        "Größe und Höhe des Gebäudes überprüfen, bitte nicht löschen. Süße Grüße aus Köln.",
        "El niño comió aquí; mañana irá al pueblo. ¿Cuántos años tenía la señora?",
        "Não há informação; a situação da população não é clara, então é preciso ação.",
        "På fredag skal vi også spise rødgrød med fløde, så er det nær ved jul på øen.",
        "Ön ek, çünkü görüşme öğleden sonra yapılacak; bütün şehirler için geçerli.",
        "Il perché non è chiaro, può darsi che così sia più facile, città e università.",
        "Zażółć gęślą jaźń. Příliš žluťoučký kůň úpěl ďábelské ódy.",
        "Ich möchte «Grüße» sagen – à la carte, ½ kg, 20 °C, 5 µm, 30 m², §5, Pepsi®, ©2026, 10±2, 3×4",
        "Сочи и Москва, Αθήνα, 東京, 🎉",
    ]


def test_foreign_text_is_not_refused(tmp_path: Path) -> None:
    result = read(reader_jobs.social(), export([text.encode() for text in foreign_texts() * 3]), tmp_path)
    assert result.rejected is None and result.bad == {}


def test_no_line_of_the_projects_own_text_is_misread() -> None:
    paths = [
        *(PROJECT / "dbt_project" / "seeds").glob("*.csv"),
        *(PROJECT / "sources").rglob("*.yml"),
        *(PROJECT / "docs").rglob("*.md"),
        *(PROJECT / "tests" / "fixtures" / "vendor_mentions").glob("*.csv"),
        *(PROJECT / "opinion_warehouse" / "sample").glob("*.py"),
    ]
    words = misread = 0
    for path in paths:
        count = count_words(clean(path.read_text(encoding="utf-8-sig")))
        words += count.real + count.foreign
        misread += count.misread.total()
    assert words > 5_000
    assert misread <= words / 1_000


@pytest.mark.parametrize(
    "word", ["nghiêng", "Quý", "thuở", "KHUỶU", "giặt", "oăm", "yêu", "quyết", "huỳnh", "ở", "Đắk"]
)
def test_vietnamese_words_have_their_shapes(word: str) -> None:
    assert is_vietnamese(word)


@pytest.mark.parametrize(
    "word", ["nghêing", "caàn", "®ång", "RÊt", "lÃ", "Ä‘á»“ng", "für", "niño", "cáć", "hoac", "đep"]
)
def test_other_words_do_not(word: str) -> None:
    assert not is_vietnamese(word)


def test_a_workbook_typed_in_an_old_font_is_refused(tmp_path: Path) -> None:
    from io import BytesIO

    from openpyxl import Workbook

    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(["id", "at", "mood", "likes", "url", "words", "author"])
    for at, text in enumerate(SENTENCES):
        typed = text.encode("tcvn3").decode("cp1252", "replace")
        sheet.append([str(at), "2026-06-01T00:00:00Z", None, "1", None, typed, None])
    data = BytesIO()
    workbook.save(data)
    spec = reader_jobs.social(files={"format": "xlsx", "sheet": sheet.title})
    result = read(spec, data.getvalue(), tmp_path)
    assert result.rejected == "encoding"
    assert "Unicode" in result.detail and "files.encoding" not in result.detail
