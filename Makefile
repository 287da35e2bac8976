# make run, make test: each does all its own set-up on a machine with git, make and Python 3.11 or newer.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
PORT ?= 8000
WORKERS ?= 1
CONFIG ?=
MINUTES ?= 10
PARTS ?=
QUICK ?=
WRITE ?=
UV_VERSION := 0.13.8

VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
export PATH := $(BIN):$(PATH)
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/$(VENV)
SETUP := $(VENV)/.synced
WEB := serving/explorer/web
EXPLORER := serving/explorer/static/index.html
NPM := npm --no-fund --no-audit --no-update-notifier --loglevel=error

.PHONY: help run check test lint types unit test-heavy test-walked compare fuzz format setup explorer browser audit gateways bench bench-dead bench-hostile soak lock snapshots clean

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

# npm packages that only the tests use: a browser, HTTP audits, composers and gateways
NODE_TESTS := tests/browser tests/serving/audit tests/gateways
NODE_READY := $(NODE_TESTS:%=%/node_modules/.package-lock.json)

tests/%/node_modules/.package-lock.json: tests/%/package-lock.json | $(SETUP)
	@echo "Fetching what tests/$* needs (once)"
	@cd tests/$* && $(NPM) ci
	@touch $@

browser: tests/browser/node_modules/.package-lock.json ## the browser that the tests use, from npm
audit: tests/serving/audit/node_modules/.package-lock.json ## the audits of GraphQL over HTTP, from npm
gateways: tests/gateways/node_modules/.package-lock.json ## composers, gateways and a client for the tests, from npm

# what only the benchmarks use: npm packages, and a Python peer that neither users nor tests need
BENCH_NODE := bench/node_modules/.package-lock.json
BENCH_SETUP := $(VENV)/.bench

$(BENCH_NODE): bench/package-lock.json | $(SETUP)
	@echo "Fetching what the benchmarks need (once)"
	@cd bench && $(NPM) ci
	@touch $@

$(BENCH_SETUP): $(SETUP)
	@uv sync --quiet --frozen --inexact --group bench
	@touch $@

bench: $(BENCH_SETUP) $(BENCH_NODE) ## benchmarks beside peers, about 20 minutes; QUICK=1: about 4; PARTS="warm cold scale"; WRITE=1: into docs
	@exec python -m bench $(PARTS) $(if $(QUICK),--quick) $(if $(WRITE),--write)

bench-hostile: $(SETUP) ## each attack of the tests: what it does to a health request meanwhile, and to memory; QUICK=1
	@exec python -m bench hostile $(if $(QUICK),--quick)

bench-dead: $(BENCH_SETUP) $(BENCH_NODE) ## answers a second with all providers dead over a warm cache, beside living ones; QUICK=1
	@exec python -m bench dead $(if $(QUICK),--quick)

soak: $(SETUP) ## mixed load for MINUTES (10), and the slope of what the process holds
	@exec python -m bench.soak --minutes $(MINUTES)

run: $(SETUP) $(EXPLORER) ## the API and GraphiQL on PORT (8000); a sandbox with data unless CONFIG names a settings file; WORKERS
	@exec python app.py --port $(PORT) --workers $(WORKERS) $(if $(CONFIG),--config $(CONFIG))

check: $(SETUP) ## asks each source of CONFIG once, and prints a table
	@python app.py --check $(if $(CONFIG),--config $(CONFIG))

test: lint types unit ## everything that CI checks

lint: $(SETUP) ## ruff
	@ruff check . && ruff format --check .

types: $(SETUP) ## mypy --strict
	@mypy

unit: $(SETUP) $(EXPLORER) $(NODE_READY) ## all tests
	@pytest

test-heavy: $(SETUP) $(NODE_READY) ## the tests that take long, alone
	@pytest -m heavy

test-walked: $(SETUP) $(EXPLORER) $(NODE_READY) ## all tests without compiled selections
	@HISTOGRAPH_COMPILED=off pytest

compare: $(SETUP) ## 20,000 drawn documents, compiled and field by field: the answers have to be the same
	@HISTOGRAPH_CASES=20000 pytest --timeout 3600 tests/engine/test_compiled_answers.py

fuzz: $(SETUP) ## schemathesis: 500 cases of each root field over HTTP, none answered with 5xx
	@HISTOGRAPH_FUZZ=500 pytest -rP tests/serving/test_fuzz.py -k schemathesis

format: $(SETUP) ## puts the code in ruff's form
	@ruff check --fix . && ruff format .

snapshots: $(SETUP) ## the printed schema and the README's generated parts anew; read their diff as a client would
	@python -m tests.snapshots
	@python -m tests.serving.test_documented
	@python -m tests.gateways.test_document
	@python -m tests.system.test_fault_page

lock: $(SETUP) ## the lock file anew, from pyproject.toml
	uv lock

clean: ## removes what set-up and builds made
	rm -rf $(VENV) serving/explorer/static serving/explorer/web/node_modules bench/node_modules $(NODE_TESTS:%=%/node_modules) .schemathesis .mypy_cache .ruff_cache .pytest_cache .hypothesis
