"""Does a column hold people's data? By what its heading says (in Vietnamese or English), or by its cells.

It proposes: the spec decides. Where both speak, the heading's kind is given.
"""

import re
import unicodedata
from collections.abc import Sequence

from opinion_warehouse.readers.privacy.redact import redact
from opinion_warehouse.readers.text import clean, fold

_ABOUT_OTHERS = re.compile(
    r" (?:dia ban|don vi|tinh|thanh pho|xa|phuong|huyen|quan|chu de|cau hoi|truy van|nguon|mau|bieu mau|file"
    r"|tep|cot"
    r"|place|unit|province|city|district|ward|commune|topic|question|query|source|form|survey|campaign|country|region"
    r"|project|column|event|group|tag|category|language|platform|outlet|media|sheet) "
)
"""Words that say that a name is not a person's."""
_HEADINGS: tuple[tuple[str, str, str], ...] = (
    (
        "email",
        r"mail",
        r"email|e mail|thu dien tu|hop thu",
    ),
    (
        "phone",
        r"tel|dt|mobile|cell|zalo|viber|whatsapp|contact|lien he|lien lac|author contact",
        r"phone|phonenumber|telephone|mobile (?:phone|number)|sdt|so dt|dien thoai|so di dong|so zalo"
        r"|contact (?:info|number|details|person)"
        r"|thong tin lien (?:he|lac)",
    ),
    (
        "national_id",
        r"dinh danh",
        r"cccd|cmnd|cmt|can cuoc|chung minh (?:nhan dan|thu)|ho chieu|passport|national id|id card|ssn"
        r"|so dinh danh|dinh danh ca nhan",
    ),
    ("ip_address", r"ip", r"ipaddr|ipaddress|ip address|dia chi ip"),
    (
        "location",
        r"lat|lon|lng|geo|gps",
        r"latitude|longitude|geo ?location|gps (?:location|coordinates)|coordinates|toa do|kinh do|vi do",
    ),
    ("address", r"street|noi o|cho o", r"dia chi|so nha|address|thuong tru|tam tru|noi cu tru"),
    ("birth_date", r"", r"ngay sinh|ngay thang nam sinh|dob|date of birth|birth ?date|birthday"),
    ("bank_account", r"", r"so tai khoan|stk|bank account|account number|iban|so the|card number"),
    ("licence_plate", r"", r"bien so xe|bien so|bien kiem soat|licen[cs]e plate|plate number"),
    ("device", r"device", r"device ?id|imei|subscriber ?id|sim ?serial|mac address|user ?agent"),
    (
        "token",
        r"",
        r"token|external ?(?:data ?)?reference|invitation|ma moi|access code|collector ?id|refurl|referrer"
        r"|session ?id|custom data",
    ),
    (
        "profile_link",
        r"profile",
        r"avatar|profile (?:url|link|image|picture)|author (?:url|id|link)|trang ca nhan|user url",
    ),
    (
        "handle",
        r"account|acct|tai khoan|user|login|uid|nick",
        r"handle|user ?name|screen ?name|nick ?name|ten dang nhap|user ?id|submitted ?by",
    ),
    (
        "name",
        r"ten|name|can bo|cong tac vien|interviewer|enumerator|influencer|byline|chu ho",
        r"ho ten|ho va ten|hoten|(?:full|first|last|sur|family|given|middle|display|your|author) ?name"
        r"|(?:respondent|recipient(?: first| last)?) ?name"
        r"|author|tac gia|nguoi (?:lap|tra loi|duoc phong van|phong van|gui|viet|ky|dang|bao cao|phan anh)"
        r"|nguoi (?:khai|nhap|dai dien|phu trach)"
        r"|dieu tra vien|ten (?:cua (?:ong|ba|anh|chi|ban)|nguoi|chu ho|can bo|cong tac vien|day du)"
        r"|can bo (?:nhap|phong van|phu trach)"
        r"|interviewer (?:name|id)|enumerator (?:name|id)",
    ),
)
"""Kind · what the whole heading may be · what may stand anywhere in it; the first that fits counts."""
_PATTERNS = tuple(
    (kind, re.compile(rf" (?:{whole}) "), re.compile(rf" (?:{part}) ")) for kind, whole, part in _HEADINGS
)
_ASKS_WHETHER = re.compile(r" co .*khong |^ (?:do|does|did|have|has|are|is|how|which) ")
"""A question about telephones is no telephone number."""
_BREAKS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_COORDINATES = re.compile(r"-?\d{1,3}\.\d{4,}[,; ]\s*-?\d{1,3}\.\d{4,}(?:[,; ]\s*-?[\d.]+){0,2}", re.ASCII)
_NAME = re.compile(r"[^\W\d_]+(?: [^\W\d_]+){1,5}")
_SHARE = 0.3
"""Of the filled cells: a column is of a kind when so many are nothing else."""


def personal_kind(heading: str, sample_cells: Sequence[str | None] = ()) -> str | None:
    """`phone`, `name`, `email` …: what a column holds of people; None where there seems to be nothing."""
    return _by_heading(heading) or _by_cells([text for cell in sample_cells if (text := clean(cell or ""))])


def plain_words(text: str) -> str:
    """Words without accents between single spaces: ` ho va ten `."""
    parted = _BREAKS.sub(" ", clean(text))
    bare = "".join(
        char for char in unicodedata.normalize("NFD", fold(parted)) if not unicodedata.combining(char)
    )
    return f" {' '.join(re.findall(r'[a-z0-9]+', bare.replace('đ', 'd')))} "


def _by_heading(heading: str) -> str | None:
    words = plain_words(heading)
    if not words.strip() or _ASKS_WHETHER.search(words):
        return None
    joined = f" {words.replace(' ', '')} "
    for kind, whole, part in _PATTERNS:
        if not (whole.fullmatch(words) or part.search(words) or part.fullmatch(joined)):
            continue
        if kind in ("name", "handle") and _ABOUT_OTHERS.search(words):
            continue
        return kind
    return None


def _by_cells(cells: list[str]) -> str | None:
    if not cells:
        return None
    found = [_whole(cell) for cell in cells]
    for kind in dict.fromkeys(kind for kind in found if kind):
        if found.count(kind) >= max(1, _SHARE * len(cells)):
            return kind
    return None


def _whole(cell: str) -> str | None:
    """The kind of a cell that is nothing but personal data."""
    if _COORDINATES.fullmatch(cell):
        return "location"
    text, counts = redact(cell)
    if len(counts) != 1 or re.sub(r"\[[a-z ]+\]|[\W_]", "", text):
        return None
    [kind] = counts
    if kind == "link":
        return None
    return {"number": "phone" if cell.startswith("84") else "national_id"}.get(kind, kind)
