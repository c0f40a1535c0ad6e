# Each target works alone and first on a fresh clone: Python 3.11 or newer, make and git are enough.

VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON := $(shell for python in python3.11 python3; do \
	$$python -c '$(NEW_ENOUGH)' 2>/dev/null && { echo $$python; break; }; done)

.PHONY: help venv check format test test-fast test-attacks test-variants security demo verify \
	bench docs clean

help:
	@echo "make demo       the whole cycle on a small class, in demo-course/"
	@echo "make test       all tests; of attacks and variants a sample where they are slow"
	@echo "make test-fast  the tests that take no time"
	@echo "make test-attacks  every attack of tests/hostile at every level"
	@echo "make test-variants every variant of every assignment with every row, many seeds"
	@echo "make security   the same, written into docs/security.md (as root: all of it)"
	@echo "make check      format, lint, types, layers: what CI runs before the tests"
	@echo "make format     let ruff correct what it can"
	@echo "make verify     is every assignment sound?"
	@echo "make bench      how fast and how large, beside nbgrader and otter-grader"
	@echo "make docs       write docs/cli.md anew"
	@echo "make clean      remove what was made here"

venv: $(READY)

# The stamp is older than these files when there is something new to install.
$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it first" >&2; exit 1; }
	test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

check: $(READY)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal --durations=30

test-fast: $(READY)
	$(BIN)/python -m pytest -m "not slow" -x

test-attacks: $(READY)
	$(BIN)/python -m pytest --every-level tests/hostile tests/sandbox

test-variants: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal --every-variant \
		tests/assignments tests/reference

security: $(READY)
	$(BIN)/python -m tests.hostile.table docs/security.md

demo: $(READY)
	rm -rf demo-course
	$(BIN)/grader demo demo-course

verify: $(READY)
	$(BIN)/grader verify

bench: $(READY)
	$(BIN)/python -m benchmarks

docs: $(READY)
	$(BIN)/python -m grader.cli.reference docs/cli.md

clean:
	rm -rf $(VENV) demo-course build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
