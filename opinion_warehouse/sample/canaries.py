"""A made-up person whose traces stand in every made file, in personal columns and in running text.

Nothing of it may be found in any table, log, check result or error message. The CCCD belongs to nobody
(its century digit is unused), the addresses are of ranges and domains kept for documentation.
"""

import unicodedata

NAME = "Nguyễn Thị Kim Tước"
PHONE = "0900123987"
CCCD = "092900123987"
EMAIL = "kimtuoc.chimbao@vidu.example"
HANDLE = "chimhoangyen_vidu"
IP = "203.0.113.77"
INVITATION = "chimbao7kimtuoc"

CANARIES: tuple[str, ...] = (
    NAME,
    "Nguyen Thi Kim Tuoc",
    PHONE,
    "0900 123 987",
    "84900123987",
    CCCD,
    EMAIL,
    HANDLE,
    IP,
    INVITATION,
)
"""Every spelling that is planted; one found anywhere downstream is a leak."""

SENTENCE = f"Tôi là {NAME}, CCCD {CCCD}, điện thoại 0900 123 987, thư {EMAIL}, trang @{HANDLE}."
"""The person in running text, as a careless writer puts it."""

QUERY_STRING = f"?sdt=%2B84900123987&tel={PHONE}&nguoi={HANDLE}"
"""The person in the query string of a link."""


def find_canaries(content: str | bytes) -> list[str]:
    """The canaries that stand in the content, whatever their case or Unicode form.

    >>> find_canaries("gọi 0900123987")
    ['0900123987']
    """
    text = content.decode("utf-8", errors="replace") if isinstance(content, bytes) else content
    text = unicodedata.normalize("NFC", text).casefold()
    return [canary for canary in CANARIES if unicodedata.normalize("NFC", canary).casefold() in text]
