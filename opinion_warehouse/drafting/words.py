"""Headings that tell what a column is, in Vietnamese and English; compared without accents and marks."""

import re
from typing import Any

from opinion_warehouse.readers.privacy.personal import plain_words

_VIETNAMESE = re.compile("[àáãâèéêìíòóôõùúýăđĩũơư\u1ea0-\u1ef9]", re.IGNORECASE)
Column = dict[str, Any]
"""A column as `readers/inspection` describes it."""


def _pattern(whole: str, part: str = "") -> re.Pattern[str]:
    return re.compile(rf"^ (?:{whole}) $" + (rf"| (?:{part}) " if part else ""))


DESIGN = {
    "weight": _pattern(r"w|wt|wgt|pw|pweight|finalwt|weights?|trongso", "weight|trong so|quyen so"),
    "stratum": _pattern(r"strata?|stratum|tang|stype", "stratum|tang mau|lop mau"),
    "psu": _pattern(r"psu|cluster|cum|dnum|block|khoi", "psu|cum mau|dia ban mau"),
    "ssu": _pattern(r"ssu|household id"),
    "stratum_psu_total": _pattern(r"fpc|fpc1", "stratum psu total"),
}
RESPONDENT = _pattern(
    r"id|caseid|case id|serial|hhid|respondent ?id|so phieu|ma phieu|uuid|response id",
    "so phieu|ma phieu|respondent id",
)
COMPLETE = _pattern(
    r"submitdate|finished|completed|submitted", "ngay hoan thanh|completed at|date completed|end date"
)
WAVE = _pattern(r"wave|round|dot|dot khao sat|ma dot")
PLACE = _pattern(
    r"phuongxa|xaphuong|ward|commune|district|province|tinh|place", "phuong xa|xa phuong|ma xa|dia ban"
)
GROUPS: tuple[tuple[str, re.Pattern[str], str, str], ...] = (
    ("gender", _pattern(r"sex|gender|gioi|gioitinh", "gioi tinh|gender"), "Giới tính", "Gender"),
    ("age", _pattern(r"age|tuoi|nhomtuoi|agegroup|age group", "nhom tuoi|do tuoi"), "Nhóm tuổi", "Age"),
    ("education", _pattern(r"educ?|education|hocvan", "hoc van|education"), "Trình độ học vấn", "Education"),
    ("income", _pattern(r"income|thunhap", "thu nhap|household income"), "Thu nhập", "Income"),
    ("occupation", _pattern(r"occupation|job|nghe", "nghe nghiep|occupation"), "Nghề nghiệp", "Occupation"),
    ("area", _pattern(r"urban|rural|area|khuvuc", "khu vuc|thanh thi|nong thon"), "Khu vực", "Area"),
    ("region", _pattern(r"region|vung", "census region"), "Vùng", "Region"),
)
SOCIAL = {
    "item_id": _pattern(
        r"id|item ?id|mention ?id|post ?id|document ?id|ma bai|ma luot nhac", "mention id|post id"
    ),
    "published_at": _pattern(
        r"date|time|published|published at|created at|timestamp|ngay|ngay dang|thoi gian",
        "published|ngay dang|created at",
    ),
    "platform": _pattern(
        r"platform|channel|site|kenh|nen tang|source type|source kind|loai nguon", "nen tang"
    ),
    "query": _pattern(
        r"query|query code|keyword group|truy van|ma truy van|tu khoa|chu de theo doi|campaign"
    ),
    "place": _pattern(r"place|place code|mentioned place code|dia ban|ma dia ban"),
    "sentiment": _pattern(r"sentiment|tone|sac thai|cam xuc|thai do"),
    "engagement": _pattern(
        r"engagement|total engagement|interactions|tuong tac|tong tuong tac|metrics total"
    ),
    "url": _pattern(r"url|link|permalink|source site|duong dan|lien ket"),
    "text": _pattern(
        r"title|content|text|snippet|body|headline|message|tags|tieu de|noi dung|full text|mo ta"
    ),
}
LIKES = _pattern(r"likes|luot thich|reactions")
"""Where there is no total of what readers did."""
REPORT = {
    "unit": _pattern(r"ma don vi|don vi|unit|reporting unit|don vi bao cao"),
    "kind": _pattern(r"loai bao cao|loai|report kind|kind"),
    "period": _pattern(r"ky bao cao|ky|period"),
    "period_start": _pattern(r"tu ngay|ngay bat dau|period start|from"),
    "period_end": _pattern(r"den ngay|ngay ket thuc|period end|to"),
    "place": _pattern(r"ma dia ban|dia ban|place|ma xa"),
    "field": _pattern(r"linh vuc|field"),
    "topic": _pattern(r"ma chu de|chu de|topic"),
    "content": _pattern(r"noi dung|noi dung y kien|noi dung phan anh|content"),
    "scope": _pattern(r"pham vi|muc do pho bien|scope"),
    "tendency": _pattern(r"khuynh huong|xu huong|thai do|tendency"),
    "intensity": _pattern(r"cuong do|intensity"),
    "channel": _pattern(r"nguon|kenh|nguon thong tin|channel"),
    "opinion_count": _pattern(r"so y kien|so luot y kien|count"),
    "recommendation": _pattern(r"kien nghi|de xuat|de xuat kien nghi|recommendation"),
    "agency": _pattern(r"co quan de xuat|co quan|co quan giai quyet|agency"),
    "urgency": _pattern(r"muc do khan|do khan|urgency"),
}


def bare(column: str) -> str:
    """A heading for these patterns: ` gioi tinh `. Of a grouped one the last part decides."""
    return plain_words(re.split(r"[/]", column.removeprefix("parent."))[-1])


def fits(pattern: re.Pattern[str], column: Column) -> str | None:
    """Why a column fits: by its heading or by what stands beside it."""
    if pattern.search(bare(column["name"])) or pattern.search(plain_words(column["name"])):
        return "its heading"
    return "its label" if column["label"] and pattern.search(plain_words(column["label"])) else None


def slug(text: str, taken: set[str], longest: int = 40) -> str:
    """An id from some words, that nothing else has; it is added to `taken`."""
    words = "_".join(plain_words(text).split())[:longest].strip("_") or "item"
    words = words if words[0].isalpha() else f"q_{words}"
    name, number = words, 1
    while name in taken:
        number += 1
        name = f"{words}_{number}"
    taken.add(name)
    return name


def language(text: str) -> str:
    """`vi` where a letter has a Vietnamese mark; `en` otherwise."""
    return "vi" if _VIETNAMESE.search(text) else "en"
