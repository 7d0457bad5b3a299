# Learn Then Launch: `make help` lists what can be done here.

# How packages are installed: `uv` follows uv.lock to the letter; `pip` resolves anew within pyproject.toml's bounds.
INSTALLER ?= uv
UV_VERSION := 0.13.*
# Extra words for the program that a target runs, as in `make test ARGS="-k gate"`.
ARGS ?=
# How many files of tests run side by side: twice as many as two cores, because a quarter of their time is waiting. The
# torture and the benchmarks always run alone.
WORKERS ?= 4
SIDE_BY_SIDE := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# Where the learners of `make oulad` are.
DATA ?= ../shared/data/oulad-2013

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TOOL_TESTS := tests/house/test_tools.py

# The lock goes into our own environment whatever the caller's shell has set, with the interpreter found below.
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/$(VENV)
export UV_PYTHON_DOWNLOADS := never
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH
# Hundreds of processes of the tests import the same modules: they are compiled once, whatever the shell says of that.
unexport PYTHONDONTWRITEBYTECODE
ifeq ($(strip $(HOME)),)
export UV_CACHE_DIR ?= $(CURDIR)/$(VENV)/cache
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup up test check fuzz taste torture sequences interop journeys screenshots catalogue schema tamper mutants bench histories oulad fmt fmt-check lint types layers

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Build .venv from uv.lock (instant when nothing changed; INSTALLER=pip does without uv)

up: setup ## Start the server, the worker and the web on this machine, with a demonstration launch
	@$(BIN)/ltl up $(ARGS)

test: setup ## Set up and run every test, the format, lint, type and layer checks among them
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(ARGS)

check: fmt-check lint types layers ## Format, lint, types and layers each with its own output, then all other tests
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) --ignore=$(TOOL_TESTS) $(ARGS)

fuzz: setup ## Try the rules, the store and the readers on twenty times as many random examples, drawn anew
	@HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest tests/readiness tests/store tests/activities $(ARGS)

taste: setup ## Do a little of everything that `make torture` does, in some six minutes
	@TORTURE=taste $(BIN)/python -m pytest tests/torture $(ARGS)

torture: setup ## Kill, freeze, fill and race everything for long and print what was found (TORTURE_SEED=n, TORTURE_ROUNDS=n)
	@TORTURE=long $(BIN)/python -m pytest tests/torture tests/readiness/test_walk.py $(ARGS)

sequences: setup ## Try 20,000 random sequences of acts on the core, 500 on running workflows (TORTURE_SEED=n, TORTURE_ROUNDS=n)
	@HYPOTHESIS_PROFILE=long TORTURE=long $(BIN)/python -m pytest tests/readiness/test_machine.py tests/torture/test_sequences.py $(ARGS)

interop: setup ## Drive our edges with the clients of others, from npm (needs node 20 or later and the npm registry)
	@npm --prefix tests/interop ci --no-progress --silent
	@INTEROP=1 $(BIN)/python -m pytest tests/interop $(ARGS)

journeys: setup ## Go through the product in Chromium as each of its people, and check every page (needs chromium, java and npm)
	@npm --prefix tests/journeys ci --no-progress --silent
	@JOURNEYS=1 $(BIN)/python -m pytest tests/journeys $(ARGS)

screenshots: setup ## Take the pictures of every page that the documents show (needs chromium)
	@JOURNEYS=1 SCREENSHOTS=1 $(BIN)/python -m pytest tests/journeys -k pictures $(ARGS)

catalogue: setup ## Add what pages say to the catalogues of other languages, and count what waits for a translation
	@$(BIN)/python -m tests.templates.messages

schema: setup ## Have schemathesis make up 50,000 calls from the description, on both databases (SCHEMA_SEED=n)
	@SCHEMA=long $(BIN)/python -m pytest tests/api/test_schema.py -s $(ARGS)

tamper: setup ## Tamper 5,000 times with an audit record of 10,000 entries and see that each is found (TAMPERINGS=n)
	@TAMPERINGS=$${TAMPERINGS:-5000} TAMPER_ENTRIES=$${TAMPER_ENTRIES:-10000} $(BIN)/python -m pytest tests/store/test_tampering.py -s -k "every_tampering and sqlite" $(ARGS)

mutants: setup ## Bring small faults into the gates and duties, one by one, and see that a test notices (ARGS="readiness.decide*")
	@$(BIN)/python -m tests.readiness.mutants $(ARGS)

bench: setup ## Measure speed and growth beside the bare thing and print the tables (ARGS="board start" for some)
	@$(BIN)/python -m benchmarks $(ARGS)

histories: setup ## Record the workflow histories anew that every change must replay
	@$(BIN)/python -m tests.workflows.record_histories $(ARGS)

oulad: setup ## Compare 13,327 real learners with an independent count (DATA=folder), file by file in any order
	@$(BIN)/python -m tests.stories.oulad --data '$(DATA)' $(ARGS)

fmt: setup ## Format the code and mend what the linter can mend by itself
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

fmt-check: setup ## Say which files `make fmt` would change
	@$(BIN)/ruff format --check .

lint: setup ## Look for mistakes with ruff
	@$(BIN)/ruff check .

types: setup ## Check the types with mypy, strictly
	@$(BIN)/mypy

layers: setup ## Check who imports whom with import-linter
	@$(BIN)/lint-imports --no-logo

# The stamp comes last, so an interrupted set-up is done again.
$(READY): pyproject.toml uv.lock
	@VENV='$(VENV)' PYTHON='$(PYTHON)' INSTALLER='$(INSTALLER)' UV_VERSION='$(UV_VERSION)' sh .ci/setup
	@touch $@
