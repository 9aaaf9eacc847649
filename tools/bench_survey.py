"""`python tools/bench_survey.py [WAVES]`: the survey's estimates against a bare scan, in a home of their own.

A made survey is written into landing by SQL: each wave has 20,000 respondents, 20 single-choice questions of
4 or 5 options with 3 % missing, 20 strata of about 10 PSUs, and 234 domains. The floor, in the same run, is
one scan, join and group-by of all its answers. Seconds are from the first model's start to the last's end;
the server's processor seconds are what others on the machine do not change.
"""

import json
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from opinion_warehouse import dbt, release
from opinion_warehouse.analysis.weighting import weigh
from opinion_warehouse.database import server
from opinion_warehouse.database.connect import connect
from opinion_warehouse.database.migrate import migrate
from opinion_warehouse.intake.discover import sync_source
from opinion_warehouse.settings import Settings
from opinion_warehouse.sources import Source

if TYPE_CHECKING:
    import psycopg

WAVES = int(sys.argv[1]) if len(sys.argv) > 1 else 50
RESPONDENTS = 20_000
QUESTIONS = 20
PLACES = 17  # (everyone + 12 groups) × (the whole + 17 places) = 234 domains
GROUPS = {"gender": 2, "age_group": 3, "education": 3, "occupation": 4}
SOURCE_ID = "bench_survey"
NIGHT = date(2026, 11, 20)
TABLES = ["landing.survey_response", "landing.survey_answer"]
MODELS = ["run", "--select", "+fct_survey_estimate", "+fct_survey_wave"]

FILES = """
insert into intake.file (source_id, sha256, file_name, byte_count, received_at, night, run_id, parser_version,
    spec_sha256, status, rows_read, rows_loaded, rows_quarantined)
select source_id, encode(sha256(convert_to('wave ' || wave, 'UTF8')), 'hex'), wave || '.csv', 1,
    %(night)s, %(night)s, 'bench', '1', spec_sha256, 'loaded', %(respondents)s, %(respondents)s, 0
from intake.source, generate_series(1, %(waves)s) as wave
order by wave
"""

# A PSU lies in one stratum and in one place.
RESPONSES = """
insert into landing.survey_response (file_id, respondent_key, source_id, wave_id, row_number, is_complete,
    weight, stratum_code, psu_code, place_code, groups)
select file_id, encode(sha256(convert_to(file_id || ':' || n, 'UTF8')), 'hex'), source_id,
    split_part(file_name, '.', 1), n, true, exp(random_normal(0, 0.4)), 's' || stratum, 'p' || psu,
    'place' || 1 + (stratum * 12 + psu) %% %(places)s,
    jsonb_build_object('gender', 'c' || random(1, 2), 'age_group', 'c' || random(1, 3),
        'education', 'c' || random(1, 3), 'occupation', 'c' || random(1, 4))
from intake.file
cross join generate_series(1, %(respondents)s) as n
cross join lateral (select n %% 20 as stratum, n / 20 %% (8 + n %% 20 %% 5) as psu) as drawn
order by file_id, n
"""

ANSWERS = """
insert into landing.survey_answer (file_id, respondent_key, source_id, wave_id, question_id, answer_code,
    missing_code)
select file_id, respondent_key, source_id, wave_id, 'q' || lpad(question::text, 2, '0'),
    case when said < 0.97 then (1 + floor(power(said / 0.97, 1.5) * (4 + question %% 2)))::int::text end,
    case when said < 0.97 then 0 else 2 end
from (
    select *, random() as said
    from landing.survey_response cross join generate_series(1, %(questions)s) as question
) as answer
"""

FLOOR = """
select question_id, answer_code, count(*), sum(weight)
from landing.survey_answer inner join landing.survey_response using (file_id, respondent_key)
where missing_code = 0 group by 1, 2
"""

CONSTRAINTS = """
select conrelid::regclass, conname, pg_get_constraintdef(oid) from pg_constraint
where contype in ('p', 'f') and array[conrelid, confrelid] && %(tables)s::regclass[]::oid[]
order by contype -- foreign keys first
"""
INDEXES = """
select indexrelid::regclass, pg_get_indexdef(indexrelid) from pg_index
where indrelid = any(%(tables)s::regclass[])
"""

ESTIMATES = "core.fct_survey_estimate"
SIZES = f"select count(distinct domain_key) || ' domains, ' || count(*) || ' estimates' from {ESTIMATES}"  # noqa: S608
WRITTEN = f"select wave_key, xmin::text, count(*) from {ESTIMATES} group by 1, 2"  # noqa: S608
ACCEPT = "update intake.file set landing_verdict = 'accepted' where split_part(file_name, '.', 1)::int <= %s"
TEMPORARY = "select temp_bytes / 1e6 from pg_stat_database where datname = current_database()"


def spec() -> Source:
    """The made survey's spec."""
    text = {"vi": "x", "en": "x"}
    record = "strategy sponsor population sample_generation mode_detail precision weighting processing"
    said = dict.fromkeys([*record.split(), "limitations"], text) | {"mode": "paper"}

    def codes(before: str, count: int) -> list[dict[str, Any]]:
        return [{"code": f"{before}{n}", "label": text} for n in range(1, count + 1)]

    def wave(number: int) -> dict[str, Any]:
        day = (NIGHT + timedelta(days=7 * (number - WAVES - 1))).isoformat()
        return {"id": str(number), "fieldwork_start": day, "fieldwork_end": day, **said}

    def question(number: int) -> dict[str, Any]:
        asked = {"id": f"q{number:02}", "column": f"q{number:02}", "kind": "single", "wording": text}
        return asked | {"topic": "D2", "options": codes("", 4 + number % 2)}

    def group(name: str, count: int) -> dict[str, Any]:
        return {"dimension": name, "label": text, "column": name, "codes": codes("c", count)}

    survey = {
        "series": SOURCE_ID,
        "wave_from": {"column": "wave"},
        "place": "place",
        "coverage_place": "whole",
        "design": {"sampling": "probability", "weight": "weight", "stratum": "stratum", "psu": "psu"},
        "groups": [group(name, count) for name, count in GROUPS.items()],
        "questions": [question(number) for number in range(1, QUESTIONS + 1)],
        "waves": [wave(number) for number in range(1, WAVES + 1)],
    }
    below = {"level": "other", "parent": "whole", "name": text}
    places = [below | {"code": f"place{n}"} for n in range(1, PLACES + 1)]
    places.append({"code": "whole", "level": "province", "name": text})
    source = dict.fromkeys(["owner", "licence", "provenance"], "bench") | {"places": places, "survey": survey}
    source |= {
        "id": SOURCE_ID,
        "family": "survey",
        "title": text,
        "is_made": True,
        "files": {"format": "csv"},
    }
    return Source.model_validate(source)


def fill(connection: "psycopg.Connection[Any]") -> None:
    """One source, a file a wave (none accepted yet), its respondents and their answers."""
    sync_source(connection, spec(), NIGHT)
    sizes = {"waves": WAVES, "respondents": RESPONDENTS, "questions": QUESTIONS, "places": PLACES}
    with connection.transaction():
        connection.execute("select setseed(0.11)")
        with without_indexes(connection):
            for statement in (FILES, RESPONSES, ANSWERS):
                connection.execute(statement, {**sizes, "night": NIGHT})
    connection.execute(f"vacuum (analyze) {', '.join(TABLES)}")


@contextmanager
def without_indexes(connection: "psycopg.Connection[Any]") -> Iterator[None]:
    """Make the landing tables' keys and indexes when the rows are in: row by row they take minutes."""
    constraints = connection.execute(CONSTRAINTS, {"tables": TABLES}).fetchall()
    for table, name, _ in constraints:
        connection.execute(f"alter table {table} drop constraint {name}")
    indexes = connection.execute(INDEXES, {"tables": TABLES}).fetchall()
    for name, _ in indexes:
        connection.execute(f"drop index {name}")
    yield
    for table, name, definition in reversed(constraints):
        connection.execute(f"alter table {table} add constraint {name} {definition}")
    for _, definition in indexes:
        connection.execute(definition)


def value(connection: "psycopg.Connection[Any]", query: str) -> Any:
    """The first value of a query."""
    return connection.execute(query).fetchall()[0][0]


def processor() -> float:
    """Processor seconds of the server's sessions that have ended."""
    time.sleep(0.5)  # they end a moment after they are closed
    spent = psutil.Process(running.pid).cpu_times()
    return spent.children_user + spent.children_system


def time_floor() -> tuple[float, float]:
    """Seconds and processor seconds of the floor, the better of two."""
    spent, seconds = processor(), []
    with connect(settings, "admin") as connection:
        for _ in range(2):
            began = time.monotonic()
            connection.execute(FLOOR)
            seconds.append(time.monotonic() - began)
    return min(seconds), (processor() - spent) / 2


@contextmanager
def peak_of_memory(postmaster: int) -> Iterator[list[float]]:
    """MB of the server's processes together, the most seen (PSS: what they share counts once)."""
    peak, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            total = 0
            for child in psutil.Process(postmaster).children():
                with suppress(psutil.Error):
                    total += child.memory_full_info().pss
            peak[0] = max(peak[0], total / 1e6)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def elapsed() -> float:
    """Seconds from the start of the first node of the newest dbt run to the end of its last."""
    results = json.loads((settings.home_dir / "dbt" / "target" / "run_results.json").read_text())["results"]
    times = [
        datetime.fromisoformat(phase[end])
        for result in results
        for phase in result["timing"]
        for end in ("started_at", "completed_at")
    ]
    return (max(times) - min(times)).total_seconds()


def build(connection: "psycopg.Connection[Any]", name: str, last_wave: int, *options: str) -> float:
    """Accept the waves up to this one and build the survey's models; returns the seconds it took."""
    connection.execute(ACCEPT, [last_wave])
    release_id = release.open_release(settings, NIGHT, "bench")
    if release_id is None:
        raise RuntimeError("no release was opened")
    weigh(settings, release_id)
    given: dict[str, Any] = {"release_id": release_id, "night": NIGHT, "run_id": "bench"}
    dbt.run_dbt(settings, ["seed"], **given)
    temporary, spent, began = value(connection, TEMPORARY), processor(), time.monotonic()
    with peak_of_memory(running.pid) as peak:
        results = dbt.run_dbt(settings, [*MODELS, *options], **given)
    wall = time.monotonic() - began
    seconds = elapsed()
    together = sum(result.seconds for result in results)
    temporary, spent = value(connection, TEMPORARY) - temporary, processor() - spent
    print(f"\n{name}: {seconds:.1f} s, {seconds / floor:.2f} × the floor;", end=" ")
    print(f"nodes added up {together:.1f} s, with dbt's own start {wall:.1f} s;", end=" ")
    print(
        f"processor {spent:.1f} s, {spent / floor_spent:.2f} × the floor's; memory {peak[0]:,.0f} MB,",
        end=" ",
    )
    print(f"temporary files {temporary:,.0f} MB; {value(connection, SIZES)}")
    for result in sorted(results, key=lambda result: -result.seconds)[:6]:
        print(f"  {result.node_id.split('.')[-1]:<40}{result.seconds:8.1f} s", flush=True)
    return seconds


def bench(connection: "psycopg.Connection[Any]") -> None:
    """One wave alone; all but the last anew; the last as the one new wave of its night."""
    one = build(connection, "one wave", 1)
    many = build(connection, f"{WAVES - 1} waves anew", WAVES - 1, "--full-refresh")
    before = connection.execute(WRITTEN).fetchall()
    new = build(connection, "one new wave", WAVES)
    after = connection.execute(WRITTEN).fetchall()
    if not set(before) < set(after) or len({key for key, _, _ in after}) != WAVES:
        raise RuntimeError("estimates of other waves were written again, or the new wave has none")
    print(f"\n{WAVES} waves {many + new:.1f} s, {(many + new) / floor:.1f} × the floor;", end=" ")
    print(f"one wave {max(one, new) / floor:.2f} × the floor")


home = Path(tempfile.mkdtemp(prefix="opinion-bench-"))
home.chmod(0o755)
settings = Settings(home=home, dsn=None)
try:
    running = server.start(settings)
    migrate(settings)
    with connect(settings, "admin", autocommit=True) as admin:
        began = time.monotonic()
        fill(admin)
        made = time.monotonic() - began
        valid = value(admin, "select count(*) from landing.survey_answer where missing_code = 0")
        floor, floor_spent = time_floor()
        print(f"{WAVES} waves × {RESPONDENTS:,} respondents × {QUESTIONS} questions made in {made:.0f} s")
        print(f"floor: {floor:.2f} s (processor {floor_spent:.2f} s) for {valid:,} answers", flush=True)
        bench(admin)
finally:
    server.remove(settings)
    shutil.rmtree(home, ignore_errors=True)
