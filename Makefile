# `make` alone lists the commands. Each works from a fresh clone: what it needs it sets up.
.DEFAULT_GOAL := help
.PHONY: help setup clients run demo test test-pages test-postgresql test-again test-fast screenshots test-pythons servers check fmt bench bench-fanout bench-orders bench-auction bench-archive bench-search bench-feed bench-split bench-idle bench-joins peers load torture docs lock clean

# The newest Python that is new enough; PYTHON=... takes another.
PYTHON ?= $(shell for v in 3.13 3.12 3.11 3; do command -v python$$v >/dev/null 2>&1 || continue; \
	python$$v -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1 && { echo python$$v; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TSC := node_modules/.bin/tsc
PACKAGES := $(foreach p,server client_sim loadtest tests,$(if $(wildcard $p/__init__.py),$p))
# Each Python that pyproject.toml says we support.
PYTHONS := $(shell sed -n 's/.*"Programming Language :: Python :: \(3\.[0-9]*\)".*/\1/p' pyproject.toml)
# What depends most on the Python: the loop, the sockets, the processes, the command line.
QUICK := tests/protocol tests/edge/test_joining.py tests/hub tests/store/test_embedded.py tests/test_cli.py
ARGS ?=
# Tests also wait, so there are more processes than cores, though each collects all tests; JOBS=0
# takes one.
JOBS ?= $(shell expr 2 '*' $$(nproc 2>/dev/null || echo 2))
SPREAD = -n $(JOBS) --dist loadgroup --no-loadscope-reorder
# Compiled modules are kept wherever the shell says otherwise: every process would compile all again.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/pytest

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv and install everything into it

$(READY): pyproject.toml constraints.txt package-lock.json
	@test -x $(BIN)/python || test -n "$(PYTHON)" || { echo "Liveroom needs Python 3.11 or newer \
	with its venv module; none was found. Install one, or name it: make setup PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[load,dev]'
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --prefer-binary -c constraints.txt -e '.[relay]' \
	|| { echo 'aiortc could not be installed: make run will show no moving picture.' >&2; [ "$$CI" != true ]; }
	@if command -v npm >/dev/null; then npm ci --silent --no-audit --no-fund; \
	elif [ "$$CI" = true ]; then echo 'npm is missing, and CI checks the JavaScript with it: install Node.js with npm.' >&2; exit 1; \
	else echo 'npm is not installed: make check leaves out the types of the JavaScript, and browsers without HLS of their own play none (hls.js).' >&2; fi
	@touch $@

run: $(READY) ## start a server with a demo room, and print where to look
	$(BIN)/liveroom demo $(ARGS)

demo: run ## the same as run

test: $(READY) ## run the tests of every day (ARGS='-k name' for a part)
	$(PYTEST) $(SPREAD) -m 'not torture and not pages and not postgresql' $(ARGS)

test-pages: $(READY) ## run the tests of all pages, in Chromium and Firefox
	$(PYTEST) $(SPREAD) -m 'pages and not torture' $(ARGS) tests/browser

test-postgresql: $(READY) ## run the tests of the records on PostgreSQL, which make test runs on SQLite
	$(PYTEST) $(SPREAD) -m 'postgresql and not torture' $(ARGS)

test-again: $(READY) ## run the tests that failed last, one after the other
	$(PYTEST) -n 0 --last-failed --last-failed-no-failures none $(ARGS)

test-fast: $(READY) ## the tests without a browser, a Cluster, a database, a worker with sockets
	$(PYTEST) $(SPREAD) -m 'not long and not torture' $(ARGS)

screenshots: $(READY) ## every page in every state, size, theme and language, into out/screenshots
	SCREENSHOTS=out/screenshots $(PYTEST) -n 0 -q tests/browser/test_screens.py -k every_width $(ARGS); \
	status=$$?; echo "Look at out/screenshots/index.html"; exit $$status

test-pythons: $(READY) ## run a quick part of the tests on each other supported Python here
	@ours=$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	for v in $(PYTHONS); do \
		test $$v != $$ours || continue; \
		.ci/python-of $$v >/dev/null || { echo "Python $$v is not installed here: not tested."; continue; }; \
		$(MAKE) -s --no-print-directory $(VENV)-$$v/.ready || exit 1; \
		echo "Python $$v:"; $(VENV)-$$v/bin/python -m pytest -q $(QUICK) $(ARGS) || exit 1; \
	done

$(VENV)-3.%/.ready: pyproject.toml constraints.txt
	@test -x $(@D)/bin/python || $$(.ci/python-of 3.$*) -m venv $(@D)
	@$(@D)/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

servers: $(READY) ## fetch the oldest Redis that is supported, so that tests run on it too
	@$(BIN)/python -m tests.fetch_servers

check: $(READY) ## formatting, lint and types (Python, JavaScript, Lua), the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(PACKAGES)
	$(BIN)/lint-imports
	$(BIN)/python -m tests.lint_lua
	@if test -x $(TSC); then echo $(TSC); $(TSC); \
	else echo 'TypeScript is missing, so the JavaScript was not checked: install Node.js with npm, then run npm ci.' >&2; \
	[ "$$CI" != true ]; fi

fmt: $(READY) ## put the code in the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only .

bench: $(READY) ## measure fan-out, orders, the archive, the search, accounts and an idle server
	$(BIN)/python -m loadtest bench

bench-fanout: $(READY) ## fan-out beside its peers, in one table (first: make peers)
	$(BIN)/python -m loadtest.bench_fanout $(ARGS)

bench-orders: $(READY) ## orders a second, and a rush of 10,000 buyers
	$(BIN)/python -m loadtest bench-orders $(ARGS)

bench-auction: $(READY) ## bids a second in one auction, and how long each waits
	$(BIN)/python -m loadtest bench-auction $(ARGS)

bench-archive: $(READY) ## lines a second into the records, orders beside it, rooms that leave Redis
	$(BIN)/python -m loadtest bench-archive $(ARGS)

bench-search: $(READY) ## a search among 100,000 documents, on each engine of the records
	$(BIN)/python -m loadtest bench-search $(ARGS)

bench-feed: $(READY) ## how good the feed's ranking is, beside popularity, own history and EASE; newcomers
	$(BIN)/python -m loadtest bench-feed $(ARGS)

bench-split: $(READY) ## a million order lines shared, released, paid out and audited, on each engine of the records
	$(BIN)/python -m loadtest bench-split $(ARGS)

bench-idle: $(READY) ## CPU of a server with nobody connected, by ended and retired rooms, beside an empty one
	$(BIN)/python -m loadtest bench-idle $(ARGS)

bench-joins: $(READY) ## CPU of a join, or with --wait the time to its reply in a full room
	$(BIN)/python -m loadtest.bench_joins $(ARGS)

peers: $(READY) ## fetch the peers of bench-fanout (npm, Go) into out/peers
	$(BIN)/python -m loadtest.bench_fanout --install-peers

load: $(READY) ## a locust run against a server of its own
	$(BIN)/python -m loadtest load $(ARGS)

torture: $(READY) ## the tests that make test leaves out, and the proofs of orders for longer
	$(BIN)/python -m loadtest torture $(ARGS)

clients: $(READY) ## build the client packages for Python and npm, into out/clients
	$(BIN)/python -m tests.packaging.build_clients out/clients $(ARGS)

docs: $(READY) ## write the pages that are made from the code
	$(BIN)/python -m server.cli.pages

lock: ## choose new versions of all dependencies (constraints.txt)
	rm -rf $(VENV)-lock && $(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install -qq --disable-pip-version-check -e '.[load,dev]'
	{ echo '# Made by `make lock`: the versions that were tested together.'; \
	$(VENV)-lock/bin/python -m pip freeze --exclude-editable; } > constraints.txt
	rm -rf $(VENV)-lock

clean: ## remove .venv, caches and the data of the demo
	rm -rf $(VENV) $(VENV)-* node_modules .liveroom out build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
