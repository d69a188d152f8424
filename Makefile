# make demo | desk | test | lint | bench | models | clean. Another interpreter: make test PYTHON=python3.12
PYTHON ?= python3
VENV ?= .venv

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SAMPLES := annotations/samples
SHOWN ?= $(firstword $(wildcard $(SAMPLES)/*bilateral*.txt $(SAMPLES)/*.txt))

.PHONY: help demo desk test lint bench models clean
help:
	@echo 'make demo    install into $(VENV), code the sample notes, show one'
	@echo 'make desk    open the review desk with the sample notes'
	@echo 'make test    run the tests'
	@echo 'make lint    ruff and mypy'
	@echo 'make bench   notes per second beside medspaCy and EDS-NLP; writes docs/benchmarks.*'
	@echo 'make models  train the shipped models on annotations/; TEST=--test scores the test voices too'
	@echo 'make clean   remove $(VENV), caches and builds'

# The check is written so that a Python 2 can run it and say no.
$(INSTALLED): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { \
	  echo 'facetcode: no $(PYTHON) here; name a Python 3.11, 3.12 or 3.13: make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v < (3, 14) or sys.exit("facetcode: $(PYTHON) is Python %d.%d; it needs 3.11, 3.12 or 3.13. Name one: make PYTHON=python3.12" % v)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

desk: $(INSTALLED)
	$(BIN)/facetcode desk demo

demo: $(INSTALLED)
	$(BIN)/facetcode code $(SAMPLES) --format table
	$(BIN)/facetcode show $(SHOWN)

test: $(INSTALLED)
	$(BIN)/python -m pytest

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python benchmarks/speed.py --json docs/benchmarks.json --chart docs/benchmarks.svg

models: $(INSTALLED)
	$(BIN)/python -m facetcode.learn.corpus annotations --into models $(TEST)
	$(BIN)/python benchmarks/learning.py models docs

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
