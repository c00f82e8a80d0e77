# Everything runs from .venv, which each target brings up to date first. `make help` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help run test lint format bench bench-large messages schema setup setup-dev
# Relative, so that a path with spaces needs no quoting.
PY := .venv/bin/python
PREPARE = @set -e; python=$$(sh scripts/python.sh); "$$python" scripts/setup.py

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: setup ## Set up and start everything; Ctrl-C stops it
	@exec $(PY) -m app up

test: setup-dev ## Run the tests, several at a time; T=path runs one file
	@exec $(PY) -m pytest $(if $(T),"$(T)",-n auto --dist loadfile --no-loadscope-reorder)

lint: setup-dev ## Check style, types, imports and migrations
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	$(PY) -m scripts.schema_drift

schema: setup-dev ## Write schema/schema.sql anew, after a new migration
	$(PY) -m scripts.schema_drift --write

messages: setup-dev ## Bring the French catalogue up to date with the code's sentences
	$(PY) -m babel.messages.frontend -q extract -k marked --no-location --omit-header -o heorot.pot app
	$(PY) -m babel.messages.frontend -q update -D heorot -d app/locale -l fr -i heorot.pot --no-wrap -N --ignore-pot-creation-date
	rm heorot.pot

format: setup-dev ## Format the code, and mend what can be mended
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

bench: setup-dev ## Measure the whole path; prints a table, writes JSON
	@exec $(PY) -m benchmarks

bench-large: setup-dev ## The same over more events
	@exec $(PY) -m benchmarks --large

eval-memory: setup-dev ## Measure what search finds; DATA=conversations.json OUT=figures.json, FLAGS="--ablate --fit"
	@exec $(PY) -m benchmarks.recall "$(DATA)" "$(OUT)" $(FLAGS)

setup: ## Make .venv for running
	$(PREPARE) run

setup-dev: ## Make .venv for tests, lint and benchmarks
	$(PREPARE) dev
