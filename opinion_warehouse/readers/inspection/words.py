"""Words of cells whose meaning is common: they may be shown whatever column they stand in, and be mapped."""

from typing import NamedTuple

from opinion_warehouse.readers.text import fold

SENTIMENTS = {
    **dict.fromkeys(("positive", "pos", "tích cực", "tốt", "khen"), "positive"),
    **dict.fromkeys(("negative", "neg", "tiêu cực", "xấu", "chê"), "negative"),
    **dict.fromkeys(("neutral", "neu", "trung lập", "trung tính", "bình thường"), "neutral"),
    **dict.fromkeys(("unknown", "not rated", "n/a", "chưa xác định", "không xác định", "mixed"), "unknown"),
}
PLATFORMS = {
    **dict.fromkeys(
        ("news", "online news", "onlinenews", "press", "báo điện tử", "báo", "báo chí", "tin tức"), "news"
    ),
    **dict.fromkeys(("facebook", "fb", "facebook_public", "socialmedia_facebook", "fanpage"), "facebook"),
    **dict.fromkeys(("tiktok", "socialmedia_tiktok"), "tiktok"),
    **dict.fromkeys(("youtube", "socialmedia_youtube"), "youtube"),
    **dict.fromkeys(("x", "twitter", "socialmedia_twitter"), "x"),
    **dict.fromkeys(("instagram", "instagram_public", "socialmedia_instagram"), "instagram"),
    **dict.fromkeys(("blog", "blogs"), "blog"),
    **dict.fromkeys(("forum", "forums", "messageboard", "diễn đàn"), "forum"),
    **dict.fromkeys(("threads", "zalo", "bluesky", "mastodon", "other"), ""),
}
PLATFORMS = {word: code or word for word, code in PLATFORMS.items()}
TENDENCIES = {
    **dict.fromkeys(("tán thành", "đồng tình", "ủng hộ", "đồng ý", "support", "agree"), "support"),
    **dict.fromkeys(
        ("phản đối", "không đồng tình", "không tán thành", "không ủng hộ", "oppose", "disagree"), "oppose"
    ),
    **dict.fromkeys(("băn khoăn", "lo lắng", "concerned"), "concerned"),
    **dict.fromkeys(("chưa rõ", "không rõ", "unclear"), "unclear"),
}
SCOPES = {
    "tuyệt đại đa số": 4,
    "hầu hết": 4,
    "đa số": 3,
    "phần lớn": 3,
    "nhiều ý kiến": 2,
    "nhiều": 2,
    "một số ý kiến": 1,
    "một số": 1,
    "số ít": 1,
}
KINDS = {
    **dict.fromkeys(("dk", "định kỳ", "periodic"), "periodic"),
    **dict.fromkeys(("cd", "cđ", "chuyên đề", "thematic"), "thematic"),
    **dict.fromkeys(("dx", "đx", "đột xuất", "ad hoc"), "ad_hoc"),
}
URGENCIES = {
    **dict.fromkeys(("thường", "bình thường", "normal"), "normal"),
    **dict.fromkeys(("khẩn", "urgent"), "urgent"),
    **dict.fromkeys(("thượng khẩn", "hỏa tốc", "rất khẩn", "very urgent"), "very_urgent"),
}


class Answer(NamedTuple):
    """A common answer in both languages, and why it is none where it is none."""

    vi: str
    en: str
    missing: str | None = None


_ANSWERS: dict[tuple[str, ...], Answer] = {
    ("nam", "male", "man", "men"): Answer("Nam", "Man"),
    ("nữ", "female", "woman", "women"): Answer("Nữ", "Woman"),
    ("có", "yes"): Answer("Có", "Yes"),
    ("không", "no"): Answer("Không", "No"),
    ("rất đồng ý", "hoàn toàn đồng ý", "strongly agree"): Answer("Rất đồng ý", "Strongly agree"),
    ("đồng ý", "agree"): Answer("Đồng ý", "Agree"),
    ("không đồng ý", "disagree"): Answer("Không đồng ý", "Disagree"),
    ("rất không đồng ý", "hoàn toàn không đồng ý", "strongly disagree"): Answer(
        "Rất không đồng ý", "Strongly disagree"
    ),
    ("rất hài lòng", "very satisfied"): Answer("Rất hài lòng", "Very satisfied"),
    ("hài lòng", "satisfied"): Answer("Hài lòng", "Satisfied"),
    ("không hài lòng", "dissatisfied"): Answer("Không hài lòng", "Dissatisfied"),
    ("tán thành", "support"): Answer("Tán thành", "Support"),
    ("không tán thành", "phản đối", "oppose"): Answer("Không tán thành", "Oppose"),
    ("khác", "other", "other (please specify)", "something else"): Answer("Khác", "Something else"),
    (
        "khó trả lời",
        "ktl",
        "không biết",
        "hard to say",
        "do not know",
        "don't know",
        "don’t know",
        "i don't know",
        "i don’t know",
        "not sure",
    ): Answer("Khó trả lời", "Hard to say", "dont_know"),
    ("từ chối", "từ chối trả lời", "refused"): Answer("Từ chối trả lời", "Refused", "refused"),
    ("không rõ", "chưa rõ", "unknown", "not known"): Answer("Không rõ", "Unknown", "no_answer"),
    ("không trả lời", "no answer", "na"): Answer("Không trả lời", "No answer", "no_answer"),
}
ANSWERS = {fold(word): answer for words, answer in _ANSWERS.items() for word in words}
VOCABULARY = frozenset(
    map(fold, [*SENTIMENTS, *PLATFORMS, *TENDENCIES, *SCOPES, *KINDS, *URGENCIES, *ANSWERS])
)
