# Each target does its own set-up; nothing else is needed first. Needs Python 3.11-3.13.
.DEFAULT_GOAL := help
.PHONY: help setup dev nightly up down test test-all test-unit check format bench docs lock clean
PYTHON_IN_VENV := .venv/bin/python

help: ## this list
	@echo 'make nightly   the night: set up everything, run the DAGs, say what was published and how to connect'
	@echo 'make up        Airflow (page, scheduler, …) on 127.0.0.1 until Ctrl-C, which leaves no process'
	@echo 'make test      all tests but those that take minutes (make test-unit: only those that start no service)'
	@echo 'make test-all  these too: the real scheduler's night, nights killed midway, fuzzing, many bit flips'
	@echo 'make check     ruff, mypy, import-linter, sqlfluff, dbt-bouncer, yamllint, the source specs'
	@echo 'make bench     time a night on larger made data (SCALE=10), intake against COPY (ITEMS=300000), survey estimates (WAVES=50)'
	@echo 'make docs      the data dictionary as one page: .opinion/docs/index.html; the page of landing checks'
	@echo 'make lock      compile requirements*.txt again from requirements*.in (needs uv)'
	@echo 'make down      stop the embedded server and what make up left'
	@echo 'make clean     stop everything; remove .opinion, .venv and caches'

setup:
	@./tools/make_venv.sh run

dev:
	@./tools/make_venv.sh dev

nightly: setup
	@$(PYTHON_IN_VENV) -m opinion_warehouse nightly

up: setup
	@exec $(PYTHON_IN_VENV) -m opinion_warehouse up

down: setup
	@$(PYTHON_IN_VENV) -m opinion_warehouse down

# A file's tests share its services, so files are what is spread over the cores; the long ones begin first.
test: dev
	@$(PYTHON_IN_VENV) -m pytest -m 'not long' -n auto --dist loadfile --no-loadscope-reorder

test-all: dev
	@$(PYTHON_IN_VENV) -m pytest -n auto --dist loadfile --no-loadscope-reorder

test-unit: dev
	@$(PYTHON_IN_VENV) -m pytest -m 'not slow and not long' tests/unit tests/contracts tests/dags

check: dev
	@PYTHON=$(PYTHON_IN_VENV) ./tools/check.sh

format: dev
	@$(PYTHON_IN_VENV) -m ruff check --fix .
	@$(PYTHON_IN_VENV) -m ruff format .

bench: setup
	@$(PYTHON_IN_VENV) tools/bench.py $(or $(SCALE),10)
	@$(PYTHON_IN_VENV) -P tools/bench_intake.py $(or $(ITEMS),300000)
	@$(PYTHON_IN_VENV) -P tools/bench_survey.py $(or $(WAVES),50)

docs: setup
	@PYTHONPATH=. $(PYTHON_IN_VENV) tools/landing_checks_page.py
	@$(PYTHON_IN_VENV) tools/data_dictionary.py

lock:
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --custom-compile-command 'make lock' requirements.in --output-file requirements.txt
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --custom-compile-command 'make lock' requirements-dev.in --output-file requirements-dev.txt

# The server's data may stand outside .opinion (for root, where its account cannot enter): the package knows.
clean:
	@if [ -x $(PYTHON_IN_VENV) ]; then $(PYTHON_IN_VENV) tools/clean.py; fi
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache dbt_project/target dbt_project/logs
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo 'clean'
