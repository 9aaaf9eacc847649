"""A bit changed anywhere in a fixture of a binary format gives a reason code or sound rows, and nothing else.

Read by the real server: a native parser that crashes takes its child with it, and the next file is read.
"""

import random
from pathlib import Path

import pytest
from limited_child import parse_in_child
from reader_jobs import FIXTURES

from opinion_warehouse.readers.problems import MENDS
from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources import load_source

FILES = [
    ("spss_attitudes", "thai_do_2026-03.sav", 8),
    ("spss_attitudes", "thai_do_2026-06.zsav", 5),
    ("stata_households", "households_w12.dta", 6),
    ("stata_households", "households_old.dta", 4),
    ("triple_s_omnibus", "omnibus_2026-06.zip", 9),
]
NOT_OURS = {"parser_oom", "parser_timeout"}
by_file = pytest.mark.parametrize(("source_id", "name", "rows"), FILES)


def flip(source_id: str, name: str, rows: int, folder: Path, seeds: range) -> None:
    source = load_source(PROJECT / "sources" / "_examples" / f"{source_id}.yml")
    sound = (FIXTURES / source_id / name).read_bytes()
    for seed in seeds:
        dice = random.Random(f"{name} {seed}")
        data = bytearray(sound)
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        parsed = parse_in_child(source, bytes(data), folder / str(seed), name)
        if parsed.rejected:
            assert parsed.rejected["code"] in MENDS.keys() - NOT_OURS, seed
        else:
            assert parsed.rows_good + parsed.rows_bad == rows, seed
    assert parse_in_child(source, sound, folder / "sound", name).rejected is None


@by_file
def test_bit_flip_gives_a_reason_or_sound_rows(source_id: str, name: str, rows: int, tmp_path: Path) -> None:
    flip(source_id, name, rows, tmp_path, range(40))


@pytest.mark.long
@by_file
def test_many_bit_flips_give_reasons_or_sound_rows(
    source_id: str, name: str, rows: int, tmp_path: Path
) -> None:
    flip(source_id, name, rows, tmp_path, range(40, 1_000))


def test_crash_of_the_native_parser_is_a_reason_and_the_next_file_is_read(tmp_path: Path) -> None:
    source_id, name, _ = FILES[0]
    source = load_source(PROJECT / "sources" / "_examples" / f"{source_id}.yml")
    sound = (FIXTURES / source_id / name).read_bytes()
    # Says of a numeric variable with value labels that it is a string: ReadStat follows a pointer to nowhere.
    at = sound.index(b"GIOI_TIN") - 20  # its width
    assert sound[at : at + 4] == bytes(4)
    crashing = sound[:at] + b"\1" + sound[at + 1 :]
    rejected = parse_in_child(source, crashing, tmp_path / "crash", name).rejected
    assert rejected is not None
    assert rejected["code"] == "parser_crash"
    assert parse_in_child(source, sound, tmp_path / "next", name).rows_good == 5
