# Each goal makes ready what it needs: see tools/bootstrap.sh.
SHELL := /bin/bash
BIN := .venv/bin
ARGS ?=
# Tests run on so many processes at once, each file of them on one.
AT_ONCE ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test check bench bench-engines bench-idle bench-queue bench-receive faults chaos lock clean

help: ## say what can be made
	@awk -F': ## ' '/^[a-z-]+: ##/ { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## the whole way once, on a sample study; ARGS="--keep DIR --input FILES"
	@tools/bootstrap.sh run
	@$(BIN)/senoscope demo $(ARGS)

test: ## all tests with coverage; ARGS="tests/service -k spool" for some
	@tools/bootstrap.sh dev
	@tools/bootstrap.sh peers
	@$(BIN)/python -m pytest -n $(AT_ONCE) --dist loadfile --cov --cov-report=term --cov-report=xml $(ARGS)

check: ## format, lint, types, floors and spelling
	@tools/bootstrap.sh dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

bench: ## measure what the README claims
	@tools/bootstrap.sh dev
	@for script in bench/[a-z]*.py; do echo "== $$script"; $(BIN)/python "$$script" $(ARGS) || exit 1; done

bench-engines: ## every network on every back end of this CPU, in one run; ARGS="--quick --only unet"
	@tools/bootstrap.sh dev
	@$(BIN)/python bench/networks.py $(ARGS)

faults: ## what networks, processes, disks and clocks do to a node; ARGS="-k disk" for some
	@tools/bootstrap.sh dev
	@tools/bootstrap.sh peers
	@$(BIN)/python -m pytest tests/faults $(ARGS)

chaos: ## the chaos campaign, with its summary; ARGS="--jobs 200 --seeds 3 --form sqlite|cluster|both"
	@tools/bootstrap.sh dev
	@tools/bootstrap.sh peers
	@PYTHONPATH=.:tests $(BIN)/python -m faults.campaign $(ARGS)

bench-receive: ## receiving, beside storescp and Orthanc, in one run; ARGS="--quick"
	@tools/bootstrap.sh dev
	@tools/bootstrap.sh peers
	@$(BIN)/python bench/receive.py $(ARGS)
	@$(BIN)/python bench/receive_memory.py

bench-queue: ## how long a job waits for an idle worker, and what it costs the ledger; ARGS="--quick"
	@tools/bootstrap.sh dev
	@tools/bootstrap.sh peers
	@$(BIN)/python bench/queue_latency.py $(ARGS)

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
