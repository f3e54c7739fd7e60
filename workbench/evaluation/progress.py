"""What an evaluation says of itself while it works."""

import time

from workbench.evaluation.benchmarks import Benchmark, Who
from workbench.evaluation.journal import Kept
from workbench.runs import Attempt, Stop

_INTERVAL = 0.5


class Progress:
    """Events of an attempt, at most two a second, and the place where a stop is obeyed."""

    def __init__(self, attempt: Attempt, stop: Stop) -> None:
        self._attempt = attempt
        self._stop = stop
        self._told = 0.0

    def say(self, sentence: str) -> None:
        self._attempt.say(sentence)
        self._attempt.events.emit("evaluate", sentence=sentence)

    def follow(self, asked: Benchmark, who: Who, total: int, *, doing: str = "asked") -> Kept:
        """To be called with the number of finished items after each one; raises Checkpointed when a stop is wished."""
        self._attempt.say(f"{asked.title}: {total} are {doing}, {who} model.")

        def kept(done: int) -> None:
            if done == total or time.monotonic() - self._told >= _INTERVAL:
                self._told = time.monotonic()
                sentence = f"{asked.title}, {who} model: {done} of {total} {doing}"
                fields = {"benchmark": asked.name, "model": who, "done": done, "total": total, "sentence": sentence}
                self._attempt.events.emit("evaluate", **fields)
            self._stop.check()

        return kept
