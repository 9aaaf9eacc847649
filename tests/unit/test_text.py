"""Text in one form: words that read the same are the same, and doing it twice changes nothing."""

import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opinion_warehouse.readers.text import clean, clean_column, fold, words

VIETNAMESE = "aàáãảạăằắẵẳặâầấẫẩậeèéẽẻẹêềếễểệiìíĩỉịoòóõỏọôồốỗổộơờớỡởợuùúũủụưừứữửựyỳýỹỷỵđbcghklmnpqrstvx"
SYLLABLES = st.text(st.sampled_from(VIETNAMESE + VIETNAMESE.upper() + " -1"), max_size=30)
ANY = st.one_of(st.text(max_size=40), SYLLABLES, st.text(st.characters(max_codepoint=0x24F), max_size=30))
ANY_AND_HALVES = st.one_of(ANY, st.text(st.characters(exclude_categories=()), max_size=20))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hòa", "Hoà"),
        ("HOÀ", "hòa"),
        ("khoẻ", "khỏe"),
        ("thuỷ", "thủy"),
        ("Uỷ ban", "ủy ban"),
        ("tòan quốc", "toàn quốc"),
        ("lọai", "loại"),
        ("húynh", "huýnh"),
        ("qúy", "quý"),
        ("qủa", "quả"),
        ("gía", "giá"),
        ("hoà1", "hòa1"),
        ("Ðồng", "Đồng"),
        ("Ɖồng", "Đồng"),
        ("ðồng", "đồng"),
        ("Сần Thơ", "Cần Thơ"),  # a Cyrillic С
        ("Τhới Lai", "Thới Lai"),  # a Greek Tau
        ("１２３", "123"),
        ("ＣＴ", "CT"),
        ("a\u00a0b", "a b"),
        ("a\u2009b", "a b"),
        ("gi\u200bá", "giá"),
        ("gi\u00adá", "giá"),
        ("\u202eabc\u202c", "abc"),
        ("\ufeffmã", "mã"),
        ("a\x07b\x1b", "ab"),
        ("a\x00b", "ab"),
        ("a\x85b", "a b"),
        ("a  \t\r\n b", "a b"),
        ("\ud83d!", "\ufffd!"),
    ],
)
def test_spellings_of_one_word_are_equal(one: str, other: str) -> None:
    assert fold(one) == fold(other)
    assert fold(unicodedata.normalize("NFD", one)) == fold(other)


@pytest.mark.parametrize(
    "word",
    [
        "quý",
        "quỳ",
        "quà",
        "toàn",
        "hoặc",
        "thuở",
        "thuế",
        "gìn",
        "gì",
        "già",
        "khoét",
        "huỳnh",
        "oán",
        "uống",
    ],
)
def test_a_mark_in_its_only_place_stays(word: str) -> None:
    assert fold(word) == word


@pytest.mark.parametrize("word", ["Сочи", "Αθήνα", "µm", "СТ", "한국", "5μm", "Ε"])
def test_words_of_another_script_stay(word: str) -> None:
    assert clean(word) == unicodedata.normalize("NFC", word)


def test_clean_keeps_case_and_marks() -> None:
    assert clean(" HOÀ  Bình ") == "HOÀ Bình"
    assert clean(unicodedata.normalize("NFD", "Ủy ban")) == "Ủy ban"


def test_words_stand_between_single_spaces() -> None:
    texts = pl.Series(["#Giá_điện, TĂNG–vọt!", "…", None])
    assert words(texts).to_list() == [" gía điện tăng vọt ", "  ", None]


@pytest.mark.parametrize(
    ("one", "other"),
    [("Thuỷ lợi", "thủy lợi"), ("tòan quốc", "toàn quốc"), ("giá cả", "gía cả"), ("qúa tải", "quá tải")],
)
def test_words_are_found_wherever_their_mark_stands(one: str, other: str) -> None:
    first, second = words(clean_column(pl.Series([one, unicodedata.normalize("NFD", other)])))
    assert first == second


@given(ANY_AND_HALVES)
def test_clean_twice_is_clean(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once == once.strip() and "  " not in once
    once.encode()  # no half of a character is left


@given(ANY_AND_HALVES)
def test_fold_twice_is_fold_and_is_clean(text: str) -> None:
    once = fold(text)
    assert fold(once) == once
    assert clean(once) == once
    assert fold(clean(text)) == once


@given(ANY)
def test_decomposed_text_is_the_same(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


@given(ANY)
def test_words_of_words_are_the_words(text: str) -> None:
    once = words(pl.Series([text]))
    assert words(once).to_list() == once.to_list()


@given(SYLLABLES, st.sampled_from("\u200b\u200d\ufeff\u202e\u00ad\x07"), st.integers(0, 30))
def test_what_cannot_be_seen_changes_nothing(text: str, char: str, at: int) -> None:
    text = unicodedata.normalize("NFC", text)
    assert clean(text[:at] + char + text[at:]) == clean(text)


@given(st.lists(st.one_of(ANY, st.none()), max_size=8))
def test_columns_are_cleaned_as_cells_are(cells: list[str | None]) -> None:
    expected = [cell if cell is None else clean(cell) for cell in cells]
    assert clean_column(pl.Series(cells, dtype=pl.String)).to_list() == expected
