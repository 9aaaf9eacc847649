"""The fixtures through the parser: only the deliberate duplicates are refused, and no canary leaves it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opinion_warehouse.readers import parts
from opinion_warehouse.readers.parse import SUMMARY, parse
from opinion_warehouse.sample import SAMPLE_SOURCES, canaries
from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources import load_sources

FIXTURES = PROJECT / "tests" / "fixtures"
FILES = [path for source in SAMPLE_SOURCES for path in sorted((FIXTURES / source).iterdir())]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_fixture_is_parsed_without_bad_rows_or_canaries(path: Path, tmp_path: Path) -> None:
    spec = next(spec for spec in load_sources(PROJECT / "sources") if spec.id == path.parent.name)
    parse({
        "scratch": str(tmp_path),
        "source": spec.model_dump(mode="json"),
        "reference_dir": str(PROJECT / "dbt_project" / "seeds"),
        "path": str(path),
        "file_name": path.name,
        "received_at": datetime(2026, 7, 10, tzinfo=UTC).isoformat(),
        "night": "2026-07-10",
        "key": "5a" * 32,
        "file_id": 1,
    })  # fmt: skip
    summary_text = (tmp_path / SUMMARY).read_text(encoding="utf-8")
    summary = json.loads(summary_text)
    assert summary["rejected"] is None
    assert summary["rows_good"] > 1
    duplicates = 1 if path.parent.name == "vendor_mentions" else 0
    assert summary["rows_bad"] == summary["rows_harmless"] == duplicates
    for _, part in parts.finished(tmp_path):
        assert canaries.find_canaries(part.read_bytes()) == []
    assert canaries.find_canaries(summary_text) == []
