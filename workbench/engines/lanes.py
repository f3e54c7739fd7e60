"""What runs in a sequence of the context: it brings a prompt, and looks at logits."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from workbench.engines.engine import Completion, Finish, Request
from workbench.engines.slots import Slot, Tokens


@dataclass(eq=False, slots=True)
class Lane(ABC):
    """A request's way through the context. Logits are wanted from the prompt's token number `first` on, so that only
    those before it can be taken over from others. `room` is the most tokens that it may come to hold, `own` those among
    them that it shares with nobody from before; of its prompt `feeding` tokens are in the batch, the last `outputs` of
    them with logits."""

    request: Request
    prompt: Tokens
    first: int
    room: int
    slot: Slot = field(default_factory=lambda: Slot(sequence=-1))
    own: int = 0
    feeding: int = 0
    outputs: int = 0

    @property
    def kept(self) -> int:
        """How much of the prompt others may want to share when this is over."""
        return len(self.prompt)

    def enter(self, slot: Slot) -> None:
        """Runs there from now on."""
        self.slot, self.own = slot, self.room - slot.length

    def feed(self, spare: int) -> int:
        """Plans as much of the prompt as is left and there is room for; returns how much that is."""
        slot = self.slot
        self.feeding = min(slot.left, spare)
        self.outputs = max(0, slot.length + self.feeding - max(slot.length, self.first))
        return self.feeding

    @abstractmethod
    def end(self, finish: Finish) -> Completion | None:
        """What has come of it; None while other lanes of the same request are on their way."""
