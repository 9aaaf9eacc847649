"""Parses bytes as the night does: in a limited child of the real server."""

from datetime import UTC, date, datetime
from pathlib import Path

from opinion_warehouse.intake.parsing import Parse, Parsed
from opinion_warehouse.settings import Settings
from opinion_warehouse.sources import Source

LIMITS = {
    "memory_bytes": 2 << 30,
    "cpu_seconds": 60,
    "wall_seconds": 90,
    "stall_seconds": 10,
    "file_bytes": 1 << 30,
}


def parse_in_child(
    source: Source, data: bytes, folder: Path, name: str, limits: dict[str, int] | None = None
) -> Parsed:
    """What intake would be told of the file. `folder` is made; its `scratch` must not be there yet."""
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    path = folder / "delivered"
    path.write_bytes(data)
    parse = Parse(
        Settings(),
        source,
        path=path,
        file_name=name,
        file_id=1,
        received_at=datetime(2026, 12, 1, tzinfo=UTC),
        night=date(2026, 12, 1),
        key=bytes(32),
        scratch=scratch,
        limits=LIMITS | (limits or {}),
    )
    for _ in parse.parts():
        pass
    return parse.parsed
