"""Personal data in running text → placeholders. For the rare text that leaves the parser; most never does.

What is personal is taken out even where a word goes with it that is not (a street named after a
king). Ordinary numbers stay: years, dates, prices, counts, numbers of resolutions. Placeholders are stable:
redacting twice changes nothing more.
"""

import re
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from opinion_warehouse.readers.text import clean

_UPPER = "".join(char for char in map(chr, (*range(0x41, 0x250), *range(0x1E00, 0x1F00))) if char.isupper())
_CAPITALISED = rf"[{_UPPER}][^\W\d_]*"
_SURNAMES = (
    "nguyễn|nguyen|trần|tran|lê|le|phạm|pham|hoàng|hoang|huỳnh|huynh|phan|vũ|vu|võ|vo|đặng|dang|bùi|bui|đỗ|do|hồ|ho"
    "|ngô|ngo|dương|duong|lý|ly|lâm|lam|trương|truong|đinh|dinh|đoàn|doan|mai|tô|to|trịnh|trinh|cao|thạch|thach"
    "|danh|sơn|son|kim|quách|quach|lương|luong|lưu|luu|hà|ha|tạ|ta|phùng|phung|châu|chau|tăng|tang|thái|thai"
    "|vương|vuong|lại|đào|dao|tống|tong"
)
_TITLES = "ông|bà|anh|chị|cô|chú|bác|em|thầy|dì|cậu|mợ|cụ|thím|mr|mrs|ms|dr"
_SAYS_NAME = r"""
    (?:tôi|em|mình|con|cháu|tui)\ (?:tên\ )?là | (?:tôi|em|mình|tui)\ tên | tên\ (?:tôi\ |em\ |của\ tôi\ )?là
    | họ(?:\ và)?\ tên\ ?:? | ký\ tên\ ?:? | tên\ ?: | toi\ (?:ten\ )?la | ten\ (?:toi\ )?la
    | my\ name\ is | i\ am | i'm
"""
_UNIT = (
    r"""(?!\s*(?:đồng|đ\b|vnđ|vnd|usd|₫|\$|%|tỷ|tỉ|triệu|nghìn|ngàn|người|hộ|lượt|ý\ kiến|m2|km|ha\b|kg))"""
)
"""A number that counts or costs something is nobody's."""
_GAP = r"[ .\-()]{0,3}"
_START, _END = r"(?<!\d)(?<!\d[.,])", r"(?!\d|[.,/]\d)"
_IS_NO_DATE = r"(?!\d{1,2}(?P<mark>[.\-])\d{1,2}(?P=mark)\d{4}(?!\d))"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_HOUSE = r"\d+\w?(?:[/\-]\d+\w?)*"
_SITE = r"[a-z0-9\-]+(?:\.[a-z0-9\-]+)*\.(?:com|vn|net|org|info|me|io|example)"


class Redacted(NamedTuple):
    """The text with placeholders, and how many of each kind there are."""

    text: str
    counts: dict[str, int]


def _luhn(match: re.Match[str]) -> bool:
    digits = [int(char) for char in match[0] if char.isdigit()][::-1]
    doubled = (2 * digit - 9 * (digit > 4) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_no_round_sum(match: re.Match[str]) -> bool:
    return not match[0].endswith("000")


Condition = Callable[[re.Match[str]], bool]


def _rule(kind: str, pattern: str, also: Condition = bool) -> tuple[str, re.Pattern[str], Condition]:
    return kind, re.compile(pattern, re.VERBOSE | re.IGNORECASE), also


def _names(before: str, name: str) -> tuple[str, re.Pattern[str], Condition]:
    """Case counts here: a name is words with capitals."""
    return "name", re.compile(rf"(?<!\w)(?i:{before})(?P<own>{name})", re.VERBOSE), bool


RULES = (
    _rule("email", r"[\w.+\-]+\ ?(?:@|\(at\)|\[at\])\ ?[\w\-]+(?:(?:\.|\ ?[(\[]dot[)\]]\ ?)[\w\-]+)+"),
    _rule("link", rf"(?:https?://|www\.)\S+ | (?<![\w@.]){_SITE}[/?]\S*"),
    _rule(
        "ip_address",
        rf"(?<![\d.])(?:{_OCTET}\.){{3}}{_OCTET}(?!\d|\.\d){_UNIT}"
        r"| (?<![\w:])(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}(?![\w:])",
    ),
    _rule("handle", r"(?<![\w.])@[\w.]*\w | (?<![\w\#.])[a-z][a-z0-9.]*_[a-z0-9_.]*[a-z0-9]"),
    _rule(
        "card_number",
        rf"{_START}(?:\d{{13,19}} | \d{{4}}(?P<gap>[\ \-])(?:\d{{4}}(?P=gap)){{2}}\d{{4}}"
        rf"(?:(?P=gap)\d{{1,3}})? | \d{{4}}[\ \-]\d{{6}}[\ \-]\d{{5}}){_END}",
        _luhn,
    ),
    _rule(
        "phone",
        rf"{_START}{_IS_NO_DATE}(?:\+{_GAP}84|0084|\(84\)|8[ .\-]?4(?=[ .\-]?[235789])){_GAP}"
        rf"(?:0{_GAP})?[2-9](?:{_GAP}\d){{8,9}}(?!\d)",
    ),
    _rule("national_id", rf"{_START}0(?:[\ .\-]?\d){{11}}{_END}"),
    _rule(
        "phone", rf"{_START}\(?{_IS_NO_DATE}0{_GAP}(?:[35789](?:{_GAP}\d){{8}}|[12](?:{_GAP}\d){{9}})(?!\d)"
    ),
    _rule(
        "national_id",
        r"(?<!\w)(?:cccd|cmnd|cmt|căn\ cước(?:\ công\ dân)?|chứng\ minh(?:\ nhân\ dân|\ thư)?|hộ\ chiếu"
        r"|passport)(?:\ số)?\ ?:?\ ?(?P<own>[a-z]?\d(?:[\ .\-]?\d){6,11})(?!\d)",
    ),
    _rule(
        "bank_account",
        r"(?<!\w)(?:stk|số\ tài\ khoản|so\ tai\ khoan|tài\ khoản|tk|account(?:\ (?:no|number))?)"
        r"(?:\ số|\ no)?\ ?[.:]?\ ?(?P<own>\d(?:[\ .\-]?\d){5,18})(?!\d)",
    ),
    _rule(
        "licence_plate",
        rf"(?<![\w/])\d{{2}}\ ?-?\ ?(?-i:[A-ZĐ]{{1,2}})\d?\ ?[\-.\ ]?\ ?"
        rf"(?:\d{{3}}[. ]?\d{{2}}|\d{{4}})(?!\w){_UNIT}"
        r"| (?<!\w)\d{2}[a-z]\d?-\d{3}\.?\d{2}(?!\w)",
    ),
    _rule("number", rf"(?<![\w.,/])\d{{9,24}}{_END}{_UNIT}", _is_no_round_sum),
    _rule("token", r"(?<![\w.\-\#])(?=[a-z]+\d+[a-z])[a-z0-9]{12,}(?!\w)"),
    _rule(
        "address",
        rf"(?<!\w)(?:số\ nhà|nhà\ số|hẻm|hẽm|ngõ|ngách|kiệt)\ (?:số\ )?{_HOUSE}"
        rf"(?:,?\ (?:đường|phố)\ (?-i:{_CAPITALISED}(?:\ {_CAPITALISED}){{0,3}}))?"
        rf"| (?<!\w)(?:số\ )?{_HOUSE},?\ (?:đường|phố|duong)\ "
        rf"(?-i:{_CAPITALISED}|\d+(?:/\d+)?)(?-i:\ {_CAPITALISED}){{0,3}}"
        rf"| (?<!\w)(?:ở|tại|nhà|địa\ chỉ:?)\ "
        rf"(?P<own>{_HOUSE},?\ (?-i:{_CAPITALISED}(?:\ {_CAPITALISED}){{1,3}}))"
        rf"| (?<!\w)số\ {_HOUSE},?\ (?-i:{_CAPITALISED}(?:\ {_CAPITALISED}){{1,3}})"
        rf"| (?<!\w)\d+\w?\ (?-i:{_CAPITALISED}(?:\ {_CAPITALISED}){{0,2}})\ (?:street|st|road|rd|avenue)\b",
    ),
    _names(rf"(?:{_SAYS_NAME})\ (?:(?:{_TITLES})\ )?", rf"{_CAPITALISED}(?:\ {_CAPITALISED}){{0,5}}"),
    _names(rf"(?:{_TITLES})\ ", rf"{_CAPITALISED}(?:\ {_CAPITALISED}){{0,4}}"),
    _names("", rf"(?!Hồ\ Chí\ Minh)(?=[{_UPPER}])(?i:{_SURNAMES})(?:\ {_CAPITALISED}){{2,6}}(?!\w)"),
    _rule("name", rf"(?<!\w)(?:{_SURNAMES})\ (?:thị|thi|văn|van)\ [^\W\d_]+(?:\ [^\W\d_]+)?(?!\w)"),
)
"""In order: kind, pattern (what is taken out is the group `own`, else all of it), what else must be true."""


def redact(text: str) -> Redacted:
    """The text, cleaned, with `[kind]` where personal data stood."""
    text = clean(text)
    counts: Counter[str] = Counter()
    for kind, pattern, also in RULES:

        def placeholder(match: re.Match[str], kind: str = kind, also: Condition = also) -> str:
            if not also(match):
                return match[0]
            counts[kind] += 1
            has_own = "own" in match.re.groupindex and match["own"] is not None
            start, end = match.span("own") if has_own else match.span()
            before, after = match[0][: start - match.start()], match[0][end - match.start() :]
            return f"{before}[{kind.replace('_', ' ')}]{after}"

        text = pattern.sub(placeholder, text)
    return Redacted(text, dict(counts))
