# What a newcomer needs: `make demo`, then `make test`. Everything happens in .venv; nothing is installed elsewhere.
PYTHON ?= $(shell tools/find-python)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help install demo up test test-fast test-integration test-crash test-lab prove bench lint lock clean

help:            ## show this
	@grep -hE '^[a-z-]+: .*## ' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 14

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "fleetmend needs Python 3.11, 3.12 or 3.13 with venv; none was found. Set PYTHON=/path/to/python3"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.done: requirements/run.lock $(BIN)/python
	@echo "Installing pinned dependencies (about a minute the first time) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/dev.done: requirements/dev.lock $(VENV)/run.done
	@echo "Installing the tools for tests …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

install: $(VENV)/run.done       ## make .venv with the pinned dependencies

demo: $(VENV)/run.done          ## break a small real fleet in four ways, and watch the loop heal it
	@$(BIN)/fleetmend demo

up: $(VENV)/run.done            ## run the loop and the API on this checkout's fleets
	@$(BIN)/fleetmend up

test: $(VENV)/dev.done          ## everything that a change must pass
	$(BIN)/python -m pytest -n auto --dist worksteal

test-fast: $(VENV)/dev.done     ## the tests that start no Ansible
	$(BIN)/python -m pytest -n auto -m "not ansible"

KILLS ?= 250
test-integration: $(VENV)/dev.done  ## the tests with real servers alone: PostgreSQL, Redis, RabbitMQ, Prometheus, Alertmanager, Chromium
	$(BIN)/python -m pytest -n auto tests/integration

test-crash: $(VENV)/dev.done    ## kill processes wherever the loop writes, and follow every incident to its end
	set -e; for engine in sqlite postgresql; do \
		$(BIN)/python -m tests.crash.matrix --engine $$engine --kills $(KILLS); \
		$(BIN)/python -m tests.crash.crowd --engine $$engine --workers 8 --incidents 500 --hosts 50; \
	done

test-lab: $(VENV)/dev.done      ## bring up real hosts on this machine, break them, and prove the whole catalog on them (needs root)
	$(BIN)/python -m pytest tests/lab
	tools/prove

prove: $(VENV)/run.done         ## the second half of it alone: prove the whole catalog (needs root)
	tools/prove

bench: $(VENV)/dev.done         ## measure; BENCH_PEER=/path/to/python (with ansible-rulebook) compares
	$(BIN)/python -m bench $(BENCH)

lint: $(VENV)/dev.done          ## style, types and borders alone
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

lock:                           ## resolve the dependencies anew (needs uv)
	tools/lock

clean:                          ## remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache .hypothesis .ansible
