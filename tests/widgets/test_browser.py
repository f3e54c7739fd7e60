from collections.abc import Mapping

from workbench.widgets.browser import Browser


class Numbers(Browser):
    """Numbers from 0 to 249, all of them or the even ones."""

    noun = "number"
    choices = (("kind", "Kind:", "all numbers"),)

    def __init__(self) -> None:
        super().__init__()
        self.wanted = {"kind": "", "words": ""}
        self.look_for({})

    @property
    def value(self) -> int | None:
        return self._found[self._number] if self._found else None

    def look_for(self, wanted: Mapping[str, str]) -> None:
        self.wanted |= wanted
        step = 2 if self.wanted["kind"] == "even" else 1
        self._present([number for number in range(0, 250, step) if self.wanted["words"] in str(number)])

    def chosen(self, name: str) -> str:
        return self.wanted[name]

    def offered(self, name: str, every: str) -> list[tuple[str, str]]:
        return [(every, ""), ("even numbers", "even")]

    def line(self, entry: int) -> str:
        return f"number {entry}"

    def page(self) -> str:
        return f"<p>{self.value}</p>"

    def html(self) -> str:
        return self.page()

    def text(self) -> str:
        return str(self.value)


def test_the_list_holds_a_window_of_many_records() -> None:
    numbers = Numbers()
    *_, lines, keys, page = numbers.widget.children
    assert (len(lines.options), lines.options[0], lines.index) == (100, "1. number 0", 0)
    numbers.move(-1)
    assert (numbers.value, page.value) == (249, "<p>249</p>")
    assert (lines.options[0], len(lines.options), lines.index) == ("201. number 200", 50, 49)
    keys.children[1].click()
    assert numbers.value == 0


def test_choices_and_words_narrow_the_list() -> None:
    numbers = Numbers()
    _, _, filters, lines, keys, _ = numbers.widget.children
    kind, words = filters.children
    kind.value = "even"
    words.value = "24"
    assert list(lines.options) == [f"{n}. number {v}" for n, v in enumerate((24, 124, 224, 240, 242, 244, 246, 248), 1)]
    lines.index = 2
    assert numbers.text() == "224"
    words.value = "no such"
    assert "No number is so." in keys.children[2].value
    numbers.move(1)
    assert numbers.text() == "None"
