# One command each. PYTHON is the interpreter of the environment that `pip install -e '.[test]'` filled.
PYTHON ?= $(if $(wildcard .venv/bin/python),.venv/bin/python,python3)

.PHONY: all lint format types layers test bench performance locks dist sbom audit
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

# What a release needs (docs/releasing.md): `pip install -e '.[release]'` first.
COMPILE = $(PYTHON) -m uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate \
	--no-emit-index-url --extra filters pyproject.toml

locks:
	$(COMPILE) --upgrade --generate-hashes -o constraints/locked.txt
	$(COMPILE) --upgrade --resolution lowest-direct -o constraints/oldest.txt

dist:
	$(PYTHON) -m build

sbom:
	$(PYTHON) -m venv --clear build/sbom
	build/sbom/bin/python -m pip install -q --require-hashes -r constraints/locked.txt
	build/sbom/bin/python -m pip install -q --no-deps .
	build/sbom/bin/python -m pip uninstall -q -y pip setuptools
	mkdir -p dist
	$(PYTHON) -m cyclonedx_py environment build/sbom/bin/python --pyproject pyproject.toml --output-reproducible \
		-o dist/pbrun.cdx.json

audit:
	$(PYTHON) -m pip_audit --disable-pip --require-hashes -r constraints/locked.txt
