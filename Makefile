# make run, make test: each does all its own set-up on a machine with git, make and Python 3.11 or newer.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
PORT ?= 8000
WORKERS ?= 1
CONFIG ?=
UV_VERSION := 0.13.8

VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
export PATH := $(BIN):$(PATH)
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/$(VENV)
SETUP := $(VENV)/.synced
WEB := serving/explorer/web
EXPLORER := serving/explorer/static/index.html
BROWSER := tests/browser/node_modules/.package-lock.json
NPM := npm --no-fund --no-audit --no-update-notifier --loglevel=error

.PHONY: help run check test lint types unit test-heavy format setup explorer browser lock snapshots clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(SETUP): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one with make PYTHON=python3.12"; exit 2; }
	@echo "Setting up $(VENV) (once, and after the lock file has changed)"
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV) || { echo "The venv module is needed (Debian: python3-venv)"; exit 2; }
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@uv sync --quiet --frozen --inexact
	@touch $@

setup: $(SETUP) ## the virtual environment, from the lock file

$(EXPLORER): $(SETUP) $(WEB)/package-lock.json $(wildcard $(WEB)/*.* $(WEB)/src/* serving/explorer/queries/*)
	@echo "Building GraphiQL (once, and after its source has changed)"
	@cd $(WEB) && $(NPM) ci && $(NPM) run build -- --logLevel error
	@touch $@

explorer: $(EXPLORER) ## GraphiQL, built from npm to work without internet

$(BROWSER): $(SETUP) tests/browser/package-lock.json
	@echo "Fetching a browser for the tests (once)"
	@cd tests/browser && $(NPM) ci
	@touch $@

browser: $(BROWSER) ## the browser that the tests use, from npm

run: $(SETUP) $(EXPLORER) ## the API and GraphiQL on PORT (8000); a sandbox with data unless CONFIG names a settings file; WORKERS
	@exec python app.py --port $(PORT) --workers $(WORKERS) $(if $(CONFIG),--config $(CONFIG))

check: $(SETUP) ## asks each source of CONFIG once, and prints a table
	@python app.py --check $(if $(CONFIG),--config $(CONFIG))

test: lint types unit ## everything that CI checks

lint: $(SETUP) ## ruff
	@ruff check . && ruff format --check .

types: $(SETUP) ## mypy --strict
	@mypy

unit: $(SETUP) $(EXPLORER) $(BROWSER) ## all tests
	@pytest

test-heavy: $(SETUP) ## the tests that take long, alone
	@pytest -m heavy

format: $(SETUP) ## puts the code in ruff's form
	@ruff check --fix . && ruff format .

snapshots: $(SETUP) ## the printed schema and the README's generated parts anew; read their diff as a client would
	@python -m tests.snapshots

lock: $(SETUP) ## the lock file anew, from pyproject.toml
	uv lock

clean: ## removes what set-up and builds made
	rm -rf $(VENV) serving/explorer/static serving/explorer/web/node_modules tests/browser/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
