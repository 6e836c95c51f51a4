# make demo   sets up and runs the main job on the built-in model
# make test   sets up, checks style and types, and runs every test
# make lint   checks style; the editor's types and style too, where npm is there
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
NPM := $(shell command -v npm 2>/dev/null)

.PHONY: demo test lint setup clean

demo: $(VENV)/ready
	$(RUN) -m trackgo demo --out output

test: lint
	$(RUN) -m pytest

lint: $(VENV)/ready $(if $(NPM),node_modules/ready)
	$(RUN) -m ruff check .
ifneq ($(NPM),)
	npm run --silent lint
else
	@echo "NO NPM FOUND: the editor's types and lint are not checked"
endif

setup: $(VENV)/ready

$(VENV)/ready: requirements-dev.txt constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed")'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

node_modules/ready: package-lock.json
	npm ci --no-audit --no-fund
	touch $@

clean:
	rm -rf $(VENV) node_modules output
