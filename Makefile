# Everything happens in .venv and .tox; `make clean` removes both.
# PORT for demo; TEST_DB=postgres|mariadb and ARGS="-k word" for test and soak; ARGS="name" for bench.

PORT ?= 8000
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
ANY_PYTHON := $(shell command -v python3 || command -v python)
MANAGE := $(BIN)/python example_project/manage.py

.PHONY: help demo test test-all soak bench lint docs audit messages clean

help:
	@echo "make demo      the example project, filled, on http://127.0.0.1:$(PORT)/"
	@echo "make test      the tests on the newest Python and Django here, on SQLite"
	@echo "make test-all  every supported combination that can run here"
	@echo "make soak      for hours: 1,000 kills, 100,000 changes, 100,000 bad inputs each; every branch;"
	@echo "               and how many changes of the code the tests notice"
	@echo "make lint      style, types, floors, and what is known to be dangerous"
	@echo "make docs      the documentation, into docs/_build/html"
	@echo "make audit     dependencies with known vulnerabilities"
	@echo "make messages  the catalogues, brought up to date with the texts in the code"
	@echo "make bench     the benchmarks"
	@echo "make clean     remove what the others made, but not the data of the demo"

demo: $(VENV)/.demo
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) seed_desk --tickets 300 --if-empty
	@$(MANAGE) sla_report
	@echo
	@echo "Open http://127.0.0.1:$(PORT)/ and log in as shown above. Ctrl-C stops the server."
	@$(MANAGE) runserver 127.0.0.1:$(PORT) --noreload

test: $(VENV)/.tox
	@TEST_DB=$(TEST_DB) $(BIN)/python scripts/run_tests.py newest -- $(ARGS)

test-all: $(VENV)/.tox
	@$(BIN)/python scripts/run_tests.py all $(SERVERS) -- $(ARGS)

soak: $(VENV)/.tox
	@SOAK=1 TEST_DB=$(TEST_DB) $(BIN)/python scripts/run_tests.py newest -- tests/crash tests/attribution $(ARGS)
	@SOAK=1 TEST_DB=$(TEST_DB) $(BIN)/python scripts/run_tests.py newest -- --numprocesses=auto tests/abuse $(ARGS)
	@$(BIN)/tox run -e coverage,mutation-core,mutation-flow

bench: $(VENV)/.tox
	@$(BIN)/tox run -q -e bench -- $(ARGS)

lint docs audit messages: $(VENV)/.tox
	@$(BIN)/tox run -e $@

# The stamps are older than pyproject.toml where it changed since; only then is there something to install.
$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[example]'
	@touch $@

$(VENV)/.tox: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet 'tox>=4.22' tox-uv
	@touch $@

$(BIN)/python:
	@test -n "$(ANY_PYTHON)" || { echo "No python3 found: install Python 3.11 or newer." >&2; exit 1; }
	@python=$$($(ANY_PYTHON) scripts/find_python.py) && echo "Using $$python" && "$$python" -m venv $(VENV)

clean:
	rm -rf $(VENV) .tox build dist docs/_build .coverage htmlcov .hypothesis
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
