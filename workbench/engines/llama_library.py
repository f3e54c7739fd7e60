"""llama-cpp-python, loaded so that its threads get on with the machine's other work. Nobody imports it otherwise."""

import os

# Threads meet at every operation. Waiting there by spinning, libgomp's habit, makes two threads twenty times slower
# than one as soon as another process wants a core. libgomp reads the variable when it is loaded; torch has its own.
_POLICY = "OMP_WAIT_POLICY"
_before = os.environ.get(_POLICY)
os.environ.setdefault(_POLICY, "passive")
import llama_cpp  # noqa: E402

if _before is None:
    del os.environ[_POLICY]

__all__ = ["llama_cpp"]
