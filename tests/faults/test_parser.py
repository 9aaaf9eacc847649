"""F36–F39 and the child's limits, each through the real server of limited children and the whole load."""

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from house import (
    CONTENT,
    HEADER,
    NIGHT,
    ROWS,
    SOURCE,
    SPEC,
    assert_whole,
    attempts,
    clear,
    deliver,
    digest,
    furnish,
    load,
    outcomes,
    query,
    rows,
    visible,
)

from opinion_warehouse import intake
from opinion_warehouse.database.secrets import HMAC_KEY, SecretMissing
from opinion_warehouse.intake import load as loading
from opinion_warehouse.intake import parsing
from opinion_warehouse.intake.store import StoreCorrupt
from opinion_warehouse.settings import PROJECT, Settings


def texts(count: int) -> str:
    """Rows whose texts take work."""
    text = "giá đất đền bù chưa thoả đáng " * 12
    return "".join(f"{number},2026-06-01T10:00:00Z,{text}{number},a\n" for number in range(count))


LARGE = HEADER + texts(60_000)


def refused(settings: Settings) -> str:
    """The reason code of the one file that is there; the loader is alive, and so is the next file."""
    (result,) = load(settings)
    assert result["outcome"] == "rejected"
    assert visible(settings) == 0
    deliver(settings, "next.csv", HEADER + rows(0, 5))
    assert outcomes(settings) == ["loaded"]
    assert query(
        settings, "select sum(rows_read) = sum(rows_loaded + rows_quarantined) from intake.file"
    ) == [(True,)]
    (code,) = query(settings, "select reason_code from intake.file where status = 'rejected'")[0]
    assert code == result["reason_code"]
    return str(code)


def least_memory(settings: Settings) -> int:
    """What a file of five rows needs: address space, most of it the libraries'."""
    too_little, enough = 400, 2_000
    while enough - too_little > 20:
        megabytes = (too_little + enough) // 2
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(parsing.LIMITS, "memory_bytes", megabytes << 20)
            deliver(settings, "next.csv", HEADER + rows(0, 5))
            if outcomes(settings) == ["loaded"]:
                enough = megabytes
            else:
                too_little = megabytes
        clear(settings)
    return enough << 20


@pytest.mark.parametrize(
    ("limit", "value", "reason"),
    [
        ("memory_bytes", None, "parser_oom"),
        ("wall_seconds", 0.3, "parser_timeout"),
    ],
)
def test_child_over_a_limit_is_a_reason_and_the_file_is_read_with_more(
    house: Settings, monkeypatch: pytest.MonkeyPatch, limit: str, value: float | None, reason: str
) -> None:
    monkeypatch.setitem(parsing.LIMITS, "stall_seconds", 2)
    monkeypatch.setitem(parsing.LIMITS, limit, value or least_memory(house))
    deliver(house, content=LARGE)
    assert refused(house) == reason
    monkeypatch.undo()
    deliver(house, content=LARGE)
    assert outcomes(house) == ["loaded"], "of its own accord: limits may differ by now"
    assert query(house, "select count(*), sum(rows_loaded) from intake.file") == [(2, 60_005)]


def test_child_over_its_processor_time_is_a_reason(house: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(house, content=HEADER + texts(300_000))
    monkeypatch.setitem(parsing.LIMITS, "cpu_seconds", 1)
    assert refused(house) == "parser_timeout"


def test_child_that_writes_more_than_is_allowed_is_no_fault_of_the_file(
    clean: str, house: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = deliver(house)
    monkeypatch.setitem(parsing.LIMITS, "file_bytes", 100_000)
    with pytest.raises(parsing.ScratchFull):
        load(house)
    monkeypatch.undo()
    assert path.exists()
    assert outcomes(house) == ["loaded"]
    assert digest(house) == clean
    assert_whole(house)


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("files", "content", "reason"),
    [
        ("max_bytes: 1000", CONTENT.encode(), "too_large"),
        ("compression: zip", zipped({"a.csv": bytes(20_000_000)}), "zip_bomb"),
        ("compression: zip", zipped({f"{n}.csv": b"" for n in range(2_001)}), "zip_bomb"),
        ("compression: zip", zipped({"a.csv": b"a", "b.csv": b"b"}), "bad_archive"),
    ],
)
def test_file_over_a_limit_of_its_own_is_refused(
    house: Settings, files: str, content: bytes, reason: str
) -> None:
    spec = house.sources_dir / "social" / f"{SOURCE}.yml"
    spec.write_text(SPEC.replace('"*.csv"}', f'"*", {files}}}'), encoding="utf-8")
    try:
        deliver(house, content=content)
        ((name, code),) = [(each["name"], each["reason_code"]) for each in load(house)]
        assert (name, code) == ("a.csv", reason)
    finally:
        spec.write_text(SPEC, encoding="utf-8")
    deliver(house, "next.csv", HEADER + rows(0, 5))
    assert outcomes(house) == ["loaded"]


def test_parser_that_crashes_is_a_reason_and_the_loader_reads_the_next_file(house: Settings) -> None:
    shutil.copytree(PROJECT / "sources" / "_examples", house.home_dir / "examples", dirs_exist_ok=True)
    folder = house.sources_dir / "survey"
    folder.mkdir(exist_ok=True)
    spec = folder / "spss_attitudes.yml"
    shutil.copy(house.home_dir / "examples" / spec.name, spec)
    try:
        sound = (PROJECT / "tests" / "fixtures" / "spss_attitudes" / "thai_do_2026-03.sav").read_bytes()
        # Says of a number with value labels that it is a string: ReadStat follows a pointer to nowhere.
        at = sound.index(b"GIOI_TIN") - 20
        inbox = house.inbox_dir / "spss_attitudes"
        inbox.mkdir(exist_ok=True)
        came_to = []
        for content in (sound[:at] + b"\1" + sound[at + 1 :], sound):
            path = inbox / "thai_do_2026-03.sav"
            path.write_bytes(content)
            came_to.append(intake.load_file(house, "spss_attitudes", path, NIGHT, "r"))
        assert [(each["outcome"], each["reason_code"]) for each in came_to] == [
            ("rejected", "parser_crash"),
            ("rejected", "bad_row_share"),  # the fixture is full of ugly rows, and they were read
        ]
        assert came_to[1]["rows_read"] == 8
    finally:
        spec.unlink()


def damage(settings: Settings) -> None:
    (stored,) = [path for path in Path(settings.store_url).rglob("*") if path.is_file()]
    content = bytearray(stored.read_bytes())
    content[len(content) // 2] ^= 1
    stored.write_bytes(content)


def test_stored_copy_that_is_damaged_is_stored_anew_by_the_retry(
    clean: str, house: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = deliver(house)
    monkeypatch.setattr(loading, "reached", lambda step: damage(house) if step == "stored" else None)
    with pytest.raises(StoreCorrupt):
        load(house)
    monkeypatch.undo()
    assert attempts(house) == [("failed", "store_corrupt")]
    assert visible(house) == 0
    assert path.exists()
    assert outcomes(house) == ["loaded"]
    assert digest(house) == clean
    assert_whole(house)


def test_stored_copy_that_is_damaged_later_keeps_what_was_loaded_of_it(clean: str, house: Settings) -> None:
    deliver(house)
    assert outcomes(house) == ["loaded"]
    damage(house)
    ((file_id,),) = query(house, "select file_id from intake.file")
    with pytest.raises(StoreCorrupt):
        intake.quarantine_replay(house, file_id, NIGHT, "r")
    assert attempts(house)[-1] == ("failed", "store_corrupt")
    assert digest(house) == clean, "all or nothing: the old reading stands"
    assert visible(house) == ROWS


def without_key(secrets: Path) -> None:
    (secrets / HMAC_KEY).unlink()


def with_half_a_key(secrets: Path) -> None:
    (secrets / HMAC_KEY).write_text("ab" * 16)


def with_a_wrong_password(secrets: Path) -> None:
    (secrets / "loader.password").write_text("wrong")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (without_key, SecretMissing),
        (with_half_a_key, SecretMissing),
        (with_a_wrong_password, psycopg.OperationalError),
    ],
)
def test_missing_key_or_wrong_password_fails_before_anything_is_parsed(
    clean: str,
    house: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[Path], None],
    error: type[Exception],
) -> None:
    path = deliver(house)
    secrets = tmp_path / "secrets"
    shutil.copytree(house.secrets_dir, secrets)
    fault(secrets)
    asked: list[Any] = []
    monkeypatch.setattr(loading, "Parse", lambda *_, **__: asked.append(1))
    broken = furnish(house, house.home_dir.parent, secrets=secrets)
    with pytest.raises(error):
        intake.load_file(broken, SOURCE, path, NIGHT, "r")
    monkeypatch.undo()
    assert asked == []
    assert attempts(house) == ([("failed", "secret_missing")] if error is SecretMissing else [])
    assert visible(house) == 0
    assert not any(each.is_file() for each in Path(house.store_url).rglob("*"))
    assert outcomes(house) == ["loaded"]
    assert digest(house) == clean


TRIES = """
import ctypes, json, os, socket, subprocess, sys
from opinion_warehouse.readers import parse, zygote

libc = ctypes.CDLL(None, use_errno=True)
PROGRAM = "import socket; socket.socket()"

def refused(what):
    try:
        done = what()
    except OSError as error:
        return error.errno
    return 0 if done != -1 else ctypes.get_errno()

def tries(order):
    tried = {
        "IPv4": refused(lambda: socket.socket(socket.AF_INET)),
        "IPv6, UDP": refused(lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)),
        "local": refused(lambda: socket.socket(socket.AF_UNIX)),
        "netlink": refused(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)),
        "by the C library": refused(lambda: libc.socket(2, 1, 0)),
        "io_uring": refused(lambda: libc.syscall(425, 1, ctypes.create_string_buffer(120))),
        "another process's": refused(lambda: libc.syscall(438, 0, 0, 0)),
        "in a program it starts": subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True
        ).stderr.splitlines()[-1:],
        "inherited": [
            name for name in os.listdir("/proc/self/fd")
            if os.path.exists(f"/proc/self/fd/{name}")
            and os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
        ],
    }
    with open(os.path.join(order["scratch"], "tried"), "w") as file:
        json.dump(tried, file)

parse.parse = tries
zygote.serve()
"""


def tries(scratch: Path, file_format: str) -> dict[str, Any]:
    """What a child of the real server is refused, whatever asks in it; 13 is EACCES."""
    order = {
        "scratch": str(scratch),
        "limits": parsing.LIMITS,
        "source": {"files": {"format": file_format, "attachment": None}},
    }
    done = subprocess.run(
        [sys.executable, "-c", TRIES],
        input=json.dumps(order) + "\n",
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
    )
    assert json.loads(done.stdout) == {"failed": None}, done.stderr
    tried: dict[str, Any] = json.loads((scratch / "tried").read_text())
    return tried


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's filter is Linux's")
def test_child_has_no_network(tmp_path: Path) -> None:
    tried = tries(tmp_path, "csv")
    assert tried.pop("inherited") == []
    assert tried.pop("in a program it starts") == ["PermissionError: [Errno 13] Permission denied"]
    assert set(tried.values()) == {13}, tried


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's filter is Linux's")
def test_child_that_needs_libreoffice_has_local_sockets_only(tmp_path: Path) -> None:
    tried = tries(tmp_path, "doc")
    assert tried["local"] == 0
    assert tried["IPv4"] == tried["IPv6, UDP"] == tried["by the C library"] == 13
