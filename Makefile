# make run   sets everything up, indexes the starter catalogue, prints a first answer, serves page and API
# make test  sets everything up and runs the tests
# make client generates a client from the OpenAPI document and uses it against a running service
# make stores uses the embedded engine as the client of LangChain, LlamaIndex and Haystack
# make bench BENCHMARKS=FOLDER compares Evoke with its peers on a benchmark: speed, memory and quality
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
PEERS := .venv-peers/.installed
CLIENT := .venv-client/.installed
STORES := .venv-stores/.installed
PAGE_TOOLS := node_modules/.installed

# PyTorch's own index has the CPU build. pip's usual index has the build for CUDA on Linux, with 19 packages and 4.7 GB.
# pip tries that index for at most 20 seconds; if it does not answer, torch comes from the usual index. --no-deps: nothing
# but torch may come from there.
CPU_TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
TORCH := --quiet --no-deps torch==2.13.0
CPU_TORCH := $(TORCH) --extra-index-url $(CPU_TORCH_INDEX) --retries 1 --timeout 10

ifneq ($(filter bench,$(MAKECMDGOALS)),)
$(if $(BENCHMARKS),,$(error BENCHMARKS is empty: name folders in BEIR's layout, as in make bench BENCHMARKS=path/to/folder))
endif

ifneq ($(filter retrain%,$(MAKECMDGOALS)),)
$(if $(DATA),,$(error DATA is empty: name a folder laid out as docs/encoder.md says, as in make retrain DATA=path/to/folder))
endif

.PHONY: install peers run test gate check check-page client stores bench bench-growth bench-load stress bench-evoke \
	retrain retrain-encoder retrain-values retrain-descriptions retrain-reader stale lint-deploy clean

install: $(INSTALLED)

# torch comes first: once this release is installed, pip keeps it for everything that depends on torch.
$(INSTALLED): pyproject.toml constraints.txt $(wildcard requirements/*.txt)
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install $(CPU_TORCH) || $(BIN)/pip install $(TORCH)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

# The engines that Evoke is compared with have an environment of their own, since Evoke depends on none of them.
peers: $(PEERS)

$(PEERS): benchmarks/peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet --upgrade pip
	.venv-peers/bin/pip install $(CPU_TORCH) || .venv-peers/bin/pip install $(TORCH)
	.venv-peers/bin/pip install --quiet --requirement benchmarks/peers.txt
	touch $@

# The generator of clients asks for an older Typer than Evoke does, so it has an environment of its own.
client: install $(CLIENT)
	$(BIN)/pytest tests/search_api/service/test_generated_client.py

$(CLIENT): tests/search_api/service/generator.txt
	$(PYTHON) -m venv .venv-client
	.venv-client/bin/pip install --quiet --requirement $<
	touch $@

# Libraries that take a QdrantClient are used with the embedded engine in an environment of their own.
stores: install $(STORES)
	$(BIN)/pytest tests/indexer/engine/test_stores.py

$(STORES): tests/indexer/engine/stores.txt constraints.txt
	$(PYTHON) -m venv .venv-stores
	.venv-stores/bin/pip install --quiet --constraint constraints.txt --requirement $<
	touch $@

run: install
	$(BIN)/evoke index
	$(BIN)/evoke search "find me something inspiring" --limit 3
	$(BIN)/evoke serve

test: install
	$(BIN)/pytest
	$(BIN)/pytest -m browser

# The page runs as it is, without a build step: its types are in comments. Node and npm are needed to check it, and to
# check its access with axe in the browser tests.
check-page: $(PAGE_TOOLS)
	npm run --silent types
	npm run --silent lint

$(PAGE_TOOLS): package.json package-lock.json
	npm ci --no-fund --no-audit
	touch $@

# What continuous integration runs.
check: install check-page
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) test gate

# Answers on the starter catalogue, and the reading of requests, must not get worse: exits with 1 when a
# measure fell by more than its noise.
gate: install
	EVOKE_HOME=.venv/evaluated $(BIN)/evoke evaluate --systems bm25 dense evoke --baseline evaluation/starter/baseline.json
	EVOKE_HOME=.venv/evaluated $(BIN)/evoke evaluate --understanding evaluation/starter/understanding.jsonl \
		--baseline evaluation/starter/understanding-baseline.json

# Takes about 15 minutes for 2,679 works. For 25,924, name the systems: make bench BENCHMARKS=films SYSTEMS="evoke txtai"
bench: install peers
	$(BIN)/python -m benchmarks.compare $(BENCHMARKS) $(if $(SYSTEMS),--systems $(SYSTEMS))
	$(BIN)/python -m benchmarks.plots

# How time and memory grow up to 500,000 works; takes about 20 minutes and 6 GB of memory.
bench-growth: install
	$(BIN)/python -m benchmarks.growth
	$(BIN)/python -m benchmarks.plots

# A service under load, with nasty requests and with its processes killed: HOME_FOLDER names an indexed home folder.
# Then an index of a million works: takes about 40 minutes and 14 GB of memory.
bench-load: install
	$(BIN)/python -m benchmarks.nasty --home $(HOME_FOLDER)
	$(BIN)/python -m benchmarks.overload --home $(HOME_FOLDER)
	$(BIN)/python -m benchmarks.service_kills --home $(HOME_FOLDER)
	$(BIN)/python -m benchmarks.names
	$(BIN)/python -m benchmarks.large

# Asks for more and more, and then for twice of what can be answered; HOME_FOLDER names an indexed home folder. Takes
# about 20 minutes.
stress: install
	$(BIN)/pip install --quiet --constraint constraints.txt --requirement requirements/stress.txt
	$(BIN)/python -m benchmarks.stress --home $(HOME_FOLDER)
	$(BIN)/python -m benchmarks.plots

# Evoke alone, step by step.
bench-evoke: install
	$(BIN)/python -m benchmarks.runtimes
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.indexing
	$(BIN)/python -m benchmarks.serving

# Trains what ships again, each on what was trained before it, and then says what does not fit the rest. Takes about half
# an hour on two cores. docs/encoder.md has the layout of DATA.
LABELLED := $(DATA)/catalogue/movies.jsonl.gz $(DATA)/catalogue/books.jsonl.gz
LABELS := --labels $(DATA)/labels/mpst.jsonl $(DATA)/labels/shelves.jsonl.gz
DESCRIBED := $(DATA)/tot_books $(DATA)/tot_movies
JUDGED := $(DATA)/value_movies $(DATA)/value_books $(DESCRIBED)

retrain:
	$(MAKE) retrain-encoder
	$(MAKE) retrain-values
	$(MAKE) retrain-descriptions
	$(MAKE) retrain-reader
	$(MAKE) stale
	$(BIN)/evoke evaluate $(JUDGED) --systems dense evoke --report retrained

# Written beside the file in use and then moved: an interrupted training changes nothing. Memory that a step frees is kept
# for the next: half of the processor's time went to giving it back and asking for it again.
retrain-encoder: install
	MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8589934592 $(BIN)/evoke train-encoder $(DESCRIBED) --catalogue $(DATA)/catalogue/books.jsonl.gz $(LABELS) \
		--ratings $(DATA)/ratings/goodbooks_ratings.csv.gz --rated-books $(DATA)/ratings/goodbooks_books.csv.gz \
		-o trained.safetensors
	mv trained.safetensors indexer/encoder/encoder.safetensors

retrain-values: install
	$(BIN)/evoke train-values $(LABELLED) $(LABELS) -o trained.safetensors
	mv trained.safetensors indexer/values/values.safetensors

retrain-descriptions: install
	$(BIN)/evoke train-descriptions $(DESCRIBED) --terms-only -o trained.safetensors
	mv trained.safetensors search_api/query_adapter.safetensors

retrain-reader: install
	$(BIN)/evoke train-reader -o trained.safetensors
	mv trained.safetensors search_api/understanding/reader.safetensors

# Names what ships but does not fit the encoder, the text analyser or the taxonomy, with the command that trains it again.
stale: install
	$(BIN)/python -m indexer.artefacts

# Checks images, compose and templates with the tools that are installed (hadolint, shellcheck, docker, cfn-lint,
# terraform, checkov, promtool), and names those that are not.
lint-deploy:
	sh deploy/lint.sh

clean:
	rm -rf .venv .venv-peers .venv-client .venv-stores node_modules build .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
