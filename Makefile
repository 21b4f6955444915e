# `make help` lists the commands; CI calls the same ones.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes --only-binary :all:

.PHONY: help run setup setup-dev test test-fast lint format bench faults lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: setup  ## everything by one command; Ctrl-C stops it
	@exec $(BIN)/python manage.py up

setup: $(VENV)/.runtime locale/pt_BR/LC_MESSAGES/django.mo  ## .venv with what `make run` needs

setup-dev: $(VENV)/.dev locale/pt_BR/LC_MESSAGES/django.mo  ## .venv with what tests and lint need on top

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make run PYTHON=/path/to/python3.11" >&2; exit 2; }
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { echo "python3 -m venv failed; install the venv module of your Python" >&2; exit 2; }

$(VENV)/.runtime: requirements.txt | $(VENV)/bin/python
	@echo "installing requirements.txt"
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	@echo "installing requirements.txt and requirements-dev.txt"
	@$(PIP) -r requirements.txt -r requirements-dev.txt
	@touch $@ $(VENV)/.runtime

locale/pt_BR/LC_MESSAGES/django.mo: locale/pt_BR/LC_MESSAGES/django.po $(VENV)/.runtime
	@$(BIN)/python manage.py compile_translations

test: setup-dev  ## every test, against the real Postgres, Redis, MediaMTX and ffmpeg
	$(BIN)/python manage.py test -m "not integration and not browser" -n 2
	$(BIN)/python manage.py test -m "integration and not browser" -n 2 --dist loadfile
	$(BIN)/python manage.py test -m browser -n 2 --dist loadfile

BULK := matrix browser faults vms/launcher test_schema_fuzz.py test_translations.py test_traversal.py cities/test_row_level_security.py

test-fast: setup-dev  ## the tests that start nothing and are not made in bulk, side by side; under a minute
	$(BIN)/python -m pytest -m "not integration and not browser and not slow" -q -n 2 $(addprefix --ignore=tests/,$(BULK))

lint: setup-dev  ## ruff, mypy strict, import directions, migrations, deploy checks, known vulnerabilities
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict .
	$(BIN)/lint-imports
	VMS_DATA=$${TMPDIR:-/tmp}/vms-lint $(BIN)/python manage.py makemigrations --check --dry-run
	VMS_DATA=$${TMPDIR:-/tmp}/vms-lint VMS_PUBLIC_SCHEME=https $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python scripts/audit_dependencies.py

format: setup-dev  ## rewrite the code in our format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup-dev  ## the benchmarks; BENCH=quick for a short look
	$(BIN)/python -m bench $(BENCH)

faults: setup-dev  ## what is killed, filled, forged on purpose, and what must hold; FAULTS=--short for the CI's run
	$(BIN)/python -m tests.faults $(FAULTS)

lock: setup-dev  ## requirements*.in -> requirements*.txt, pinned and hashed for Python 3.11-3.14
	@for list in requirements requirements-dev requirements-go requirements-node; do \
	  UV_PYTHON_DOWNLOADS=never $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --only-binary :all: $$list.in -o $$list.txt || exit 1; done

clean:  ## remove .venv and caches; data/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
