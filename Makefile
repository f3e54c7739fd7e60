# make tour    everything from taxonomy to chat, on the embedded models
# make test    ruff, mypy and the tests
# make lab     JupyterLab on the notebooks
# make prove   also the tests that take hours
# make lint    ruff and mypy only
# make clean   removes .venv and caches; the workspace stays

.DEFAULT_GOAL := test
.PHONY: tour test lab prove lint clean

# The first of these that is a Python this project runs on. Another one: make PYTHON=/path/to/python3.12
SUITABLE := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PYTHON ?= $(shell for name in python3 python3.11 python3.12 python3.13; do \
	"$$name" -c '$(SUITABLE)' 2>/dev/null && echo "$$name" && break; done)

# llama-cpp-python is compiled here. Not for this very processor alone, so that a cached wheel also runs on the next
# machine, and without the multimodal library and the programs, which are not used. Your own CMAKE_ARGS take their place.
CMAKE_ARGS ?= -DGGML_NATIVE=OFF -DLLAVA_BUILD=OFF -DMTMD_BUILD=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_TESTS=OFF \
	-DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_CURL=OFF
CMAKE_BUILD_PARALLEL_LEVEL ?= $(shell getconf _NPROCESSORS_ONLN)
export CMAKE_ARGS CMAKE_BUILD_PARALLEL_LEVEL

# Names stay relative: make cannot work with blanks in a path, and the clone's own path may hold some.
ENVIRONMENT := .venv/.made

tour: $(ENVIRONMENT)
	@.venv/bin/python -m workbench.cli.main tour

lab: $(ENVIRONMENT)
	@.venv/bin/python -m workbench.cli.main lab

test: lint
	@.venv/bin/python -m pytest

prove: lint
	@.venv/bin/python -m pytest -m ""

lint: $(ENVIRONMENT)
	@.venv/bin/python -m ruff check
	@.venv/bin/python -m ruff format --check
	@.venv/bin/python -m mypy

$(ENVIRONMENT): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 with venv was found; name one: make PYTHON=..." >&2; exit 2; }
	@test -x .venv/bin/python || "$(PYTHON)" -m venv .venv
	.venv/bin/python -m pip install --constraint constraints.txt --editable ".[pdf,hub,test]"
	@touch $@

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find workbench tests -name __pycache__ -type d -prune -exec rm -rf {} +
