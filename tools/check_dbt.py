"""`check_dbt.py sqlfluff|dbt-bouncer`: the linters of the dbt project, against this home's warehouse."""

import os
import subprocess
import sys

from opinion_warehouse.database.connect import parameters
from opinion_warehouse.prepare import prepare
from opinion_warehouse.settings import PROJECT, Settings

COMMANDS = {
    "sqlfluff": [
        "-m",
        "sqlfluff",
        "lint",
        "--disable-progress-bar",
        "dbt_project/models",
        "dbt_project/tests",
    ],
    "dbt-bouncer": [
        "-c",
        "from dbt_bouncer.main import app; app()",
        "run",
        "--config-file",
        "dbt-bouncer.yml",
    ],
}
PARSE = [
    "-m",
    "dbt.cli.main",
    "--quiet",
    "parse",
    "--project-dir",
    "dbt_project",
    "--profiles-dir",
    "dbt_project",
]

settings = Settings()
prepare(settings, airflow=False)
given = parameters(settings, "transformer")
environment = os.environ | {
    "OPINION_DBT_HOST": given.get("host", "127.0.0.1"),
    "OPINION_DBT_PORT": given.get("port", "5432"),
    "OPINION_DBT_DATABASE": given["dbname"],
    "OPINION_DBT_USER": given["user"],
    "OPINION_DBT_PASSWORD": given.get("password", ""),
    "OPINION_NIGHT": "2026-01-01",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
}
for command in (PARSE, COMMANDS[sys.argv[1]]):
    done = subprocess.run([sys.executable, *command], cwd=PROJECT, env=environment, check=False)
    if done.returncode:
        sys.exit(done.returncode)
