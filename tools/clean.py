"""`make clean`: stop what runs on this home and remove it, wherever the server's data stand."""

import shutil

from opinion_warehouse import up
from opinion_warehouse.database import server
from opinion_warehouse.settings import PROJECT, Settings

settings = Settings()
stopped = up.down(settings)
# Only the default home goes: one that was named holds somebody's data.
if settings.home_dir == PROJECT / ".opinion":
    if settings.dsn is None and settings.home_dir.exists():
        server.remove(settings)
    shutil.rmtree(settings.home_dir, ignore_errors=True)
elif settings.home_dir.exists():
    print(f"{settings.home_dir} is left as it is; remove it yourself if you mean to")
if stopped:
    print(f"stopped: {', '.join(stopped)}")
