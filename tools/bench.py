"""`make bench [SCALE=10]`: nights on made data in a home of their own, timed; and intake against a floor.

The floor is PostgreSQL's own COPY of the rows that intake landed, into a table of the same shape and keys.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

SCALE = sys.argv[1] if len(sys.argv) > 1 else "10"
PROJECT = Path(__file__).resolve().parents[1]


def opinion(*arguments: str) -> float:
    """Run the command `opinion`; returns its seconds."""
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "opinion_warehouse", *arguments], cwd=PROJECT, env=environment, check=True
    )
    return time.monotonic() - began


def intake_and_floor() -> tuple[int, float, float]:
    """Rows, seconds of intake, seconds of COPY for one more mention export, in the same run."""
    from opinion_warehouse import intake
    from opinion_warehouse.database.connect import connect
    from opinion_warehouse.sample import make_sample
    from opinion_warehouse.settings import Settings

    settings, night = Settings(home=home), date(2026, 11, 20)
    made = make_sample(home / "floor", seed=11, scale=float(SCALE), sources=["vendor_mentions"])
    largest = max(made, key=lambda path: path.stat().st_size)
    began = time.monotonic()
    done = intake.load_file(settings, "vendor_mentions", str(largest), night, "bench", take=False)
    taken = time.monotonic() - began
    with connect(settings, "admin", autocommit=True) as connection:
        rows = home / "rows.csv"
        newest = "(select * from landing.social_item where file_id = (select max(file_id) from intake.file))"
        with (
            rows.open("wb") as file,
            connection.cursor().copy(f"copy {newest} to stdout (format csv)") as copy,
        ):
            file.writelines(copy)
        connection.execute("create table landing.floor (like landing.social_item including all)")
        began = time.monotonic()
        with (
            rows.open("rb") as file,
            connection.cursor().copy("copy landing.floor from stdin (format csv)") as copy,
        ):
            while chunk := file.read(1 << 18):
                copy.write(chunk)
        copied = time.monotonic() - began
        connection.execute("drop table landing.floor")
    return int(done["rows_loaded"]), taken, copied


home = Path(tempfile.mkdtemp(prefix="opinion-bench-"))
home.chmod(0o755)
environment = os.environ | {"OPINION_HOME": str(home), "PYTHONPATH": str(PROJECT)}
try:
    seconds = {"set-up": opinion("setup")}
    seconds["sample"] = opinion("sample", "--scale", SCALE)
    seconds["first night"] = opinion("nightly")
    seconds["sample of another seed"] = opinion(
        "sample", "--scale", SCALE, "--seed", "7", "--source", "vendor_mentions"
    )
    seconds["night with new mentions"] = opinion("nightly")
    seconds["night with nothing new"] = opinion("nightly")
    rows, taken, copied = intake_and_floor()
    print(f"\nscale {SCALE}, {os.cpu_count()} cores")
    for name, value in seconds.items():
        print(f"  {name:<26}{value:8.1f} s")
    print(f"  intake of {rows:,} mentions {taken:.2f} s, COPY of the same rows {copied:.2f} s:", end=" ")
    print(f"ratio {copied / taken:.2f}")
finally:
    opinion("down")
    from opinion_warehouse.database import server
    from opinion_warehouse.settings import Settings

    server.remove(Settings(home=home))
    shutil.rmtree(home, ignore_errors=True)
