"""The questionnaire of `cantho_online`, answered: what people tend to say, and what changed between waves.

Changed over the waves, in the last one fully: satisfaction with flooding fell, support for the two-tier
government and use of the one-stop centres rose, support for paying for waste by weight fell. All the other
questions stay as they were, so that a test of change can be wrong in both directions.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from opinion_warehouse.sample import canaries
from opinion_warehouse.sample.draws import Booleans, Floats, Integers, Stream
from opinion_warehouse.sample.files import labelled

if TYPE_CHECKING:
    import pyarrow as pa


class Respondents(Protocol):
    """What the answers depend on."""

    @property
    def is_ward(self) -> Booleans: ...
    @property
    def age(self) -> Integers: ...
    @property
    def education(self) -> Integers: ...
    @property
    def mood(self) -> Floats: ...
    @property
    def last_page(self) -> Integers: ...


@dataclass(frozen=True)
class Scale:
    """A closed question: an inclination cut into answers, and the shares that give no substantive one.

    `lean` is the mean inclination, `ward` what living in a phường adds, `shift` what the last wave adds.
    """

    column: str
    page: int
    answers: tuple[str, ...]
    cuts: tuple[float, ...]
    lean: float = 0.0
    ward: float = 0.0
    shift: float = 0.0
    dont_know: float = 0.05
    refused: float = 0.0


SATISFACTION = ("1", "2", "3", "4", "5")
STANCE = ("3", "2", "1")
FIVE = (-1.35, -0.45, 0.3, 1.35)
THREE = (-0.75, 0.0)

OPENING = (
    Scale("Q1", 1, ("2", "1"), (-0.45,), dont_know=0.12),
    Scale("Q2[SQ001]", 2, SATISFACTION, FIVE, lean=-0.15, ward=-0.35, dont_know=0.02),
    Scale("Q2[SQ002]", 2, SATISFACTION, FIVE, lean=-0.1, ward=-0.4, shift=-0.42, dont_know=0.03),
    Scale("Q2[SQ003]", 2, SATISFACTION, FIVE, lean=-0.2, ward=0.15, dont_know=0.02),
    Scale("Q2[SQ004]", 2, SATISFACTION, FIVE, lean=0.25, ward=0.1, dont_know=0.04),
    Scale("Q2[SQ005]", 2, SATISFACTION, FIVE, lean=0.4, dont_know=0.08),
    Scale("Q2[SQ006]", 2, SATISFACTION, FIVE, lean=-0.45, dont_know=0.02),
    Scale("Q3", 3, STANCE, THREE, lean=0.15, shift=0.3, dont_know=0.13, refused=0.01),
)
CLOSING = (
    Scale("Q10", 4, STANCE, THREE, lean=0.05, ward=0.1, shift=-0.28, dont_know=0.09),
    Scale("Q11", 4, STANCE, THREE, lean=-0.25, dont_know=0.16, refused=0.02),
    Scale("Q12", 5, ("1", "2", "3", "4"), (-1.2, -0.2, 0.8), lean=0.2, dont_know=0.04),
    Scale("Q13", 5, SATISFACTION, FIVE, lean=0.3, ward=-0.1, dont_know=0.08, refused=0.02),
)

CHANNELS = (0.55, 0.62, 0.38, 0.31, 0.17)
NUISANCES = (0.48, 0.36, 0.27, 0.33, 0.12)
"""Shares that tick each option of Q6 (where they hear of the city's policies) and Q7 (what bothers them)."""

SERVICE = Scale("Q5", 3, SATISFACTION, FIVE, lean=0.5, dont_know=0.01)
"""Asked only of those who used a one-stop centre (Q4)."""

SUGGESTIONS = (
    "",
    "Mong thành phố sớm xử lý các điểm ngập khi mưa lớn.",
    "Cần thêm thùng rác và tăng chuyến thu gom; rác để lâu gây mùi.",
    "Thủ tục nhanh hơn trước, nhưng người lớn tuổi khó nộp hồ sơ trực tuyến.",
    'Không có ý kiến gì thêm; nhân viên nói "chờ" là phải chờ.',
)


def answer(stream: Stream, people: Respondents, question: Scale, progress: float) -> "pa.Array":
    """Answers to one closed question: 98 is khó trả lời, 99 refusal, "" passed over, NULL never reached."""
    count = len(people.age)
    inclination = stream.bell(count) + people.mood + question.lean + question.ward * people.is_ward
    position = np.searchsorted(question.cuts, inclination + question.shift * progress)
    labels = [*question.answers, "98", "99", ""]
    fate = stream.uniform(count)
    unsure = question.dont_know * np.where(people.education <= 2, 1.4, 0.7)
    position = np.where(fate < unsure, len(question.answers), position)
    position = np.where(fate >= 1.0 - question.refused, len(question.answers) + 1, position)
    passed = stream.chance(count, 0.012)
    position = np.where(passed, len(question.answers) + 2, position).astype(np.int64)
    return labelled(labels, position, people.last_page < question.page)


def tick(
    stream: Stream, people: Respondents, code: str, page: int, shares: tuple[float, ...]
) -> "dict[str, pa.Array]":
    """A multiple-choice question, one column an option: Y ticked, "" not."""
    columns: dict[str, pa.Array] = {}
    for ordinal, share in enumerate(shares, start=1):
        young = np.where(people.age < 45, 0.06, -0.06)
        chance: Floats = np.clip(share + young, 0.02, 0.98)
        ticked = stream.chance(len(people.age), chance)
        marks = labelled(["", "Y"], ticked.astype(np.int64), people.last_page < page)
        columns[f"{code}[SQ{ordinal:03d}]"] = marks
    return columns


def count_of(stream: Stream, people: Respondents, page: int, top: int, power: float) -> "pa.Array":
    """A number with many small values and few large ones; some leave it empty."""
    count = len(people.age)
    number = np.floor((top + 1) * stream.uniform(count) ** power).astype(np.int64)
    labels = [*(str(value) for value in range(top + 1)), ""]
    number = np.where(stream.chance(count, 0.03), top + 1, number)
    return labelled(labels, number, people.last_page < page)


def ask(stream: Stream, people: Respondents, progress: float, first: int) -> "dict[str, pa.Array]":
    """Every answer column of a block, in the questionnaire's order; `progress` of the change is 0 to 1."""
    import pyarrow as pa
    import pyarrow.compute as pc

    count = len(people.age)
    usage: Floats = 0.38 + 0.09 * progress + 0.05 * people.is_ward.astype(np.float64)
    used = stream.chance(count, usage)
    never = pa.scalar(None, pa.string())
    marked = pa.array((np.arange(first, first + count) % 400 == 1) & (people.last_page >= 6))
    said = stream.pick(count, [0.7, 0.1, 0.08, 0.07, 0.05])
    comment = labelled(list(SUGGESTIONS), said, people.last_page < 6)
    columns = {scale.column: answer(stream, people, scale, progress) for scale in OPENING}
    columns["Q4"] = labelled(["N", "Y"], used.astype(np.int64), people.last_page < 3)
    columns["Q5"] = pc.if_else(pa.array(used), answer(stream, people, SERVICE, progress), never)
    columns |= tick(stream, people, "Q6", 4, CHANNELS)
    columns["Q6[other]"] = labelled([""], np.zeros(count, np.int64), people.last_page < 4)
    columns |= tick(stream, people, "Q7", 4, NUISANCES)
    columns["Q7[other]"] = pc.if_else(
        marked, pa.scalar(canaries.SENTENCE), labelled([""], np.zeros(count, np.int64), people.last_page < 4)
    )
    columns["Q8"] = count_of(stream, people, 4, 60, 6.0)
    columns["Q9"] = count_of(stream, people, 4, 180, 3.2)
    columns |= {scale.column: answer(stream, people, scale, progress) for scale in CLOSING}
    columns["Q14"] = pc.if_else(marked, pa.scalar(canaries.SENTENCE), comment)
    return columns
