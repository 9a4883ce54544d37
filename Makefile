# `make` alone lists the targets. Everything runs in .venv, which `make setup` builds from constraints.txt.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

export HF_HUB_OFFLINE ?= 1
export TOKENIZERS_PARALLELISM ?= false

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long check bench wheel lock audit clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP)  ## make .venv with every extra and the development tools

$(STAMP): pyproject.toml constraints.txt
	@echo "Installing into $(VENV), a few minutes the first time."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade -c constraints.txt pip
	$(BIN)/python -m pip install --quiet -c constraints.txt --group dev
	$(BIN)/python -m pip install --quiet -c constraints.txt --no-build-isolation -e '.[all]'
	touch $(STAMP)

demo: setup  ## run the whole job on the sample and write runs/demo/report.html
	$(BIN)/matcher demo --out runs/demo

test: setup  ## the test suite with coverage, and the checks
	$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest -m 'not long' -n 2 --dist loadfile --cov --cov-report=term:skip-covered $(ARGS)

test-long: setup  ## soaks, heavy fuzzing, large venues, two workers of Ray (260 MB, installed here)
	$(BIN)/python -m pip install --quiet -c constraints.txt --no-build-isolation -e '.[ray]'
	$(BIN)/python -m pytest -m long $(ARGS)

check: setup  ## ruff, format, mypy strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup  ## time and memory per stage on seeded venues; with MATCHER_DATA=DIR also on venue folders there
	$(BIN)/python -m tests.benchmarks $(ARGS)

wheel: setup  ## build the wheel into dist/
	rm -rf dist
	$(BIN)/python -m build --wheel --no-isolation --outdir dist

LOCK := service/deploy/requirements.lock
TOOLS := .tools

$(TOOLS)/bin/uv:
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet uv==0.13.9 pip-audit==2.10.1

lock: $(TOOLS)/bin/uv  ## write the lock file with hashes; WHEELS=--find-links=DIR says where CPU builds of torch lie
	sed 's/^torch==\([0-9.]*\)$$/torch==\1+cpu/' constraints.txt > $(TOOLS)/constraints.txt
	$(TOOLS)/bin/uv pip compile pyproject.toml --extra all --constraint $(TOOLS)/constraints.txt --generate-hashes \
		--python-version 3.11 --python-platform x86_64-manylinux_2_28 --no-annotate --no-header $(WHEELS) -o $(LOCK)

audit: $(TOOLS)/bin/uv  ## look the locked versions up in an advisory service; AUDIT_STRICT=1 fails where none answers
	.ci/audit $(TOOLS)/bin/pip-audit $(LOCK)

clean:  ## remove the environment and everything built
	rm -rf $(VENV) $(TOOLS) dist build runs .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
