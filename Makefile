# The two commands of the README. Each sets up all that it needs in .venv, once.
#   make demo   renders videos, trains on their labels, finds the actions, writes demo/report.html
#   make test   every check: lint, types, stubs, import rules, Python tests, C++ tests, packages

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml constraints.txt CMakeLists.txt $(wildcard cpp/*.cpp cpp/bindings/* cpp/include/lpat/*.hpp)
# Constraints hold in pip's build environments too.
INSTALL := PIP_CONSTRAINT=$(CURDIR)/constraints.txt $(BIN)/pip install --quiet --disable-pip-version-check

.PHONY: demo test clean

demo: $(VENV)/.train
	$(BIN)/lpat-demo demo

test: $(VENV)/.dev
	$(BIN)/nox --no-venv

$(BIN)/python:
	@echo "Making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.train: $(BIN)/python $(SOURCES)
	@echo "Building the C++ core and installing lpat with what training needs (a minute or two)"
	@$(INSTALL) --editable '.[train]'
	@touch $@

$(VENV)/.dev: $(VENV)/.train
	@echo "Installing what the checks need (a minute or two)"
	@$(INSTALL) --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist demo .nox
