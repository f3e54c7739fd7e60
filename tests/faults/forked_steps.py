"""A step's own process, forked from one that has loaded all modules, so that it can be started again and again.

Each line on standard input is `[run folder, request]`; the answers are a line with the process number at once, and one
with its exit code at its end. What such a process prints goes to standard error.
"""

import json
import os
import sys
from pathlib import Path

import torch  # noqa: F401 - loaded once, not in every child
import transformers.models.llama.modeling_llama  # noqa: F401

import workbench.alignment.align
import workbench.engines.llamacpp
import workbench.engines.transformers
import workbench.evaluation.evaluate
import workbench.export.gguf
import workbench.export.quantization
import workbench.plots.pictures
import workbench.training.one_phase  # noqa: F401
from workbench.jobs.child import main


def start(folder: Path, request: str) -> int:
    """The number of a process that works on the run."""
    read, write = os.pipe()
    if child := os.fork():
        os.close(read)
        os.write(write, request.encode() + b"\n")
        return child
    os.dup2(read, 0)
    os.dup2(2, 1)
    try:
        os._exit(main(folder))
    finally:
        os._exit(1)


if __name__ == "__main__":
    for line in sys.stdin:
        folder, request = json.loads(line)
        child = start(Path(folder), json.dumps(request))
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()
