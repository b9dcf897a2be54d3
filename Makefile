# The targets of the template. People and CI call the same ones.

PYTHON ?= python3
READY := .venv/ready
DEMO := demo

unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH
unexport VIRTUAL_ENV

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-9s %s\n", $$1, $$2 }'

.PHONY: demo
demo: $(READY) ## Generate a sample project in demo/ and run it through to its metrics
	@rm -rf $(DEMO)
	@.venv/bin/cookiecutter --no-input --default-config --output-dir $(DEMO) .
	@$(MAKE) --no-print-directory --directory $(DEMO)/penguin-species run
	@echo "the project is in $(DEMO)/penguin-species; open $(DEMO)/penguin-species/reports/evaluation.html"

.PHONY: setup
setup: $(READY) ## Make .venv with exactly what requirements.lock says

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: make setup PYTHON=python3.12")'
	@echo "setting up .venv ..."
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.lock
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement .venv/uv.lock
	@.venv/bin/uv pip sync --quiet --require-hashes --python .venv/bin/python requirements.lock
	@.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

PYTEST := .venv/bin/python -m pytest --numprocesses=2 --dist=worksteal

.PHONY: test
test: $(READY) lint ## What a change needs in minutes: all generated and parsed, level 0 really run
	@$(PYTEST) --speed=test

.PHONY: test-all
test-all: $(READY) ## The same, and all levels and providers really run, with real tools
	@.venv/bin/python tests/support/needs.py
	@$(MAKE) --no-print-directory lint
	@$(PYTEST) --speed=all --cov

.PHONY: test-deep
test-deep: $(READY) ## What is slow and seldom broken
	@.venv/bin/python tests/support/needs.py
	@$(PYTEST) --speed=deep

.PHONY: coverage
coverage: $(READY) ## Show which lines of the library its own tests do not run
	@.venv/bin/python -m pytest tests/library --numprocesses=2 --dist=worksteal --cov --cov-report=term-missing

.PHONY: lint
lint: $(READY) ## Check style, format, types and what the library's modules import
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo

.PHONY: format
format: $(READY) ## Put style and format right
	@.venv/bin/ruff check --fix
	@.venv/bin/ruff format

.PHONY: docs site pictures
site: $(READY) ## Build the pages of docs/ as a website with search, in site/
	@NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --quiet --strict
	@echo "open site/index.html"

pictures: demo ## Take the pictures of docs/ again, of the sample project; needs chromium
	@.venv/bin/python -m tools.pictures $(DEMO)/penguin-species

docs: $(READY) ## Refresh the tables of docs/, and docs/guards.md
	@.venv/bin/python -m tools.readme_table
	@.venv/bin/python -m tools.guards_table

.PHONY: lock upgrade
lock: $(READY) ## Write what changed in a pyproject.toml into the locks of template and projects; other versions stay
	@.venv/bin/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header $(UPGRADE) \
	  --python-version 3.11 tests/support/cloud/requirements.in --output-file tests/support/cloud/requirements.lock
	@.venv/bin/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header $(UPGRADE) --no-deps \
	  --python-version 3.11 tests/support/cloud/bindings.in --output-file tests/support/cloud/bindings.lock
	@PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python -m tools.lock $(UPGRADE)

upgrade: ## Take the newest version of every package
	@$(MAKE) --no-print-directory lock UPGRADE=--upgrade
