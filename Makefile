# Each goal makes ready what it needs: see tools/bootstrap.sh.
SHELL := /bin/bash
BIN := .venv/bin
ARGS ?=
# Tests run on so many processes at once, each file of them on one.
AT_ONCE ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test check docs bench bench-engines bench-idle bench-overview bench-queue bench-receive bench-studies faults faults-seen chaos soak lock pictures clean try-units

help: ## say what can be made
	@awk -F': ## ' '/^[a-z-]+: ##/ { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## the whole way once, on a sample study; ARGS="--keep DIR --input FILES"
	@tools/bootstrap.sh run
	@$(BIN)/senoscope demo $(ARGS)

test: ## all tests with coverage; ARGS="tests/service -k spool" for some
	@tools/bootstrap.sh dev
	@tools/bootstrap.sh peers
	@$(BIN)/python -m pytest -n $(AT_ONCE) --dist loadfile --max-worker-restart 0 --cov --cov-report=term --cov-report=xml $(ARGS)

check: ## format, lint, types, floors and spelling
	@tools/bootstrap.sh dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

docs: ## the documentation as a site, in build/site; a broken link is an error
	@tools/bootstrap.sh dev
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict $(ARGS)
	@echo "build/site/index.html"

pictures: ## pictures of every page of the console, for the manual; ARGS="FOLDER" for another place
	@tools/bootstrap.sh dev
	@tools/bootstrap.sh peers
	@PYTHONPATH=.:tests $(BIN)/python tests/console/pictures.py $(ARGS)

bench: ## measure speed, in 45 minutes, and write one table; ARGS="--quick" or "--only studies"
	@tools/bootstrap.sh dev
	@tools/bootstrap.sh peers
	@$(BIN)/python bench/everything.py $(ARGS)

bench-engines: ## every network on every back end of this CPU, in one run; ARGS="--quick --only unet"
	@tools/bootstrap.sh dev
	@$(BIN)/python bench/networks.py $(ARGS)

try-units: ## run the units of deploy/systemd under a systemd that is booted for it; wants root and systemd-container
	@tools/bootstrap.sh dev
	@tools/units/try.sh

faults: ## what networks, processes, disks and clocks do to a node; ARGS="-k disk" for some
	@tools/bootstrap.sh dev
	@tools/bootstrap.sh peers
	@$(BIN)/python -m pytest tests/faults $(ARGS)

faults-seen: ## break one thing at a time, and write where it is seen; ARGS="--only Redis"
	@tools/bootstrap.sh dev
	@tools/bootstrap.sh peers
	@PYTHONPATH=.:tests $(BIN)/python -m faults.seen $(ARGS)

chaos: ## the chaos campaign, with its summary; ARGS="--jobs 200 --seeds 3 --form sqlite|cluster|both"
	@tools/bootstrap.sh dev
	@tools/bootstrap.sh peers
	@PYTHONPATH=.:tests $(BIN)/python -m faults.campaign $(ARGS)

soak: ## a thousand studies through the cluster form: lost, doubled, memory; ARGS="--studies 50"
	@tools/bootstrap.sh dev
	@tools/bootstrap.sh peers
	@$(BIN)/python bench/soak.py $(ARGS)

bench-receive: ## receiving, beside storescp and Orthanc, in one run; ARGS="--quick"
	@tools/bootstrap.sh dev
	@tools/bootstrap.sh peers
	@$(BIN)/python bench/receive.py $(ARGS)
	@$(BIN)/python bench/receive_memory.py

bench-queue: ## how long a job waits for an idle worker, and what it costs the ledger; ARGS="--quick"
	@tools/bootstrap.sh dev
	@tools/bootstrap.sh peers
	@$(BIN)/python bench/queue_latency.py $(ARGS)

bench-studies: ## studies an hour from end to end, beside scripts that are no node; ARGS="--quick"
	@tools/bootstrap.sh dev
	@tools/bootstrap.sh peers
	@$(BIN)/python bench/studies.py $(ARGS)

bench-overview: ## the console's pages with 100,000 studies in the ledger; ARGS="--quick"
	@tools/bootstrap.sh dev
	@$(BIN)/python bench/overview.py $(ARGS)

bench-idle: ## what a node costs that has nothing to do
	@tools/bootstrap.sh dev
	@$(BIN)/python bench/idle.py $(ARGS)

lock: ## resolve the dependencies anew
	@tools/bootstrap.sh dev
	@tools/lock.sh

clean: ## remove all that was made, the environment too
	rm -rf .venv build dist demo .coverage coverage.xml htmlcov .pytest_cache .mypy_cache .ruff_cache \
	  .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
