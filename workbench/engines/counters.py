"""How much an engine has done, and how fast."""

from dataclasses import dataclass
from time import monotonic


@dataclass(slots=True)
class Counters:
    """Since the engine was opened: tokens, evaluations (`batches`) and the `seconds` that these and the draws took.
    `first_result` are the seconds from a session's first request to its first completion, None before there is one;
    `submitted` is when that request came."""

    evaluated_prompt_tokens: int = 0
    reused_prompt_tokens: int = 0
    generated_tokens: int = 0
    batches: int = 0
    seconds: float = 0.0
    first_result: float | None = None
    submitted: float | None = None

    @property
    def tokens_per_second(self) -> float:
        """Tokens drawn in a second of work, prompts' evaluation included; 0 before there was any."""
        return self.generated_tokens / self.seconds if self.seconds else 0.0

    def take(self, other: "Counters") -> None:
        """What the other has counted is counted here instead, but for times, which may run side by side."""
        for name in ("evaluated_prompt_tokens", "reused_prompt_tokens", "generated_tokens", "batches"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
            setattr(other, name, 0)

    def begin(self) -> None:
        """A session is opened."""
        self.submitted = self.first_result = None

    def request(self) -> None:
        if self.submitted is None:
            self.submitted = monotonic()

    def result(self) -> None:
        if self.first_result is None and self.submitted is not None:
            self.first_result = monotonic() - self.submitted
