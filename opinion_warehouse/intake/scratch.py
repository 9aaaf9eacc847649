"""The folders that files are parsed in. They hold plain copies of raw files: none may outlive its parse.

A folder is locked for as long as its process lives, so that others, in other containers too, see that it is
at work; its process's number would say nothing to them.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opinion_warehouse.settings import Settings

_BEING_MADE = ".new-"
_ABANDONED_SECONDS = 3600


@contextmanager
def own_scratch(settings: Settings) -> Iterator[Path]:
    """A folder for one parse, gone after it."""
    made = Path(tempfile.mkdtemp(dir=_scratch(settings), prefix=_BEING_MADE))
    lock = os.open(made, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = made.rename(made.with_name(made.name.removeprefix(_BEING_MADE)))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def clean_scratch(settings: Settings) -> None:
    """Remove what killed processes left."""
    for folder in _scratch(settings).iterdir():
        if folder.name.startswith(_BEING_MADE):
            # Empty: only between two steps of being made is it not locked.
            if folder.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
                folder.rmdir()
        elif not _is_at_work(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _scratch(settings: Settings) -> Path:
    folder = settings.home_dir / "scratch"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _is_at_work(folder: Path) -> bool:
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return True  # it was done meanwhile
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
