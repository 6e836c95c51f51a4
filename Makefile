# make demo      sets up and runs the main job on the built-in model
# make test      sets up, checks style and types, runs every fast test: one ComfyUI, one front end
# make test-all  the same with the slow tests and every front end; what continuous integration runs
# make lint      checks style; the editor's types and style too, where npm is there
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
NPM := $(shell command -v npm 2>/dev/null)
# One process a processor, four at most, for each needs more than a gigabyte. A file's tests stay in one process, because
# they share fixtures; files stay in their order, or the long ones with few tests would all be left to the end.
PYTEST := $(RUN) -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations 10

.PHONY: demo test test-all lint setup clean

demo: $(VENV)/ready
	$(RUN) -m trackgo demo --out output

test: lint
	TRACKGO_FRONTENDS=$${TRACKGO_FRONTENDS:-newest} $(PYTEST) -m "not slow"

test-all: lint
	TRACKGO_EXAMPLES=$${TRACKGO_EXAMPLES:-2000} $(PYTEST)

lint: $(VENV)/ready $(if $(NPM),node_modules/ready)
	$(RUN) -m ruff check .
	@if [ -x node_modules/.bin/tsc ]; then npm run --silent lint; \
	else echo "NO NPM, OR ITS PACKAGES COULD NOT BE FETCHED: the editor's types and style are not checked"; fi

setup: $(VENV)/ready

$(VENV)/ready: requirements-dev.txt constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed")'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

node_modules/ready: package-lock.json
	npm ci --no-audit --no-fund && touch $@ || true

clean:
	rm -rf $(VENV) node_modules output
