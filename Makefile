# Each target sets up what it needs. CORES limits the workflow, and WORKERS the tests.
PYTHON ?= python3
CORES ?= $(shell nproc)
WORKERS ?= 2
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: demo test lint format bench graph clean

demo: .venv/ready  ## run the default config to the end, on the built-in demo corpus
	snakemake --cores $(CORES)

test: .venv/ready  ## run all tests
	pytest -n $(WORKERS)

lint: .venv/ready  ## check the workflow and the code
	snakemake --lint
	snakefmt --check Snakefile rules
	ruff check
	ruff format --check

format: .venv/ready  ## bring the workflow and the code into form
	snakefmt Snakefile rules
	ruff check --fix
	ruff format

bench: .venv/ready  ## measure speed and memory; prints tables
	for bench in tests/bench/bench_*.py; do PYTHONPATH=scripts:tests python $$bench || exit 1; done

graph:  ## draw the README's graphs of the rules (needs Graphviz's dot)
	for name in graph models; do dot -Tsvg docs/$$name.dot -o docs/$$name.svg; done

clean:  ## remove all results, but keep downloads
	rm -rf results logs benchmarks

.venv/ready: requirements.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --requirement requirements.txt
	touch $@
