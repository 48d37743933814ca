# The list of commands; `make` alone explains them. What takes more than a line is in bin/.
PORT ?= 8000
ARGS ?=
SECONDS ?= 300
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo serve test check bench conformance e2e fuzz clean

help: ## This list
	@echo 'Territoire: the commands, each does its own set-up'
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "  make %-12s %s\n", $$1, $$2 }'

setup: ## Install what running needs: .venv, PostgreSQL with PostGIS, the pages' packages
	@bin/setup

setup-dev: ## The same, and what tests and checks need: GDAL's programs, Chromium
	@bin/setup --dev

demo: ## Load the demo territory and serve it until Ctrl-C (PORT=8000)
	@exec bin/demo --port "$(PORT)"

serve: setup ## Serve what is loaded (PORT=8000)
	@exec .venv/bin/territoire serve --port "$(PORT)"

test: ## Run the tests (ARGS="-k name" for some of them)
	@exec bin/test $(ARGS)

e2e: ## Run the slow tests: screenshots, QGIS, nginx, ill sources, backup and restore
	@bin/setup-e2e
	@exec bin/test -m e2e -rs -n 0 $(ARGS)

check: ## Style, types, import contracts, generated files, SQL
	@exec bin/check

bench: setup-dev ## Compare with stock pygeoapi on the same table
	@exec bench/run $(ARGS)

conformance: ## Run our OGC conformance tests, and OGC's suites if OGC_ETS_JARS names their folder
	@exec bin/conformance $(ARGS)

fuzz: ## Send what the API definition allows and forbids for 300 s (SECONDS=60 for less); fail on any surprise
	@exec bin/fuzz "$(SECONDS)"

clean: ## Remove what set-up made here; data (var/) and databases stay
	rm -rf .venv node_modules territoire/web/static/vendor build dist *.egg-info .pytest_cache .ruff_cache .import_linter_cache .hypothesis
