# Two commands are the whole set-up:  make demo   and   make test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test lint bench lock schema clean

help:
	@echo "make demo    set up, run the demo on real CCTV footage, end with a verified evidence bundle (./demo-out)"
	@echo "make test    set up and run the tests"
	@echo "make lint    style, types and import layers"
	@echo "make bench   measure speed against the decode limits and a plain peer script"
	@echo "make lock    renew requirements.lock        make schema   renew configs/site.schema.json"

$(READY): requirements.lock pyproject.toml setup.sh
	@./setup.sh "$(PYTHON)" "$(VENV)"

demo: $(READY)
	@$(BIN)/streetproof demo --out demo-out

test: $(READY)
	@./setup.sh --package openssl openssl
	@$(BIN)/pytest -n auto --dist worksteal

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(READY)
	@$(BIN)/python -m bench

lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade -o requirements.lock

schema: $(READY)
	@$(BIN)/streetproof config schema > configs/site.schema.json

clean:
	rm -rf $(VENV) demo-out bench/out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
