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
EXPLORER := serving/explorer/static/index.html
NPM := npm --no-fund --no-audit --no-update-notifier --loglevel=error

.PHONY: help run test lint types unit format setup explorer check lock snapshots clean

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

lock: $(SETUP) ## the lock file anew, from pyproject.toml
	uv lock

clean: ## removes what set-up and builds made
	rm -rf $(VENV) serving/explorer/static serving/explorer/web/node_modules tests/browser/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
