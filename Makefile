# `make help` lists the targets. Only Python 3.11+, git and make need to be there.
PYTHON ?= python3
TORCH ?= cpu
TORCH_VERSION := 2.13.0
UV_VERSION := 0.13.9
LOCKED := --quiet --require-hashes --no-deps --requirement requirements.lock

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export MLFLOW_DISABLE_TELEMETRY := true

.DEFAULT_GOAL := help
.PHONY: unmoved help repro serial test check lint types tests format ui report bench deps lock readme verify verify-serial clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

repro: .venv/.ready  ## run the pipeline on all cores (Snakemake runs, DVC records); reruns only what is stale
	@bakeoff check
	@bakeoff tidy
	snakemake --cores all

serial: .venv/.ready  ## the same, one stage after the other (dvc repro, and dvc.lock is whole at every moment)
	@bakeoff check
	@bakeoff tidy
	python -m bakeoff.harness.engine repro
	@bakeoff tidy

test: lint  ## format, lint, then types and every test side by side
	@$(MAKE) --no-print-directory --jobs=2 types tests

check: lint types  ## format, lint and types only

lint: .venv/.ready
	ruff format --check .
	ruff check .

types: .venv/.ready
	mypy

tests: .venv/.ready
	pytest -n auto --dist loadgroup

format: .venv/.ready  ## format the code and mend what can be mended
	ruff format .
	ruff check --fix .

ui: .venv/.ready  ## MLflow, with the saved views, fed by running trainings
	bakeoff ui

report: .venv/.ready  ## run what the report needs, and say where it is
	dvc repro report
	@echo "reports/report.html"

bench: .venv/.ready  ## the measurements of benchmarks/ (after a run, on a quiet machine; a quarter of an hour)
	python -m benchmarks.fixed_cost
	python -m benchmarks.ingest
	python -m benchmarks.embedding
	python -m benchmarks.training
	python -m benchmarks.costs

deps: .venv/.ready  ## write what each stage imports into dvc.yaml, and the editors' schema of params.yaml
	bakeoff deps

# From what is installed, so install a new package first. uv works beside the environment, not in it: only this needs it.
lock:  ## pin what is installed (but torch) in requirements.lock, with the hash of every file of each version
	@$(PYTHON) -m venv .bakeoff/locking
	@.bakeoff/locking/bin/pip install --quiet uv==$(UV_VERSION)
	@pip freeze --exclude-editable --exclude torch | grep -v -e '^nvidia-' -e '^triton==' > .bakeoff/locking/frozen.txt
	@.bakeoff/locking/bin/uv pip compile --quiet --no-deps --generate-hashes --no-annotate --no-header \
	  --output-file .bakeoff/locking/hashed.txt .bakeoff/locking/frozen.txt
	@{ sed -n '/^#/p' requirements.lock; cat .bakeoff/locking/hashed.txt; } > .bakeoff/locking/requirements.lock
	@mv .bakeoff/locking/requirements.lock requirements.lock
	@rm -r .bakeoff/locking

readme: .venv/.ready  ## bring the table of results into README.md
	bakeoff readme

verify: .venv/.ready  ## run everything from nothing in a clean clone, on all cores; dvc.lock must come out the same to the byte
	bakeoff verify

verify-serial: .venv/.ready  ## the same by DVC alone, one stage after the other; takes nearly twice as long
	bakeoff verify --serial

clean:  ## remove the environment
	rm -rf .venv

# An environment keeps its place in its commands: once moved or copied, they start the Python of the old place, or none.
unmoved:
	@test ! -e .venv/bin/activate || grep -qF '$(CURDIR)/.venv' .venv/bin/activate \
	  || { echo "error: .venv was made in another folder, and its commands lead there; make clean repro" >&2; exit 2; }

# torch first and by itself, kept if it is there: a CPU build where pip finds one, else from PyTorch's index of CPU
# builds; TORCH=cuda takes PyPI's build for NVIDIA GPUs. uv, where it is there, installs the others several times as fast
# as pip does, by the same hashes; it compiles modules only if told to. pip may know of an index that uv does not.
.venv/.ready: requirements.lock pyproject.toml | unmoved
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $(PYTHON) is older than Python 3.11; set PYTHON=python3.11 or newer" >&2; exit 2; }
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@echo "installing torch $(TORCH_VERSION) ($(TORCH))"
	@case "$$(pip list --format=freeze 2>/dev/null | grep '^torch==')" in torch==$(TORCH_VERSION)*) ;; *) \
	  if [ "$(TORCH)" = cuda ]; then pip install --quiet torch==$(TORCH_VERSION); \
	  else pip install --quiet torch==$(TORCH_VERSION)+cpu 2>/dev/null \
	    || pip install --quiet torch==$(TORCH_VERSION) --index-url https://download.pytorch.org/whl/cpu; fi ;; esac
	@echo "installing the locked packages"
	@{ command -v uv > /dev/null && uv pip install --python .venv/bin/python --compile-bytecode $(LOCKED); } || pip install $(LOCKED)
	@pip install --quiet --no-deps --editable .
	@pip check
	@bakeoff setup
	@touch .venv/.ready
