"""What becomes of the events of a phase while it trains."""

from dataclasses import dataclass

from workbench.alignment.plan import PhasePlan
from workbench.events import Event
from workbench.runs import Attempt
from workbench.training.tensorboard import TensorBoard

_SAID_EVERY = 10


@dataclass
class Reporter:
    """To the run's log, a sentence now and then, and to TensorBoard where it is asked for."""

    plan: PhasePlan
    attempt: Attempt
    board: TensorBoard | None = None

    def report(self, event: Event) -> None:
        """Steps are told with a sentence of their own, which whoever watches is shown."""
        sentence = {"sentence": self._sentence(event)} if "loss" in event else {}
        learns = {} if "step" in event else {"learns": self.plan.learns}
        self.attempt.events.emit(f"phase_{self.plan.number}", **event, **sentence, **learns)
        if self.board:
            self.board.add(event)
        if sentence and (event["step"] % _SAID_EVERY == 0 or event["step"] == event["steps"]):
            self.attempt.say(sentence["sentence"])

    def _sentence(self, event: Event) -> str:
        share = round(100 * event["step"] / event["steps"])
        return (
            f"Phase {self.plan.number} ({self.plan.learns}): {share}% step {event['step']}/{event['steps']}, "
            f"loss {event['loss']:.3f}, {event['tokens_per_second']:,.0f} tokens a second, "
            f"{_time(event['seconds_left'])} left"
        )


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
