#!/bin/sh
# `make check`: everything that looks at the code without running it; the same commands as pre-commit.
set -u
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
failed=
run() {
    name=$1
    shift
    printf '%-14s' "$name"
    if output=$("$@" 2>&1); then echo ok; else echo FAILED; printf '%s\n' "$output"; failed="$failed $name"; fi
}
run ruff $python -m ruff check .
run format $python -m ruff format --check .
run mypy $python -m mypy
run import-linter $python -c 'import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())'
run sqlfluff $python tools/check_dbt.py sqlfluff
run dbt-bouncer $python tools/check_dbt.py dbt-bouncer
run yamllint $python -m yamllint --strict .
run sources $python -m opinion_warehouse sources check
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
