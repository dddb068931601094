# `make help` lists the targets. Python 3.11+, git and make are required.
PYTHON ?= python3
TORCH ?= cpu
TORCH_VERSION := 2.13.0
UV_VERSION := 0.13.9
LOCKED := --quiet --require-hashes --no-deps --requirement requirements.lock

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export MLFLOW_DISABLE_TELEMETRY := true

.DEFAULT_GOAL := help
.PHONY: unmoved help repro serial test check lint types tests format ui report bench deps lock readme verify verify-serial clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

repro: .venv/.ready  ## run the pipeline on all cores (Snakemake runs, DVC records); reruns only what is stale
	@bakeoff check
	@bakeoff tidy
	snakemake --cores all

serial: .venv/.ready  ## the same, one stage after the other (dvc repro with atomic writes of dvc.lock)
	@bakeoff check
	@bakeoff tidy
	python -m bakeoff.harness.engine repro
	@bakeoff tidy

test: lint  ## check format and lint, then types, and run every test in parallel
	@$(MAKE) --no-print-directory --jobs=2 types tests

check: lint types  ## check format, lint and types only

lint: .venv/.ready
	ruff format --check .
	ruff check .

types: .venv/.ready
	mypy

tests: .venv/.ready
	pytest -n auto --dist loadgroup

format: .venv/.ready  ## format the code and apply ruff's fixes
	ruff format .
	ruff check --fix .

ui: .venv/.ready  ## start MLflow with the saved views; running trainings are shown too
	bakeoff ui

report: .venv/.ready  ## run the stages that the report needs, and print its path
	dvc repro report
	@echo "reports/report.html"

bench: .venv/.ready  ## run benchmarks/ (after a run, on a machine without other load; a quarter of an hour)
	python -m benchmarks.fixed_cost
	python -m benchmarks.ingest
	python -m benchmarks.embedding
	python -m benchmarks.training
	python -m benchmarks.costs

deps: .venv/.ready  ## write dvc.yaml, with the imports of each stage, and the JSON schema of params.yaml
	bakeoff deps

# Install a new package first: this reads the installed packages. uv is in an environment of its own, because only this
# target needs it.
lock:  ## pin the installed packages (except torch) in requirements.lock, with the hash of every file
	@$(PYTHON) -m venv .bakeoff/locking
	@.bakeoff/locking/bin/pip install --quiet uv==$(UV_VERSION)
	@pip freeze --exclude-editable --exclude torch | grep -v -e '^nvidia-' -e '^triton==' > .bakeoff/locking/frozen.txt
	@.bakeoff/locking/bin/uv pip compile --quiet --no-deps --generate-hashes --no-annotate --no-header \
	  --output-file .bakeoff/locking/hashed.txt .bakeoff/locking/frozen.txt
	@{ sed -n '/^#/p' requirements.lock; cat .bakeoff/locking/hashed.txt; } > .bakeoff/locking/requirements.lock
	@mv .bakeoff/locking/requirements.lock requirements.lock
	@rm -r .bakeoff/locking

readme: .venv/.ready  ## copy the table of results into README.md
	bakeoff readme

verify: .venv/.ready  ## run the whole pipeline in a clean clone, on all cores, and check that dvc.lock is the same
	bakeoff verify

verify-serial: .venv/.ready  ## the same with DVC alone, one stage after the other; takes nearly twice as long
	bakeoff verify --serial

clean:  ## remove the environment
	rm -rf .venv

# The commands of a virtual environment contain its path: after it is moved or copied, they start the old Python, or fail.
unmoved:
	@test ! -e .venv/bin/activate || grep -qF '$(CURDIR)/.venv' .venv/bin/activate \
	  || { echo "error: .venv was created in another folder, and its commands refer to that folder; run make clean repro" >&2; exit 2; }

# torch is installed first and separately, unless it is installed already: a CPU build from pip's index if it has one, else
# from PyTorch's index of CPU builds. TORCH=cuda installs PyPI's build for NVIDIA GPUs. If uv is installed, it installs the
# other packages several times as fast as pip, with the same hashes; it compiles modules only with --compile-bytecode. pip may
# have an index configured that uv does not use.
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
