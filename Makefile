# Everything that the project needs is installed by its own files; a machine with python3 and make is enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help demo test quick soak lint types contract docs check guard bench backends integrations observe clean

help:           ## show this list
	@grep -hE '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev --editable .
	touch $@

demo: $(STAMP)  ## show a recorded agent run in the terminal; sends it too where a collector listens
	$(BIN)/agent-otel demo

test: $(STAMP)  ## run every test
	$(BIN)/python -m pytest

quick: $(STAMP) ## run the tests that take no backends and little time
	$(BIN)/python -m pytest -m "not slow and not backend and not chaos"

soak: $(STAMP)  ## two half hours of random faults, in memory and with a spool
	AGENT_OTEL_SOAK_SECONDS=3600 $(BIN)/python -m pytest tests/chaos/test_soak.py

lint: $(STAMP)  ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## mypy, strict
	$(BIN)/mypy

contract: $(STAMP) ## which room may import which
	$(BIN)/lint-imports

docs: $(STAMP)  ## pages that are made from the code are up to date
	$(BIN)/python scripts/configuration.py --check
	$(BIN)/python tests/ledger/page.py --check
	! $(BIN)/python -c "import grafana_foundation_sdk" 2>/dev/null || $(BIN)/python scripts/dashboard.py --check

check: lint types contract docs ## all checks but the tests

guard: $(STAMP) ## count the instructions of the hot paths, and compare; needs perf or valgrind, and minutes
	$(BIN)/python benchmarks/instructions.py $(ARGS)

bench: $(STAMP) ## cost, delivery and memory beside every peer, and docs/performance.md; needs PyPI, and hours
	$(BIN)/python benchmarks/bench.py $(ARGS)

backends:       ## build the Collector, Jaeger, Prometheus and Tempo, once; needs Go or PyPI, and minutes
	PYTHONPATH=scripts $(PYTHON) -m backends

integrations: $(STAMP) ## each integration with the oldest and the newest version of its framework; needs PyPI
	$(BIN)/python scripts/integration_versions.py $(ARGS)

observe: $(STAMP) ## run them on this machine; ARGS="--exec agent-otel demo" runs a command against them
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python scripts/observe.py $(ARGS)

clean:          ## remove what make made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
