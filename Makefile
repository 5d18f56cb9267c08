# Everything a fresh machine with Python 3.10 or newer needs: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= featgraph-report
PYTEST_OPTIONS ?=
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test check docs clean

demo: $(VENV)/.demo
	$(BIN)/featgraph demo --out $(OUT) --force

test: check
	$(BIN)/python -m pytest -n 2 --dist loadfile --max-worker-restart 0 -q $(PYTEST_OPTIONS)

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html
	@echo "Read docs/_build/html/index.html"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet --constraint constraints.txt --editable '.[test,topology,stats]'
	touch $@

$(VENV)/.docs: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet --constraint constraints.txt --editable '.[docs,topology,stats]'
	touch $@

clean:
	rm -rf docs/_build docs/gallery docs/api/generated build dist .pytest_cache .mypy_cache .ruff_cache
