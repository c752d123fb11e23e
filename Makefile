# The commands of the project, each documented in CONTRIBUTING.md. `make help` lists them.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python -m

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test lint format screenshots servers label-studio lock bench \
	clean moved

help: ## List the commands
	@grep -E '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/runtime.stamp ## Create .venv with the curation command, from the lock
	@echo "Ready: $(VENV)/bin/curation --help"

setup-dev: $(VENV)/dev.stamp ## The same with everything that tests need

demo: setup ## Build the demo project and serve it on this machine
	@$(VENV)/bin/curation demo

test: setup-dev ## Run every lane: lint, types, layers, unit, postgresql, s3, label-studio, journeys
	@$(RUN) scripts.test $(LANES)

lint: setup-dev ## Run the quick lanes: lint, types, layers
	@$(RUN) scripts.test lint types layers

format: setup-dev ## Format the code and mend what ruff can mend
	@$(VENV)/bin/ruff check --fix
	@$(VENV)/bin/ruff format

screenshots: setup-dev ## Take the pictures of the README from the demo
	@$(RUN) scripts.servers chromium
	@$(VENV)/bin/python -m scripts.screenshots

servers: setup-dev ## Find or install the servers and the browser that tests use
	@$(RUN) scripts.servers

# Another port or folder: make label-studio WITH="--port 8090 --files ~/photos".
label-studio: setup-dev ## Run a Label Studio on this machine to try a sync with
	@$(RUN) scripts.label_studio $(WITH)

lock: setup ## Lock the newest allowed versions, for Python 3.11 and later on all systems
	@$(RUN) pip install --quiet --disable-pip-version-check uv
	@$(VENV)/bin/uv pip compile $(LOCK_OPTIONS) --output-file requirements.lock
	@$(VENV)/bin/uv pip compile $(LOCK_OPTIONS) --all-extras --constraint requirements.lock \
		--output-file requirements-dev.lock

LOCK_OPTIONS := pyproject.toml --group build --universal --python-version 3.11 --generate-hashes \
	--no-build --upgrade --no-config --no-annotate --custom-compile-command "make lock" --quiet

# Measures against the newest release of every peer: make bench WHAT="boxes_500k --rounds 8".
bench: setup ## Compare with the newest release of every peer; writes docs/benchmarks.md
	@$(RUN) scripts.peers
	@$(RUN) benchmarks.peers $(WHAT)

clean: ## Remove the environment and everything generated
	rm -rf $(VENV) build dist test-results *.egg-info .coverage \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

KERNELS := setup.py $(wildcard evaluation/*.pyx evaluation/*.pxd)
$(VENV)/runtime.stamp: requirements.lock pyproject.toml scripts/setup.sh $(KERNELS)
	@PYTHON="$(PYTHON)" sh scripts/setup.sh requirements.lock
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/runtime.stamp
	@PYTHON="$(PYTHON)" sh scripts/setup.sh requirements-dev.lock
	@touch $@

# An environment that was moved or copied with its tree still points at the old place.
ifeq ($(shell grep -sF "$(CURDIR)/$(VENV)/" $(VENV)/bin/pip),)
$(VENV)/runtime.stamp: moved
endif
