# make run   sets everything up, indexes the starter catalogue, prints a first answer, serves page and API
# make test  sets everything up and runs the tests
# make bench compares Evoke with its peers: speed, memory and quality; BENCHMARKS names other works
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
PEERS := .venv-peers/.installed
BENCHMARKS ?= ../shared/data/tot_books

.PHONY: install peers run test gate check bench bench-growth bench-evoke clean

install: $(INSTALLED)

# torch first and alone: with this release in place nothing else pulls the much larger CUDA build.
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt torch==2.13.0
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

# What Evoke is compared with, in an environment of its own: none of it is a dependency.
peers: $(PEERS)

$(PEERS): benchmarks/peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet --upgrade pip
	.venv-peers/bin/pip install --quiet torch==2.13.0
	.venv-peers/bin/pip install --quiet --requirement benchmarks/peers.txt
	touch $@

run: install
	$(BIN)/evoke index
	$(BIN)/evoke search "find me something inspiring" --limit 3
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

# Some 15 minutes for 2,679 books. For the films, with their 25,924 works, name the systems:
# make bench BENCHMARKS=../shared/data/tot_movies SYSTEMS="evoke txtai"
bench: install peers
	$(BIN)/python -m benchmarks.compare $(BENCHMARKS) $(if $(SYSTEMS),--systems $(SYSTEMS))
	$(BIN)/python -m benchmarks.plots

# How cost grows to 500,000 works; some 20 minutes and 6 GB of memory.
bench-growth: install
	$(BIN)/python -m benchmarks.growth
	$(BIN)/python -m benchmarks.plots

# Evoke alone, step by step.
bench-evoke: install
	$(BIN)/python -m benchmarks.runtimes
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.indexing
	$(BIN)/python -m benchmarks.serving

clean:
	rm -rf .venv .venv-peers build .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
