# One command each. PYTHON is the interpreter of the environment that `pip install -e '.[test]'` filled.
PYTHON ?= $(if $(wildcard .venv/bin/python),.venv/bin/python,python3)

.PHONY: all lint format types layers test bench performance
all: lint types test

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

format:
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

types:
	$(PYTHON) -m mypy runner tests benchmarks

layers:
	$(PYTHON) -m pytest -q tests/test_layers.py

test:
	$(PYTHON) -m pytest -n auto

bench:
	$(PYTHON) -m benchmarks --quick

performance:
	$(PYTHON) -m benchmarks --peers --write
