from typing import Any

from workbench.widgets.panel import Panel, button, dropdown, live

VIEW = "application/vnd.jupyter.widget-view+json"


class Counter(Panel):
    built = 0

    def build(self) -> Any:
        self.built += 1
        return button("Count")

    def html(self) -> str:
        return "<p>0</p>"

    def text(self) -> str:
        return "0"


def test_a_panel_has_a_form_for_every_reader() -> None:
    bundle = Counter()._repr_mimebundle_()
    assert bundle["text/html"] == "<p>0</p>"
    assert bundle["text/plain"] == "0"
    assert bundle[VIEW]["model_id"]


def test_the_widget_is_built_once_and_only_when_it_is_wanted() -> None:
    counter = Counter()
    assert counter.built == 0
    assert counter.widget is counter.widget
    assert counter.built == 1
    assert repr(counter) == "0"


def test_every_control_has_a_name() -> None:
    assert button("Send").description == "Send"
    chooser = dropdown("Leaf:", ["a", "b"], "b")
    assert (chooser.description, chooser.value) == ("Leaf:", "b")


def test_changes_are_announced() -> None:
    assert live("<p>new</p>", "log") == '<div role="log" aria-live="polite"><p>new</p></div>'
