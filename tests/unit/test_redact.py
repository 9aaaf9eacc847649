"""Redaction: the planted person leaves no trace in any spelling, and ordinary numbers stay as they are."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opinion_warehouse.readers.privacy.personal import personal_kind
from opinion_warehouse.readers.privacy.redact import redact
from opinion_warehouse.sample import canaries

DIGITS = (canaries.PHONE, canaries.CCCD, "84900123987")
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
ORDINARY = [
    "ngập tới đầu gối",
    "ổ gà dày quá",
    "mong sớm sửa",
    "dân khổ lắm",
    "thì",
    "…",
    "hôm qua",
    "(đã báo)",
    "ấp mình",
]


def spaced(digits: str, gap: str, sizes: tuple[int, ...]) -> str:
    """Digits in groups of these sizes, the last of them again and again."""
    groups, at = [], 0
    while at < len(digits):
        size = sizes[min(len(groups), len(sizes) - 1)]
        groups.append(digits[at : at + size])
        at += size
    return gap.join(groups)


NUMBERS = st.builds(
    spaced,
    st.sampled_from(DIGITS),
    st.sampled_from(["", " ", ".", "-", "\u00a0", "\u2009"]),
    st.sampled_from([(4, 3, 3), (3, 3, 3), (2, 2, 2), (1,), (4, 4, 4)]),
)
NAMES = st.sampled_from(
    [
        canaries.NAME,
        "Nguyen Thi Kim Tuoc",
        canaries.NAME.upper(),
        canaries.NAME.lower(),
        "nguyen thi kim tuoc",
    ]
)
OTHERS = st.sampled_from(
    [
        canaries.EMAIL,
        canaries.EMAIL.upper(),
        f"@{canaries.HANDLE}",
        canaries.HANDLE,
        canaries.IP,
        canaries.INVITATION,
        canaries.SENTENCE,
        f"https://vidu.example/bai/1{canaries.QUERY_STRING}",
        "+84 900 123 987",
        "+84(0)900123987",
        "0084 900 123 987",
    ]
)
SPELLING = st.sampled_from(
    [
        lambda text: text,
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: text.translate(WIDE),
        lambda text: text[:3] + "\u200b" + text[3:],
    ]
)


@given(
    st.sampled_from(ORDINARY),
    st.lists(st.one_of(NUMBERS, NAMES, OTHERS), min_size=1, max_size=3),
    st.sampled_from(ORDINARY),
    SPELLING,
)
def test_no_canary_survives(before: str, planted: list[str], after: str, spell) -> None:  # type: ignore[no-untyped-def]
    text = before + " " + f" {after} ".join(spell(each) for each in planted) + " " + after
    redacted = redact(text)
    assert canaries.find_canaries(redacted.text) == []
    left = "".join(char for char in redacted.text if char.isdigit())
    assert not any(digits in left for digits in (*DIGITS, "900123987"))
    assert "kim tước" not in redacted.text.lower() and "kim tuoc" not in redacted.text.lower()
    assert sum(redacted.counts.values()) >= 1


PRICE = st.integers(1, 9_999_999).map(lambda thousands: f"{thousands * 1000:,}".replace(",", "."))
PLAIN = st.one_of(
    st.integers(1900, 2099).map(str),
    PRICE,
    PRICE.map(lambda price: price.replace(".", " ") + " đồng"),
    st.integers(1, 99_999_999).map(str),
    st.integers(1, 9_999_999_999).map(lambda sum_: f"{sum_} đồng"),
    st.dates().map(lambda day: day.strftime("%d/%m/%Y")),
    st.dates().map(lambda day: day.strftime("%d.%m.%Y")),
    st.dates().map(lambda day: day.strftime("%d-%m-%Y")),
    st.dates().map(lambda day: day.isoformat()),
    st.times().map(lambda time: time.strftime("%H:%M:%S")),
    st.floats(0, 100).map(lambda share: f"{share:.1f}%".replace(".", ",")),
    st.floats(0, 1).map(lambda share: f"{share:.3f}"),
    st.integers(1, 9999).map(lambda number: f"Nghị quyết số {number}/NQ-HĐND"),
    st.sampled_from(
        ["2019-2025", "30/4", "2019 2020 2021", "Quốc lộ 91", "cầu số 3", "1,5 triệu", "1668/NQ-UBTVQH15"]
    ),
)


@given(st.lists(st.tuples(st.sampled_from(ORDINARY), PLAIN), min_size=1, max_size=4))
def test_ordinary_numbers_stay(parts: list[tuple[str, str]]) -> None:
    text = ", ".join(f"{words} {number}" for words, number in parts)
    assert redact(text) == (text, {})


@given(
    st.lists(st.one_of(st.sampled_from(ORDINARY), NUMBERS, NAMES, OTHERS, PLAIN), max_size=6).map(" ".join)
)
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = redact(text).text
    assert redact(once) == (once, {})


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("gọi 0292.3820.123 hoặc (0292) 3 820 123", "gọi [phone] hoặc [phone]"),
        ("CMND 340123456, hộ chiếu C1234567", "CMND [national id], hộ chiếu [national id]"),
        ("thẻ 4111 1111 1111 1111", "thẻ [card number]"),
        ("thẻ 4111-1111-1111-1112 sai số", "thẻ 4111-1111-1111-1112 sai số"),
        ("STK: 0123456789 VCB", "STK: [bank account] VCB"),
        (
            "xe 65A-123.45, 65-B1 123.45 và 51f-12345",
            "xe [licence plate], [licence plate] và [licence plate]",
        ),
        ("ở số nhà 12/3, đường Ven Sông", "ở [address]"),
        ("hẻm 45, 123 đường 30/4", "[address], [address]"),
        ("chị Lan, ông Nguyễn Văn Bé", "chị [name], ông [name]"),
        ("tên là Bé Ba", "tên là [name]"),
        ("LH 0912345678/0987654321", "LH [phone]/[phone]"),
        ("ở 12/3 Ven Sông", "ở [address]"),
        ("ngày 12/3 Cần Thơ mưa", "ngày 12/3 Cần Thơ mưa"),
        ("lan [at] vidu [dot] example", "[email]"),
        ("hotline 1900 1234, mã 000.00.12.H92", "hotline 1900 1234, mã 000.00.12.H92"),
        ("facebook.com/nguoi.giamau?id=1", "[link]"),
        ("xem https://vidu.example/a?b=c nhé", "xem [link] nhé"),
        ("gửi a.b@vidu.example", "gửi [email]"),
        ("máy 203.0.113.77", "máy [ip address]"),
        ("Thành phố Hồ Chí Minh, xã Trần Đề", "Thành phố Hồ Chí Minh, xã Trần Đề"),
        ("tôi là nông dân", "tôi là nông dân"),
        ("bà con phường Cái Khế", "bà con phường Cái Khế"),
        ("#Giá_điện tăng", "#Giá_điện tăng"),
    ],
)
def test_each_kind_has_its_placeholder(text: str, redacted: str) -> None:
    assert redact(text).text == redacted


def test_counts_say_how_many_of_each() -> None:
    assert redact(canaries.SENTENCE).counts == {
        "name": 1,
        "national_id": 1,
        "phone": 1,
        "email": 1,
        "handle": 1,
    }


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("Họ và tên", "name"),
        ("ho_ten", "name"),
        ("RecipientLastName", "name"),
        ("author_name", "name"),
        ("nguoi_lap", "name"),
        ("SĐT", "phone"),
        ("Số điện thoại của ông/bà", "phone"),
        ("phonenumber", "phone"),
        ("Email Address", "email"),
        ("CCCD/CMND", "national_id"),
        ("ipaddr", "ip_address"),
        ("Địa chỉ IP", "ip_address"),
        ("Địa chỉ", "address"),
        ("LocationLatitude", "location"),
        ("_geolocation", "location"),
        ("Ngày sinh", "birth_date"),
        ("deviceid", "device"),
        ("token", "token"),
        ("ExternalReference", "token"),
        ("_submitted_by", "handle"),
        ("author_handle", "handle"),
        ("username", "handle"),
        ("Tên đơn vị", None),
        ("Query Name", None),
        ("Tên xã", None),
        ("ma_dia_ban", None),
        ("noi_dung", None),
        ("năm sinh", None),
        ("latest", None),
        ("Q1[SQ001]", None),
        ("so_y_kien", None),
        ("Anh/chị có dùng điện thoại không?", None),
        ("How often do you use a telephone?", None),
    ],
)
def test_personal_headings_are_recognised(heading: str, kind: str | None) -> None:
    assert personal_kind(heading) == kind
    assert personal_kind(unicodedata.normalize("NFD", heading)) == kind


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([canaries.PHONE, None, "0912 345 678"], "phone"),
        ([canaries.CCCD], "national_id"),
        ([canaries.EMAIL, "", None], "email"),
        ([canaries.NAME, "Trần Văn Mẫu"], "name"),
        ([canaries.IP], "ip_address"),
        ([f"@{canaries.HANDLE}"], "handle"),
        ([canaries.INVITATION], "token"),
        (["10.0301, 105.7812"], "location"),
        ([canaries.SENTENCE], None),  # free text is no personal column; it is redacted or not read
        (["2026", "1.250.000", "0,5"], None),
        (["31120", "31135"], None),
        (["Phường Cái Khế", "Xã Châu Thành"], None),
        (["https://vidu.example/bai/1"], None),
        (["VM0000000001", "VM0000000002"], None),
        ([], None),
    ],
)
def test_personal_cells_are_recognised(cells: list[str | None], kind: str | None) -> None:
    assert personal_kind("cột 7", cells) == kind
