"""A chat with one model, or with several beside each other: words appear as they are drawn, in all columns at once."""

import time
from dataclasses import replace
from functools import partial
from html import escape
from pathlib import Path
from threading import RLock, Timer
from typing import Any

from workbench.engines.chat import Chat
from workbench.engines.replies import Asked
from workbench.engines.round import Round
from workbench.engines.transcript import Transcript
from workbench.engines.transcripts import Transcripts
from workbench.errors import UsageError
from workbench.widgets.chat_composer import composer
from workbench.widgets.chat_page import spoken, turn_html, turns_html
from workbench.widgets.chat_shelf import ChatShelf
from workbench.widgets.field import column, html, row, set_html, watch
from workbench.widgets.keyboard import own_keys
from workbench.widgets.panel import Panel, button, dropdown, live
from workbench.widgets.passage_chooser import PassageChooser

ALL = "all models"
_STYLE = Path(__file__).with_name("chat.css")
# Growing answers are sent to the browser this seldom, in seconds.
_REDRAWN = 0.1
_LARGEST_SEED = 2**31 - 1
_WIDE = {"description_width": "initial"}


class ChatPanel(Panel):
    """`value` is what was said here, beside the `transcript` that there was before. Answers are drawn in other threads,
    so the kernel is free meanwhile: who needs them calls `wait`."""

    def __init__(self, chat: Chat, transcript: Transcript) -> None:
        super().__init__()
        self.transcript = transcript
        self.value = Transcript(models=chat.models)
        self.sampling, self.seed, self.remember, self.context = chat.sampling, chat.seed, False, ""
        self._chat = chat
        self._kept = Transcripts(chat.workspace)
        self._round: Round | None = None
        self._drawn, self._growing = 0.0, 0
        self._late: Timer | None = None
        self._built = False
        # Answers and what is pressed meanwhile come in different threads.
        self._lock = RLock()

    def say(self, text: str, to: str = ALL) -> bool:
        """Puts a message to one model or to all; False where it is empty or the one before is still answered. Earlier
        messages are in view with `remember`, and `context` is the passage in front."""
        with self._lock:
            if self._round or not text.strip():
                return False
            names = self._chat.names if to == ALL else [to]
            self._chat.check(names)
            before = self.value.turns if self.remember else ()
            asked = Asked("", text.strip(), self.sampling, self.seed, self.context, before)
            self._round = Round(asked, self._heard)
            self._round.start(self._chat, names)
            if self._round:
                self._tell(f"{', '.join(names)}: answering")
        return True

    def stop(self) -> None:
        """What was said so far stays."""
        if under_way := self._round:
            under_way.stop()

    def wait(self) -> None:
        """Until all have answered."""
        if under_way := self._round:
            under_way.wait()
            self._heard(True)

    def start_over(self) -> None:
        """What was said leaves the panel; what was saved stays saved."""
        self._put(Transcript(models=self._chat.models), "A new chat")

    def save(self, name: str) -> str:
        """Keeps what was said, in place of no other chat; says where."""
        if not self.value.turns:
            raise UsageError("nothing was said here yet", hint="send a message first")
        path = self._kept.path(self._kept.add(name, self.value))
        return f"Saved as {path.stem}: {path} to go on from, {path.with_suffix('.md')} to read"

    def load(self, name: str) -> str:
        """Goes on from a chat that was kept, whichever models answered in it."""
        loaded = self._kept.load(name)
        self._put(replace(loaded, models={**loaded.models, **self._chat.models}), f"Loaded {name}")
        return f"Loaded {name}"

    def build(self) -> Any:
        self._past, self._now, self._status = html(), html(), html()
        self._composer = composer(lambda text: self.say(text, self._to.value))
        self._to = dropdown("To:", [ALL, *self._chat.names], ALL)
        self._stop, again = button("Stop"), button("Start over")
        self._stop.on_click(lambda pressed: self.stop())
        again.on_click(lambda pressed: self.start_over())
        chooser = PassageChooser(self._chat.workspace, partial(setattr, self, "context"))
        shelf = ChatShelf(self._kept, self.save, self.load)
        self._built = True
        self._tell("")
        log = column([column([self._past, self._now])], "workbench-log")
        style = html(f"<style>{_STYLE.read_text('utf-8')}</style>")
        parts = [log, self._composer, row([self._stop, again, self._status]), row([self._to, *self._settings()])]
        return column(
            [style, own_keys(), *parts, chooser.widget, shelf.widget], *("workbench-editor", "workbench-chat")
        )

    def html(self) -> str:
        return self.transcript._repr_html_() + (self.value._repr_html_() if self.value.turns else "")

    def text(self) -> str:
        return "\n\n".join(str(one) for one in (self.transcript, self.value) if one.turns)

    def _settings(self) -> list[Any]:
        import ipywidgets

        temperature = ipywidgets.BoundedFloatText(
            self.sampling.temperature, min=0, max=2, step=0.1, description="Temperature:", style=_WIDE
        )
        seed = ipywidgets.BoundedIntText(self.seed, min=0, max=_LARGEST_SEED, description="Seed:", style=_WIDE)
        remember = ipywidgets.Checkbox(self.remember, description="Keep earlier messages in view", indent=False)
        for number in (temperature, seed):
            number.add_class("workbench-number")
        watch(temperature, "value", self._warm, lambda: False)
        watch(seed, "value", partial(setattr, self, "seed"), lambda: False)
        watch(remember, "value", partial(setattr, self, "remember"), lambda: False)
        return [temperature, seed, remember]

    def _warm(self, temperature: float) -> None:
        self.sampling = replace(self.sampling, temperature=temperature)

    def _put(self, said: Transcript, status: str) -> None:
        with self._lock:
            if self._round:
                raise UsageError("an answer is on its way", hint="stop it first")
            self.value = said
            self._tell(status)

    def _heard(self, ended: bool) -> None:
        with self._lock:
            if not self._round:
                return
            growing = len(self._round.under_way)
            if not growing:
                turn, self._round = self._round.turn, None
                self.value = self.value.with_turn(turn)
                self._tell("Answered", spoken(turn))
            elif growing < self._growing or time.monotonic() - self._drawn >= _REDRAWN:
                self._draw()
            elif not self._late:
                self._late = Timer(_REDRAWN, self._catch_up)
                self._late.daemon = True
                self._late.start()

    def _catch_up(self) -> None:
        """The last words before a pause are seen, too."""
        with self._lock:
            self._late = None
            if self._round:
                self._draw()

    def _tell(self, status: str, unseen: str = "") -> None:
        """Everything anew; screen readers hear also what is not seen, which stands in the page already."""
        self._draw()
        if not self._built:
            return
        heard = f'<span class="workbench-unseen">{escape(unseen)}</span>' if unseen else ""
        set_html(self._status, live(escape(status) + heard))
        self._composer.busy = self._round is not None
        self._stop.disabled = self._round is None
        set_html(self._past, turns_html(self.value.turns) if self.value.turns or not self._round else "")

    def _draw(self) -> None:
        """The turn under way; what went before is not sent again."""
        growing = self._round.under_way if self._round else []
        self._drawn, self._growing = time.monotonic(), len(growing)
        if self._built:
            set_html(self._now, turn_html(self._round.turn, growing) if self._round else "")
