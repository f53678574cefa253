# The two commands of the README. Each sets up all that it needs in .venv, once.
#   make demo   renders videos, trains on their labels, finds the actions, writes demo/report.html
#   make test   every check: lint, types, stubs, import rules, docs, Python tests, C++ tests, packages

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml constraints.txt CMakeLists.txt $(shell find cpp -type f)
# Constraints hold in pip's build environments too. Of what is installed most is never imported, so Python
# compiles it when it is.
INSTALL := PIP_CONSTRAINT=$(CURDIR)/constraints.txt $(BIN)/pip install --quiet --disable-pip-version-check \
	--no-compile

# What was compiled before isn't compiled again, where there is ccache.
ifneq ($(shell command -v ccache),)
export CMAKE_CXX_COMPILER_LAUNCHER := ccache
endif

.PHONY: demo test clean

demo: $(VENV)/.train
	$(BIN)/lpat-demo demo

# The checks install the rest themselves, beside those that can do without.
test: $(VENV)/.checks
	@$(BIN)/python .ci/checks.py

$(BIN)/python:
	@echo "Making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.checks: $(BIN)/python constraints.txt
	@$(INSTALL) nox cmake
	@touch $@

$(VENV)/.train: $(BIN)/python $(SOURCES)
	@echo "Building the C++ core and installing lpat with what training needs (a minute or two)"
	@$(INSTALL) --editable '.[train]'
	@touch $@

# This has all that training needs, so that one after the other doesn't build the core twice.
$(VENV)/.dev: $(BIN)/python $(SOURCES)
	@echo "Building the C++ core and installing lpat with what the checks need (two minutes or three)"
	@$(INSTALL) --editable '.[dev]'
	@touch $(VENV)/.train $@

clean:
	rm -rf $(VENV) build dist demo .nox
