# Every target makes the environment that it needs; nothing has to be installed first but Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: run test faults bench mutants lint lock clean

run: .venv/runtime
	@exec $(BIN)/vaka up --simulate 25

test: .venv/dev lint
	$(BIN)/pytest -m "not fault"

faults: .venv/dev
	$(BIN)/pytest -m fault

bench: .venv/dev
	$(BIN)/python -m benchmarks

# Which rules, when not all: make mutants RULES="doors night". It takes an hour and more, so CI does not run it.
mutants: .venv/mutation
	$(BIN)/python -m tests.mutants $(RULES)

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.venv/runtime: requirements.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) --require-hashes -r requirements.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev: .venv/runtime requirements-dev.txt
	@$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

.venv/mutation: .venv/dev pyproject.toml
	@$(PIP) --no-build-isolation --editable ".[mutation]"
	@touch $@

lock:
	$(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --strip-extras --allow-unsafe --extra build --output-file requirements.txt pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --strip-extras --allow-unsafe --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
