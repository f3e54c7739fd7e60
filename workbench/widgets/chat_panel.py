"""A chat with one model, or with two beside each other."""

from html import escape
from typing import Any

from workbench.engines.chat import Chat
from workbench.engines.replies import Asked
from workbench.engines.transcript import Answer, Transcript, Turn
from workbench.errors import WorkbenchError, explain
from workbench.widgets.panel import Panel, button, dropdown, live

ALL = "all models"


class ChatPanel(Panel):
    """Shows a transcript and goes on from there; `value` holds what was said here, as (who, text)."""

    def __init__(self, chat: Chat, transcript: Transcript) -> None:
        super().__init__()
        self.value: list[tuple[str, str]] = []
        self.transcript = transcript
        self._names = chat.names
        self._chat = chat
        self._said: list[Turn] = []

    def say(self, text: str, to: str = ALL, *, remember: bool = False) -> None:
        """Puts a text to one model or to all; without `remember` earlier messages are out of view."""
        if not text.strip():
            return
        self.value.append(("you", text.strip()))
        for name in self._names if to == ALL else [to]:
            self.value.append((name, self._answer(name, text.strip(), remember=remember)))

    def start_over(self) -> None:
        self.value.clear()
        self._said.clear()

    def build(self) -> Any:
        import ipywidgets

        wide = {"description_width": "initial"}
        text = ipywidgets.Textarea(description="Your message:", style=wide, layout={"width": "40em"})
        to = dropdown("Model:", [ALL, *self._names], ALL)
        remember = ipywidgets.Checkbox(description="Keep earlier messages in view", indent=False)
        send, again = button("Send"), button("Start over")
        page = ipywidgets.HTML(live(self._page(), "log"))

        def answer(pressed: object) -> None:
            self.say(text.value, to.value, remember=remember.value)
            text.value = ""
            page.value = live(self._page(), "log")

        def clear(pressed: object) -> None:
            self.start_over()
            page.value = live(self._page(), "log")

        send.on_click(answer)
        again.on_click(clear)
        return ipywidgets.VBox([page, text, ipywidgets.HBox([to, remember]), ipywidgets.HBox([send, again])])

    def html(self) -> str:
        return self.transcript._repr_html_() + (self._page() if self.value else "")

    def text(self) -> str:
        return "\n\n".join([str(self.transcript), *(f"{who}: {said}" for who, said in self.value)])

    def _answer(self, name: str, text: str, *, remember: bool) -> str:
        before = tuple(self._said) if remember else ()
        try:
            answer = self._chat.start(Asked(name, text, self._chat.sampling, self._chat.seed, before=before)).wait()
        except WorkbenchError as error:
            answer = Answer("", "failed", error=explain(error))
        self._said.append(Turn(text, {name: answer}))
        return str(answer)

    def _page(self) -> str:
        if not self.value:
            return "<p>Nothing was said here yet.</p>"
        return "".join(f"<p><b>{escape(who)}:</b> {escape(said)}</p>" for who, said in self.value)
