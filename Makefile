# make demo   sets up and runs the main job on the built-in model
# make test   sets up and runs every test
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: demo test lint setup clean

demo: $(VENV)/ready
	$(RUN) -m trackgo demo --out output

test: $(VENV)/ready
	$(RUN) -m ruff check .
	$(RUN) -m pytest

lint: $(VENV)/ready
	$(RUN) -m ruff check .

setup: $(VENV)/ready

$(VENV)/ready: requirements-dev.txt constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed")'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV) output
