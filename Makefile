# `make demo` shows it, `make test` proves it. Everything runs in .venv, made from requirements.lock.

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format lock parts deploy server worker guard gallery hooks bench clean

python := .venv/bin/python
unexport PYTHONPATH PYTHONHOME PYTHONSAFEPATH
export DO_NOT_TRACK := 1

help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s%s\n", $$1, $$2}' Makefile

setup: ## .venv, as requirements.lock says
	@deployments/environment.sh

demo: setup ## a day at the lake, on this machine (DEMO_SLOTS=n for fewer photos)
	@$(python) -m demo

test: setup parts lint ## lint, types, docs and every test
	@$(python) -m pytest $(ARGS)

parts: setup
	@$(python) -m tests.parts

lint: setup ## ruff and mypy
	@$(python) -m ruff check --quiet
	@$(python) -m ruff format --check --quiet
	@$(python) -m mypy

format: setup ## put the code into its form
	@$(python) -m ruff check --quiet --fix
	@$(python) -m ruff format --quiet

lock: setup ## requirements.lock anew from pyproject.toml
	@$(python) -m uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --group dev \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	    --output-file requirements.lock pyproject.toml

server: setup ## a Prefect server on 127.0.0.1:4200
	@$(python) -m deployments.server

deploy: setup ## apply prefect.yaml to the server of PREFECT_API_URL
	@$(python) -m deployments.setup

worker: export KOOTENAY_CHECKOUT := $(CURDIR)
worker: setup ## a worker: make worker POOL=camera-host
	@: $(if $(POOL),,$(error say which: make worker POOL=camera-host, or POOL=cloud))
	@$(python) -m prefect worker start --type process --pool "$(POOL)"

guard: setup ## the camera's guard: takes the slot that nobody has taken
	@$(python) -m guard

gallery: setup ## the public site, as [gallery] says
	@$(python) -m gallery

bench: bench-capture bench-ingest bench-films ## what it costs, against peers (bench-NAME for one, BENCH_RUNS=n for more)

bench-%: setup
	@$(python) -m bench.$*

hooks: setup ## lint before every commit
	@.venv/bin/pre-commit install

clean: ## the demo's folder and the caches
	@rm -rf .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
