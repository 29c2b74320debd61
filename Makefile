# The whole project by hand: `make reproduce` and `make test` do all the set-up they need. The environment lives in .venv.
# Variables: PYTHON (a Python 3.11), CORES (jobs side by side), SHARE (the folder of `make share`). pip is used as this
# machine configures it, so a CPU or CUDA build of torch is what its index offers.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
SHARE ?= dist/share
CORES ?= $(shell nproc 2>/dev/null || echo 2)
BIN := .venv/bin
INSTALLED := .venv/.installed
TORCH := $(shell sed -n 's/.*"\(torch==[^"]*\)".*/\1/p' pyproject.toml)
PYTEST := $(BIN)/python -m pytest -p no:cacheprovider

export PATH := $(CURDIR)/$(BIN):$(PATH)
export OMP_NUM_THREADS := 1
# Snakemake ends in a traceback where HOME cannot be written, as in many containers.
ifneq ($(shell mkdir -p "$${XDG_CACHE_HOME:-$$HOME/.cache}" 2>/dev/null && test -w "$${XDG_CACHE_HOME:-$$HOME/.cache}" && echo yes),yes)
export XDG_CACHE_HOME := $(CURDIR)/.snakemake/cache
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install reproduce paper-dry-run gpu-check test test-pipeline test-long lint format docs demo-model schemas experiments worlds lock package share clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## set up .venv (Python 3.11; about 2 GB, 3 minutes); nothing to do when it is up to date

$(INSTALLED): pyproject.toml requirements.lock requirements-bare.lock
	@"$(PYTHON)" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null \
	  || { echo "make: found '$(PYTHON)', expected Python 3.11 with venv; install it or name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@[ "$$(uname -sm)" = "Linux x86_64" ] \
	  || { echo "make: found $$(uname -sm), expected Linux x86_64, for which requirements.lock is made; elsewhere: pip install '.[dev]' in an environment of your own" >&2; exit 1; }
	@PYTHONPATH=src "$(PYTHON)" -m focus.environment.workplace
	@echo "Setting up .venv (about 2 GB, some minutes)"
	@"$(PYTHON)" -m venv --clear .venv
	@# All but torch is pinned with hashes; torch comes last, and then finds all that it needs but its CUDA libraries.
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check "$(TORCH)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r requirements-bare.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python scripts/check_installation.py
	@touch $@

reproduce: $(INSTALLED) ## run the whole paper: every stage of dvc.yaml, then say where the results are
	@PYTHONPATH=src python -m focus.environment.workplace
	@snakemake --cores $(CORES)
	@dvc repro
	@focus summary
	@focus same

paper-dry-run: $(INSTALLED) ## profile paper on full-size stand-ins, a few steps per training (8 GB memory and disk)
	@python scripts/paper_dry_run.py --cores $(CORES)

gpu-check: $(INSTALLED) ## on a machine with a GPU: parity, speed and a short training in ten minutes (docs/scaling.md)
	@python scripts/gpu_check.py --minutes 9

test: $(INSTALLED) ## unit tests and the smoke profile's whole pipeline (under 15 minutes)
	@$(PYTEST) -n 2 --dist loadfile tests

test-pipeline: $(INSTALLED) ## both engines, cache, failures and ablations in temporary clones (under 45 minutes)
	@$(PYTEST) -n 2 --dist loadfile tests/pipeline

test-long: $(INSTALLED) ## a kill at every moment of a training, thousands of mutated inputs (about 15 minutes)
	@$(PYTEST) -m long -rP tests

lint: $(INSTALLED) ## ruff, mypy, snakefmt, snakemake --lint
	@ruff check .
	@ruff format --check .
	@mypy
	@snakefmt --check workflow
	@snakemake --lint

format: $(INSTALLED) ## rewrite the sources in the project's format
	@ruff check --fix .
	@ruff format .
	@snakefmt workflow

docs: .venv-docs/.installed ## build the documentation into site/, strictly, in an environment of its own
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict --quiet
	@echo "open site/index.html; its search wants a server: python3 -m http.server --directory site"

.venv-docs/.installed: requirements-docs.lock
	@"$(PYTHON)" -m venv --clear .venv-docs
	@.venv-docs/bin/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r requirements-docs.lock
	@touch $@

demo-model: $(INSTALLED) ## copy the run's demo model into the package, for `focus reconstruct`
	@python scripts/ship_demo_model.py

schemas: $(INSTALLED) ## write the JSON schemas of params.yaml and the profiles from the settings classes
	@focus schemas

experiments: $(INSTALLED) ## write results/experiments.csv from the experiments that `dvc exp run` has made here
	@python scripts/experiments.py

worlds: $(INSTALLED) ## run the study in three worlds with three seeds each: results/worlds (hours; docs/worlds.md)
	@python scripts/worlds.py run --cores $(CORES)

lock: $(INSTALLED) ## resolve pyproject.toml anew into requirements*.lock (CPython 3.11, Linux x86_64)
	@python scripts/lock.py

package: $(INSTALLED) ## build sdist and wheel of the last commit into dist/, the same bits everywhere
	@python scripts/package.py

share: $(INSTALLED) ## pack models and results into SHARE (dist/share), from where anybody can `dvc pull` them
	@python scripts/share.py $(SHARE)

clean: ## remove the data and models that dvc.lock names, checkpoints, logs and .venv; results/, .dvc/cache and your files stay
	@awk '/^    outs:/ {outs = 1; next} /^    [a-z]/ {outs = 0} outs && /- path: (data|models)\// && !/\/\.\.(\/|$$)/ {print $$3}' dvc.lock | xargs -r rm -rf --
	rm -rf .venv .venv-docs site .snakemake .checkpoints logs
