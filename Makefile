# make run   sets everything up, indexes the starter catalogue, prints a first answer and serves the page
# make test  sets everything up and runs the tests
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: install run test gate check bench clean

install: $(INSTALLED)

# torch first and alone: with this release in place nothing else pulls the much larger CUDA build.
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt torch==2.13.0
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

run: install
	$(BIN)/evoke index
	$(BIN)/evoke search "find me something inspiring" --limit 3
	@echo
	@echo "The page: http://127.0.0.1:8000/   The API: http://127.0.0.1:8000/docs   Ctrl-C ends it."
	$(BIN)/evoke serve

test: install
	$(BIN)/pytest
	$(BIN)/pytest -m browser

# What continuous integration runs.
check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) test gate

# Answers on the starter catalogue must not get worse: exits 1 when a measure fell by more than its noise.
gate: install
	EVOKE_HOME=.venv/evaluated $(BIN)/evoke evaluate --systems bm25 dense evoke --baseline evaluation/starter/baseline.json

bench: install
	$(BIN)/python benchmarks/engine.py
	$(BIN)/python benchmarks/indexing.py
	$(BIN)/python benchmarks/serving.py

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
