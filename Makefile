# One command for each thing a person wants to do here; `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
SOCIETY ?= society
SEED ?= 1
SCALE ?= 1

.DEFAULT_GOAL := help
.PHONY: help run test serve lint notebooks bench lock nightly central environment

help: ## Say what there is to do
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

environment: .venv/.complete

.venv/.complete: requirements.lock pyproject.toml tools/environment.sh
	@PYTHON=$(PYTHON) tools/environment.sh

run: environment ## Make the environment and a demonstration society, run its whole chain, say where to look
	@$(BIN)/python -m tools.chain $(SOCIETY) --seed $(SEED) --scale $(SCALE)

test: environment ## Install what the tests need, then run all of them
	@tools/test_needs.sh
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "not nightly"

nightly: environment ## Run the long tests too
	@tools/test_needs.sh
	@$(BIN)/python -m pytest -m nightly

serve: environment ## Start JupyterLab with the notebooks and the staff apps, on this machine only
	@$(BIN)/workbench serve $(SOCIETY) --lab

lint: environment ## Check style and types, and put the style right
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format . && $(BIN)/mypy

notebooks: environment ## Run every notebook by papermill on a fresh small society in out/small
	@$(BIN)/python -m tools.chain out/small --scale 0.02 --fresh

bench: environment ## Measure against peers, in the same run; results as data in benchmarks/
	@$(BIN)/python benchmarks/run.py

lock: environment ## Pin every dependency anew, with hashes, from pyproject.toml; renew environment.yml
	@$(BIN)/python -m tools.lock
