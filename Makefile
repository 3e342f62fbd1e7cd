# The commands of this project; `make` alone lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Tests of the house itself: its layers, and documents that say what is so.
HOUSE_TESTS := tests/unit/test_architecture.py tests/unit/test_settings.py $(wildcard tests/unit/test_docs*.py)

.DEFAULT_GOAL := help
.PHONY: help setup run demo check test faults races kills-messages goldens docs bench clean

help:  ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 24

$(VENV)/.made: switchboard/machine/virtual_environment.py
	@$(PYTHON) switchboard/machine/virtual_environment.py $(VENV)
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.made
	$(BIN)/python -m pip install --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml $(VENV)/.made
	$(BIN)/python -m pip install --disable-pip-version-check --editable '.[dev]'
	@touch $(VENV)/.installed $@

setup: $(VENV)/.installed-dev  ## make the virtual environment, with all that development needs

run: $(VENV)/.installed  ## start the switchboard; Ctrl-C stops it
	@$(BIN)/python -m switchboard up --die-with-parent

demo: $(VENV)/.installed-dev  ## watch a scripted caller from three sides
	@$(BIN)/python -m switchboard prepare
	@$(BIN)/python -m tests.demo

check: $(VENV)/.installed-dev  ## format, lint, strict types, layers, documents
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q $(HOUSE_TESTS)

test: $(VENV)/.installed-dev  ## every test, on a real Asterisk and a real Postgres
	@$(BIN)/python -m switchboard prepare --tests
	@$(BIN)/python -m tests.speak
	$(BIN)/python -m tests.whole

faults: $(VENV)/.installed-dev  ## kill, freeze and restart everything during calls; `test` does a part of it
	@$(BIN)/python -m switchboard prepare --tests
	$(BIN)/python -m pytest tests/faults
	$(BIN)/python -m pytest tests -m thorough --ignore tests/faults --ignore tests/races

kills-messages: $(VENV)/.installed-dev  ## kill -9 two hundred times while callers leave messages; none that was promised is lost
	@$(BIN)/python -m switchboard prepare --tests
	@$(BIN)/python -m tests.speak
	$(BIN)/python -m tests.kills
races: $(VENV)/.installed-dev  ## ten thousand races for an appointment, 90 callers at once; `test` does a part of it
	$(BIN)/python -m pytest -q -s -p no:xdist tests/races -m "thorough or not thorough"

goldens: $(VENV)/.installed-dev  ## write the expected transcripts of tests/flows anew
	$(BIN)/python -m pytest -q tests/flows --rewrite-goldens

docs: $(VENV)/.installed-dev  ## write the guide's pages on steps anew, from the steps' modules
	$(BIN)/python -c "from pathlib import Path; from switchboard.flows.guide import write_step_pages; write_step_pages(Path('ivr/README.md'))"

bench: $(VENV)/.installed-dev  ## our cost per call against pure dialplan, as ratios
	@$(BIN)/python -m switchboard prepare --tests
	@$(BIN)/python -m tests.bench.check
	@$(BIN)/python -m tests.bench.slot_search
	$(BIN)/python -m tests.bench

clean:  ## remove all that can be made again; database, secrets and messages stay
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .state/cache .state/served/cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
