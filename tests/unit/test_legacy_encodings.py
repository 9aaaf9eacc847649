"""TCVN3 and VNI as codecs: every Vietnamese letter there and back, in one piece and in any pieces."""

import codecs
import io
import shutil
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opinion_warehouse.sources import encodings

_BASES = ["a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y"]
_TONES = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]
LOWER = [unicodedata.normalize("NFC", base + tone) for base in _BASES for tone in _TONES] + ["đ"]
ACCENTED = [letter for low in LOWER if not low.isascii() for letter in (low, low.upper())]
ASCII = "".join(map(chr, range(128)))


def test_letters_are_all_there() -> None:
    assert len(set(ACCENTED)) == 134


@pytest.mark.parametrize("letter", ACCENTED)
def test_vni_letter_comes_back(letter: str) -> None:
    assert letter.encode("vni").decode("vni") == letter


@pytest.mark.parametrize("letter", ACCENTED)
def test_tcvn3_letter_comes_back_toned_capitals_in_lower_case(letter: str) -> None:
    read = letter.encode("tcvn3").decode("tcvn3")
    assert read == (letter if letter.islower() or letter in "ĂÂÊÔƠƯĐ" else letter.lower())
    assert len(letter.encode("tcvn3")) == 1


def test_ascii_is_ascii_in_both() -> None:
    for name in ("tcvn3", "vni"):
        assert ASCII.encode(name) == ASCII.encode() and ASCII.encode().decode(name) == ASCII


@pytest.mark.parametrize(
    ("encoding", "written", "text"),
    [
        ("tcvn3", b"C\xc7n Th\xac, s\xb9t l\xeb \xae\xb5 nghi\xaam", "Cần Thơ, sạt lở đà nghiêm"),
        ("tcvn3", b"\xa7\xe5ng \xfd", "Đồng ý"),
        ("vni", b"Ca\xe0n Th\xf4, \xf1o\xe0ng \xfd".replace(b" \xfd", b" y\xf9"), "Cần Thơ, đồng ý"),
        ("vni", b"TH\xd6\xcfC HI\xc6N \xd1\xd3A", "THỰC HIỈN ĐĨA"),
        ("vni", b"Th\xf6\xefc hie\xe4n; th\xf4\xf9, \xd4\xd4\xd9", "Thực hiện; thớ, ƠỚ"),
        ("vni", b"A\xf9 A\xd9 \x93la\x94", "Á Á “la”"),
    ],
)
def test_text_reads_as_it_was_typed(encoding: str, written: bytes, text: str) -> None:
    assert written.decode(encoding) == text


def test_tcvn3_agrees_with_the_national_standard() -> None:
    """Where both have a letter, TCVN 5712 and the fonts agree: glibc's converter is the witness."""
    iconv = shutil.which("iconv")
    if not iconv:
        pytest.skip("no iconv here")
    letters = [letter for letter in ACCENTED if letter.islower() or letter in "ĂÂÊÔƠƯĐ"]
    command = [iconv, "-f", "UTF-8", "-t", "TCVN5712-1"]
    done = subprocess.run(command, input="\n".join(letters).encode(), capture_output=True, check=False)
    if done.returncode:
        pytest.skip("this iconv has no TCVN5712-1")
    assert done.stdout == "\n".join(letters).encode("tcvn3")


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("tcvn3", "Cần Thơ".encode()),
        ("vni", "Cần Thơ".encode()),
        ("vni", b"C\xc7n Th\xac"),  # TCVN3
        ("vni", b"b\xf8"),  # a mark without its vowel
        ("vni", b"u\xe2"),  # no circumflex on u
        ("tcvn3", b"\xb0"),
        ("tcvn3", b"\x81"),
    ],
)
def test_bytes_without_a_meaning_are_errors(encoding: str, data: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        data.decode(encoding)


def test_error_handlers_are_asked() -> None:
    assert b"b\xf8c".decode("vni", "replace") == "b\ufffdc"
    assert b"b\xf8c".decode("vni", "ignore") == "bc"
    assert "b\u03b1c".encode("vni", "replace") == b"b?c"
    with pytest.raises(UnicodeEncodeError):
        "\u03b1".encode("vni")
    with pytest.raises(UnicodeEncodeError):
        "\u03b1".encode("tcvn3")


@given(st.text(st.sampled_from([*ACCENTED, *"abcdeoux ,\n"])), st.integers(1, 5))
def test_pieces_of_any_size_read_as_the_whole(text: str, size: int) -> None:
    for name in ("tcvn3", "vni"):
        data = text.encode(name)
        decoder = codecs.getincrementaldecoder(name)()
        pieces = [decoder.decode(data[at : at + size]) for at in range(0, len(data), size)]
        assert "".join([*pieces, decoder.decode(b"", True)]) == data.decode(name)
        assert data.decode(name).casefold() == text.casefold()


def test_a_file_opens_by_the_name(tmp_path: Path) -> None:
    path = tmp_path / "t"
    text = "Sạt lở bờ sông Ô Môn\nđường ngập"
    for name in ("tcvn3", "vni"):
        path.write_text(text, encoding=name)
        with path.open(encoding=name) as stream:
            assert isinstance(stream, io.TextIOWrapper) and stream.read() == text


def test_registration_leaves_other_names_alone() -> None:
    assert encodings._CODECS.get("utf_7") is None
    assert codecs.lookup("TCVN3").name == "tcvn3" and codecs.lookup("VNI").name == "vni"
