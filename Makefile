# Each target sets up what it needs. CORES limits the workflow, and WORKERS the tests; MODEL and PORT are of the app.
PYTHON ?= python3
CORES ?= all
WORKERS ?= 2
MODEL ?= results/model/best.pt
PORT ?= 7860
export PATH := $(CURDIR)/.venv/bin:$(PATH):/usr/sbin:/sbin

.PHONY: demo demo-dataset app test test-slurm test-containers test-containers-torch lint format bench results has-data containers graph clean

demo: .venv/ready  ## run the default config to the end, on the built-in demo corpus
	snakemake --cores $(CORES)

demo-dataset: export PATH := $(CURDIR)/.venv-dataset/bin:$(PATH)
demo-dataset: .venv-dataset/ready  ## the same up to a dataset and its audit, without torch
	snakemake --cores $(CORES) --config 'train={models: []}'

app: .venv/ready  ## a local page for detection: drop a video or a picture; make app MODEL=best.pt PORT=7860
	.venv/bin/python -m pip install --quiet --requirement requirements/app.txt
	python scripts/app.py --model $(MODEL) --port $(PORT)

test: .venv/optional  ## run all tests
	pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations 25  # a file's fixtures are made once

test-slurm: .venv/ready  ## run the workflow on a real Slurm, started for it (root, Debian)
	bash tests/install.sh slurm-wlm munge
	pytest tests/slurm

test-containers: .venv/ready  ## build the media image, and run it under a real Apptainer (root, Debian)
	bash tests/install.sh podman buildah runc debootstrap
	pytest tests/containers/test_media.py

test-containers-torch: .venv/ready  ## the same with the torch image, to a trained model; 20 GB of disk
	bash tests/install.sh podman buildah runc debootstrap
	pytest tests/containers/test_torch.py

lint: .venv/ready  ## check the workflow and the code
	snakemake --lint
	snakefmt --check Snakefile rules
	ruff check
	ruff format --check

format: .venv/ready  ## format the workflow and the code
	snakefmt Snakefile rules
	ruff check --fix
	ruff format

bench: .venv/ready  ## measure speed and memory; prints tables
	for bench in tests/bench/bench_*.py; do PYTHONPATH=scripts:tests python $$bench || exit 1; done

results: has-data .venv/ready  ## measure all of docs/results.md on real data; make results DATA=/path/to/data
	PYTHONPATH=scripts:tests python tests/results/run.py --data "$(DATA)" --cores $(CORES)

has-data:
	@test -d "$(DATA)" || { echo "make results DATA=/path/to/data: no folder '$(DATA)'; CONTRIBUTING.md says what it holds"; exit 2; }

containers:  ## build the steps' images, with podman or apptainer, whichever is installed
	bash envs/build_containers.sh

graph:  ## draw the README's graphs of the rules (needs Graphviz's dot)
	for name in graph models; do dot -Tsvg docs/$$name.dot -o docs/$$name.svg; done

clean:  ## remove all results, but keep downloads
	rm -rf results logs benchmarks

.venv/ready: requirements.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --requirement requirements.txt
	touch $@

.venv/optional: .venv/ready requirements/app.txt requirements/loggers.txt
	.venv/bin/python -m pip install --quiet --requirement requirements/app.txt --requirement requirements/loggers.txt
	touch $@

.venv-dataset/ready: requirements/dataset.txt
	$(PYTHON) -m venv .venv-dataset
	.venv-dataset/bin/python -m pip install --quiet --requirement requirements/dataset.txt
	touch $@
