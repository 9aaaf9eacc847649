"""The DAGs: exactly these, wired so, owned, documented, retried, and cheap to parse."""

from itertools import pairwise
from typing import Any

import pytest

from opinion_warehouse.notify import runbook
from opinion_warehouse.settings import PROJECT

DAG_IDS = {
    "ingest_survey",
    "ingest_report",
    "ingest_social",
    "publish_opinion",
    "apply_retention",
    "roll_back_release",
    "erase_subject",
}
FAMILIES = ("survey", "report", "social")
PUBLISH = [
    "open_release",
    "weigh",
    "build_core",
    "analyse",
    "build_release",
    "seal",
    "gate",
    "attach",
    "publish",
]
HEAVY = {
    "polars",
    "pandas",
    "numpy",
    "scipy",
    "pyarrow",
    "great_expectations",
    "dbt",
    "psycopg",
    "sqlfluff",
    "openpyxl",
    "apprise",
    "rich",
    "opinion_warehouse.intake",
    "opinion_warehouse.connectors",
    "opinion_warehouse.readers",
    "opinion_warehouse.release",
    "opinion_warehouse.gate",
    "opinion_warehouse.analysis",
    "opinion_warehouse.dbt",
    "opinion_warehouse.database",
}


def test_dags_parse_without_error(parsed: dict[str, Any]) -> None:
    assert parsed["errors"] == {}


def test_dags_are_exactly_these(parsed: dict[str, Any]) -> None:
    assert set(parsed["dags"]) == DAG_IDS


def test_dags_parse_imports_nothing_heavy(parsed: dict[str, Any]) -> None:
    # Read at every parse, by every task: a heavy import is paid hundreds of times a night.
    imported = {name for name in parsed["modules"] if name in HEAVY or name.split(".")[0] in HEAVY}
    assert imported == set()
    assert parsed["seconds"] < 3


@pytest.mark.parametrize("dag_id", sorted(DAG_IDS))
def test_dag_is_owned_documented_and_retried(parsed: dict[str, Any], dag_id: str) -> None:
    dag = parsed["dags"][dag_id]
    assert "opinion" in dag["tags"]
    assert dag["description"]
    assert "### What it does" in dag["doc_md"]
    assert f"Runbook: {runbook(dag_id)}\n" in dag["doc_md"]
    assert dag["max_active_runs"] == 1
    assert dag["catchup"] is False
    by_hand = "by hand" in dag["tags"]
    assert dag["deadline"] is not by_hand
    for task in dag["tasks"].values():
        assert task["owner"] not in ("", "airflow")
        assert task["notified"]
        assert task["doc"]
        assert task["retries"] == (0 if by_hand else 2)
        assert task["backoff"] > 1


@pytest.mark.parametrize("family", FAMILIES)
def test_ingest_dag_closes_whatever_happened(parsed: dict[str, Any], family: str) -> None:
    tasks = parsed["dags"][f"ingest_{family}"]["tasks"]
    assert {name: task["upstream"] for name, task in tasks.items()} == {
        "list_fetches": [],
        "fetch": ["list_fetches"],
        "discover": ["fetch"],
        "load_file": ["discover"],
        "check_landing": ["load_file"],
        "close_intake": ["check_landing"],
    }
    assert tasks["discover"]["trigger_rule"] == "all_done"
    assert tasks["check_landing"]["trigger_rule"] == "all_done"
    assert tasks["close_intake"]["trigger_rule"] == "all_done"
    assert tasks["close_intake"]["outlets"] == [f"opinion/landed/{family}"]


def test_publish_dag_starts_on_the_three_assets(parsed: dict[str, Any]) -> None:
    dag = parsed["dags"]["publish_opinion"]
    assert dag["starts_on"] == sorted(f"opinion/landed/{family}" for family in FAMILIES)
    assert [name for name, task in dag["tasks"].items() if task["outlets"]] == ["publish"]
    assert dag["tasks"]["publish"]["outlets"] == ["opinion/release"]


def test_publish_dag_has_no_way_around_the_gate(parsed: dict[str, Any]) -> None:
    tasks = parsed["dags"]["publish_opinion"]["tasks"]
    assert set(tasks) == {*PUBLISH, "prune", "notify"}
    for before, after in pairwise(PUBLISH):
        assert before in tasks[after]["upstream"], f"{before} does not precede {after}"
    assert all(task["trigger_rule"] == "all_success" for task in tasks.values())
    assert tasks["prune"]["upstream"] == ["publish"]
    assert tasks["notify"]["upstream"] == ["publish"]


def test_forms_ask_for_what_they_need(parsed: dict[str, Any]) -> None:
    assert parsed["dags"]["roll_back_release"]["params"] == ["release_id", "why"]
    assert parsed["dags"]["erase_subject"]["params"] == ["reference", "source_id", "subject_keys"]


@pytest.mark.parametrize("path", sorted((PROJECT / "dags").glob("*.py")), ids=lambda path: path.name)
def test_dag_file_is_wiring_only(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 190
    for word in ("select ", "insert ", "open(", "connect(", "subprocess"):
        assert word not in text.lower().replace("apply_retention", ""), word
