"""`make bench [SCALE=10]`: nights on made data in a home of their own, timed."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
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
    print(f"\nscale {SCALE}, {os.cpu_count()} cores")
    for name, value in seconds.items():
        print(f"  {name:<26}{value:8.1f} s")
finally:
    opinion("down")
    from opinion_warehouse.database import server
    from opinion_warehouse.settings import Settings

    server.remove(Settings(home=home))
    shutil.rmtree(home, ignore_errors=True)
