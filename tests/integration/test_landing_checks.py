"""The survey's landing suite: good files of every design pass it, and each check fails on its own poison."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
from city_survey import NIGHT, SOURCE, Row, deliver, house_of, person, say, survey, take_in, write

from opinion_warehouse import intake
from opinion_warehouse.checks import EXPECTATIONS, Parameter, evaluate, fill, load_suite
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings

SUITE = load_suite(EXPECTATIONS / "landing" / "survey.yml")
TWO_STAGES = {
    "sampling": "probability",
    "weight": "w",
    "stratum": "area",
    "psu": "block",
    "ssu": "house",
    "stratum_psu_total": "blocks",
    "psu_size": "houses",
}
SIMPLE = {"sampling": "probability", "weight": "w", "stratum_psu_total": "blocks"}
R, A = "landing.survey_response", "landing.survey_answer"
ONE = "(select min(respondent_key) from landing.survey_response where file_id = {f} and is_complete)"

# check → statements, each of which breaks the rule; {f} is the two-stage file
POISON: dict[str, list[str]] = {
    "LND-101": [f"update {R} set is_complete = false where file_id = {{f}}"],
    "LND-102": [f"delete from {A} where file_id = {{f}} and respondent_key = {ONE} and question_id = 'bus'"],
    "LND-103": [f"update {A} set missing_code = 2 where file_id = {{f}} and wave_id = 'w1'"],
    "LND-104": [f"delete from {R} where file_id = {{f}} and wave_id = 'w1' and stratum_code = 'n'"],
    "LND-105": [f"update {R} set weight = null where file_id = {{f}} and respondent_key = {ONE}"],
    "LND-106": [f"update {R} set weight = 101 where file_id = {{f}} and respondent_key = {ONE}"],
    "LND-107": [f"update {A} set missing_code = 2 where file_id = {{f}} and question_id = 'bus'"],
    "LND-108": [f"update {R} set psu_code = 'n1' where file_id = {{f}} and stratum_code = 'n'"],
    "LND-109": [
        f"update {R} set stratum_psu_total = 31 where file_id = {{f}} and respondent_key = {ONE}",
        f"update {R} set stratum_psu_total = null where file_id = {{f}} and respondent_key = {ONE}",
        f"update {R} set stratum_psu_total = 1 where file_id = {{f}} and stratum_code = 'n'",
        f"update {R} set stratum_psu_total = 1.5 where file_id = {{f}} and stratum_code = 's'",
        f"update {R} set stratum_psu_total = 11 where file_id = {{g}}",
    ],
    "LND-110": [
        f"update {R} set psu_size = 41 where file_id = {{f}} and respondent_key = {ONE}",
        f"update {R} set psu_size = null where file_id = {{f}} and respondent_key = {ONE}",
        f"update {R} set psu_size = 1 where file_id = {{f}} and stratum_code = 'n'",
        f"update {R} set ssu_code = null where file_id = {{f}} and stratum_code = 's'",
    ],
}


@dataclass(frozen=True)
class Landed:
    """A two-stage file, its predecessor, and a simple sample of another source."""

    settings: Settings
    two_stages: int
    simple: int

    @property
    def parameters(self) -> dict[str, Parameter]:
        return {"file_ids": [self.two_stages, self.simple], "source_id": SOURCE, "night": NIGHT}


def two_stages() -> list[Row]:
    """North: 2 of 30 blocks, 2 of 40 houses. South is taken whole: both blocks, both houses, two in each."""
    rows = []
    for wave_id in ("w1", "w2"):
        for area, blocks, houses in (("n", "30", "40"), ("s", "2", "2.0")):
            for block in "12":
                for house in "12":
                    for _ in range(2):
                        place = {"area": area, "block": area + block, "house": house}
                        sizes = {"blocks": blocks, "houses": houses}
                        rows.append(person(len(rows), wave_id, **place, **sizes))
        broken_off = person(len(rows), wave_id, done="", w="", area="n")
        rows.append(broken_off | dict.fromkeys(("block", "house", "blocks", "houses"), ""))
    return rows


@pytest.fixture(scope="module")
def landed(
    new_warehouse: Callable[[], AbstractContextManager[Settings]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Landed]:
    with new_warehouse() as settings:
        house = house_of(settings, tmp_path_factory.mktemp("landed"))
        say(house, survey(design=TWO_STAGES))
        say(house, survey(design=SIMPLE, series="simple_survey"), source_id="simple_survey")
        deliver(house, "before.csv", two_stages())
        yield Landed(
            house,
            deliver(house, "two_stages.csv", [row | {"spent": "11"} for row in two_stages()]),
            deliver(
                house, "simple.csv", [person(number, blocks="12") for number in range(12)], "simple_survey"
            ),
        )


def test_suite_good_files_pass_every_check(landed: Landed) -> None:
    found = evaluate(landed.settings, SUITE, landed.parameters, 10)
    assert {result.check_id: result.outcome for result in found if result.outcome != "pass"} == {}
    assert len(found) == len(SUITE.checks)


@pytest.mark.parametrize("suite_file", sorted((EXPECTATIONS / "landing").glob("*.yml")), ids=lambda p: p.stem)
def test_columns_a_check_shows_are_of_its_query_and_no_key(landed: Landed, suite_file: Path) -> None:
    with connect(landed.settings, "gate") as connection:
        for check in load_suite(suite_file).checks:
            assert not [name for name in check.shows if name.endswith("_key")], check.id
            shown = ", ".join(check.shows) or "1"
            query = fill(check.query, landed.parameters)
            connection.execute(f"select {shown} from ({query}) as broken limit 0".encode())


def test_suite_every_check_has_its_poison() -> None:
    assert sorted(check.id for check in SUITE.checks) == sorted(POISON)


@pytest.mark.parametrize(
    ("check_id", "statement"), [(check_id, each) for check_id, several in POISON.items() for each in several]
)
def test_suite_poisoned_file_fails_the_check(landed: Landed, check_id: str, statement: str) -> None:
    query = fill(next(check.query for check in SUITE.checks if check.id == check_id), landed.parameters)
    with connect(landed.settings, "admin") as connection:
        poisoned = connection.execute(statement.format(f=landed.two_stages, g=landed.simple).encode())
        assert poisoned.rowcount > 0
        connection.execute("set local role gate")
        offending = connection.execute(f"select count(*) from ({query}) as broken".encode()).fetchone()
        connection.rollback()
    assert offending is not None and offending[0] > 0


@pytest.mark.parametrize(
    ("check_id", "wrong"),
    [("LND-109", {"blocks": "1"}), ("LND-110", {"houses": "1"})],
)
def test_file_with_sizes_that_cannot_be_is_held_back(
    new_warehouse: Callable[[], AbstractContextManager[Settings]],
    tmp_path_factory: pytest.TempPathFactory,
    check_id: str,
    wrong: Row,
) -> None:
    with new_warehouse() as settings:
        house = house_of(settings, tmp_path_factory.mktemp("held"))
        say(house, survey(design=TWO_STAGES))
        write(house, "a.csv", [row | (wrong if row["done"] else {}) for row in two_stages()])
        take_in(house)
        (result,) = intake.check_landing(house, "survey", NIGHT, "run")
    assert result["verdict"] == "held"
    assert [failed.split()[0] for failed in result["failed"]] == [check_id]
