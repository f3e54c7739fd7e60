"""Conversations as the text of a model's own chat template, with the places of what is said and of what is learned."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError, TemplateSyntaxError

from workbench.errors import TrainingDataError
from workbench.training.conversations import Conversation, Turn

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Span = tuple[int, int]

NO_END = "answers without an end token, so that the model does not learn to stop"
NO_REASONING = "answers whose reasoning the chat template leaves out"

# How families write their special tokens: <|im_start|>, </s>, <start_of_turn>.
_SPECIAL = re.compile(r"<\|[^|<>\s]+\|>|</?s>|<(?:start|end)_of_turn>")
# What a template may raise: its own errors, and those of what it computes.
_TEMPLATE_ERRORS = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)

# A template puts other texts in the same places. These letters for private use have no case and are no blanks.
_MARK = "\ue000{}.{}\ue001"
_TEXTS = ("reasoning_content", "content")
_MOST_SKELETONS = 512


@dataclass(frozen=True, slots=True)
class Layout:
    """A rendered conversation: letters that are learned, and letters that come from the row, each as (start, end).

    All other letters are the template's own. `notes` name what a reader of the file should know.
    """

    text: str
    learned: tuple[Span, ...]
    own: tuple[Span, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Slot:
    """A place for a message's text."""

    message: int
    key: str


@dataclass(frozen=True, slots=True)
class _Skeleton:
    """What a template writes for a succession of roles: `between` has one text more than there are slots.

    `missing` are the messages whose contents have no slot.
    """

    between: tuple[str, ...]
    slots: tuple[_Slot, ...]
    missing: tuple[int, ...]
    notes: tuple[str, ...]


class ChatTemplate:
    """A tokenizer's template; it remembers where texts go, so that a conversation is rendered once."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        self.tokenizer = tokenizer
        self._skeletons: dict[str, _Skeleton | None] = {}

    def layouts(self, conversations: Sequence[Conversation]) -> Iterator[Layout | TrainingDataError]:
        """For each its layout, or the error that says why there is none."""
        for talk, text in zip(conversations, self._texts(conversations), strict=True):
            try:
                yield self._layout(talk, self.render(talk.messages, talk.tools) if text is None else text)
            except TrainingDataError as error:
                yield error

    def layout(self, talk: Conversation) -> Layout:
        """Learned is what a message says through its end token; of an assistant's reasoning and content, and of what
        stands between them, all.

        The places are found by rendering the conversation with marks in place of its texts. Where the template
        treats a text in a way of its own (cuts it, say), its prompts for the answers tell where they begin.
        TrainingDataError where the template refuses the conversation, or leaves out what is said.
        """
        return self._layout(talk, self.render(talk.messages, talk.tools))

    def render(self, messages: Sequence[Turn], tools: Sequence[Any] = (), *, prompt: bool = False) -> str:
        """What `apply_chat_template` writes; TrainingDataError where it refuses."""
        try:
            rendered = self.tokenizer.apply_chat_template(
                [dict(message) for message in messages],
                tools=list(tools) or None,
                tokenize=False,
                add_generation_prompt=prompt,
            )
        except TemplateSyntaxError as error:
            told = f"the model's chat template is broken in its line {error.lineno}: {error.message}"
            raise TrainingDataError(told, hint="fetch the model's chat_template.jinja again") from error
        except _TEMPLATE_ERRORS as error:
            roles = ", ".join(str(message["role"]) for message in messages)
            raise TrainingDataError(
                f"the model's chat template refuses the messages ({roles}): {error}",
                hint="look at the order of the roles, or take out what the model was not made for",
            ) from error
        return str(rendered)

    def _texts(self, conversations: Sequence[Conversation]) -> Sequence[str | None]:
        """All rendered in one call where that goes well; None for each otherwise."""
        if any(talk.tools or not talk.messages for talk in conversations) or not conversations:
            return [None] * len(conversations)
        messages = [[dict(message) for message in talk.messages] for talk in conversations]
        try:
            rendered = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=False)
        except _TEMPLATE_ERRORS:
            return [None] * len(conversations)
        return [str(text) for text in rendered]

    def _layout(self, talk: Conversation, text: str) -> Layout:
        skeleton = self._skeleton(talk)
        for number in skeleton.missing if skeleton else ():
            if talk.messages[number]["content"].strip():
                raise _missing(number, talk.messages[number])
        places = _places(text, talk, skeleton) if skeleton else None
        if skeleton is None or places is None:
            return _Prompted(self, talk, text).layout()
        return self._filled(talk, text, skeleton, places)

    def _skeleton(self, talk: Conversation) -> _Skeleton | None:
        """The skeleton for conversations of this form; None where the template refuses the marks."""
        form = _form(talk)
        if form not in self._skeletons:
            if len(self._skeletons) >= _MOST_SKELETONS:
                self._skeletons.clear()
            marked, slots = _marked(talk)
            try:
                text = self.render(marked, talk.tools)
            except TrainingDataError:
                self._skeletons[form] = None
            else:
                self._skeletons[form] = _cut(text, slots)
        return self._skeletons[form]

    def _filled(self, talk: Conversation, text: str, skeleton: _Skeleton, places: Sequence[Span]) -> Layout:
        learned: list[Span] = []
        notes = skeleton.notes
        for number, (slot, (start, end)) in enumerate(zip(skeleton.slots, places, strict=True)):
            if not talk.learned[slot.message]:
                continue
            last = number + 1 == len(places) or skeleton.slots[number + 1].message != slot.message
            if not last:
                # Reasoning and content of one message are one stretch.
                learned.append((start, places[number + 1][0]))
                continue
            tail = self.end_of(skeleton.between[number + 1]) if _speaks(talk, slot.message) else 0
            if _speaks(talk, slot.message) and not tail:
                notes = (*notes, NO_END)
            learned.append((start, end + tail))
        called = [
            number
            for number, turn in enumerate(talk.messages)
            if talk.learned[number] and turn.get("tool_calls") and not _filled_keys(turn)
        ]
        if called:
            learned += _Prompted(self, talk, text).spans(called)
        return Layout(text, tuple(sorted(learned)), tuple(places), tuple(dict.fromkeys(notes)))

    def end_of(self, text: str) -> int:
        """How much of what stands behind an answer belongs to it: through the end token, or nothing."""
        for end in (str(self.tokenizer.eos_token or ""), self._turn_end):
            if end and (found := text.find(end)) >= 0:
                return found + len(end)
        return 0

    @cached_property
    def strange(self) -> tuple[str, ...]:
        """Special tokens that the template writes and the tokenizer does not know, where none ends an answer.

        A template of the model's own may put plain letters in this form, but always ends with a token that is one.
        """
        text, tail = self._exchange
        if self.end_of(tail):
            return ()
        known = self.tokenizer.get_vocab()
        return tuple(dict.fromkeys(token for token in _SPECIAL.findall(text) if token not in known))

    @cached_property
    def _exchange(self) -> tuple[str, str]:
        """A question and its answer, and what follows the answer; empty where the template refuses them."""
        asked, said = _MARK.format(0, 0), _MARK.format(1, 1)
        try:
            text = self.render([{"role": "user", "content": asked}, {"role": "assistant", "content": said}])
        except TrainingDataError:
            return "", ""
        return text, text.rpartition(said)[2]

    @cached_property
    def _turn_end(self) -> str:
        """What ends an answer in templates that do not use the tokenizer's end token for it, as those of Gemma do."""
        tail = self._exchange[1]
        found = [(tail.find(token), -len(token), token) for token in self.tokenizer.get_added_vocab() if token in tail]
        return min(found)[2] if found else ""


class _Prompted:
    """The places of answers by the prompts for them, for what the marks cannot tell."""

    def __init__(self, template: ChatTemplate, talk: Conversation, text: str) -> None:
        self.template = template
        self.talk = talk
        self.text = text

    def layout(self) -> Layout:
        """Answers from the end of their prompts; what others say from where it is found."""
        answers = [
            number
            for number, turn in enumerate(self.talk.messages)
            if turn["role"] == "assistant" and (turn.get("tool_calls") or _filled_keys(turn))
        ]
        spans = self.spans(answers)
        own = self._found()
        learned = [span for number, span in zip(answers, spans, strict=True) if self.talk.learned[number]]
        learned += [span for number, span in own.items() if self.talk.learned[number] and number not in answers]
        return Layout(self.text, tuple(sorted(learned)), tuple(sorted(own.values())))

    def spans(self, answers: Sequence[int]) -> list[Span]:
        """From the prompt for each through its end token."""
        starts = [self._start(number) for number in answers]
        bounds = [*starts[1:], len(self.text)]
        return [
            (start, start + (self.template.end_of(self.text[start:bound]) or self._length(number, start)))
            for number, start, bound in zip(answers, starts, bounds, strict=True)
        ]

    def _length(self, number: int, start: int) -> int:
        """An answer without an end token is as long as its content, or goes to the end of the conversation."""
        said = str(self.talk.messages[number].get("content", "")).strip()
        if said and self.text.startswith(said, start):
            return len(said)
        if number + 1 < len(self.talk.messages):
            raise _changed()
        return len(self.text) - start

    def _start(self, number: int) -> int:
        before = self.talk.messages[:number]
        head = self.template.render(before, self.talk.tools, prompt=True) if before else ""
        if not self.text.startswith(head):
            raise _changed()
        turn = self.talk.messages[number]
        found = [self.text.find(str(turn[key]).strip(), len(head)) for key in _filled_keys(turn)]
        return min((start for start in found if start >= 0), default=len(head))

    def _found(self) -> dict[int, Span]:
        """The texts that stand in the template's as they are, one behind the other."""
        found: dict[int, Span] = {}
        place = 0
        for number, turn in enumerate(self.talk.messages):
            said = str(turn.get("content", "")).strip()
            start = self.text.find(said, place) if said else -1
            if start >= 0:
                place = start + len(said)
                found[number] = (start, place)
            elif said and self.talk.learned[number] and turn["role"] != "assistant":
                raise _missing(number, turn)
        return found


def _form(talk: Conversation) -> str:
    """Equal for conversations that differ only in the texts that are marked."""
    shapes = "\0".join(map(_shape, talk.messages))
    return f"{shapes}\0{json.dumps(talk.tools, sort_keys=True, default=str)}" if talk.tools else shapes


def _shape(turn: Turn) -> str:
    filled = _filled_keys(turn)
    if filled == ("content",) and len(turn) == 2:
        return str(turn["role"])
    kept = {key: None if key in filled or _alias(key, turn) else value for key, value in turn.items()}
    return json.dumps(kept, sort_keys=True, default=str)


def _filled_keys(turn: Turn) -> tuple[str, ...]:
    """The keys under which a message says something; blanks beside a call stay as they are: templates ask for them."""
    return tuple(
        key for key in _TEXTS if isinstance(turn.get(key), str) and (turn[key].strip() or not turn.get("tool_calls"))
    )


def _alias(key: str, turn: Turn) -> bool:
    return key == "thinking" and "reasoning_content" in _filled_keys(turn)


def _speaks(talk: Conversation, message: int) -> bool:
    return bool(talk.messages[message]["role"] == "assistant")


def _marked(talk: Conversation) -> tuple[list[Turn], dict[str, _Slot]]:
    marked: list[Turn] = []
    slots: dict[str, _Slot] = {}
    for number, turn in enumerate(talk.messages):
        changed = dict(turn)
        for place, key in enumerate(_TEXTS):
            if key in _filled_keys(turn):
                changed[key] = _MARK.format(number, place)
                slots[changed[key]] = _Slot(number, key)
        if _alias("thinking", turn):
            changed["thinking"] = changed["reasoning_content"]
        marked.append(changed)
    return marked, slots


def _cut(text: str, slots: dict[str, _Slot]) -> _Skeleton:
    between: list[str] = []
    order: list[_Slot] = []
    while found := [(text.find(mark), mark) for mark in slots if mark in text]:
        start, mark = min(found)
        between.append(text[:start])
        order.append(slots[mark])
        text = text[start + len(mark) :]
    absent = [slot for slot in slots.values() if slot not in order]
    missing = tuple(slot.message for slot in absent if slot.key == "content")
    return _Skeleton((*between, text), tuple(order), missing, (NO_REASONING,) if len(absent) > len(missing) else ())


def _missing(number: int, turn: Turn) -> TrainingDataError:
    return TrainingDataError(
        f"the model's chat template leaves out message {number + 1}, of the {turn['role']}",
        hint="take that message out, give it another role, or train on conversations of one answer each",
    )


def _changed() -> TrainingDataError:
    return TrainingDataError(
        "the model's chat template changes earlier messages when later ones come",
        hint="train on conversations of one answer each",
    )


def _places(text: str, talk: Conversation, skeleton: _Skeleton) -> list[Span] | None:
    """Where each slot's text stands, in full or without blanks at its ends; None where it stands there otherwise."""
    said = [str(talk.messages[slot.message][slot.key]) for slot in skeleton.slots]
    variants = [tuple(dict.fromkeys((each, each.strip(), each.rstrip(), each.lstrip()))) for each in said]
    if not text.startswith(skeleton.between[0]):
        return None
    return _matched(text, len(skeleton.between[0]), skeleton.between[1:], variants)


def _matched(text: str, place: int, behind: Sequence[str], variants: Sequence[tuple[str, ...]]) -> list[Span] | None:
    """All ways at once: after each slot the places that can be reached, each with the way that led there."""
    reached: dict[int, tuple[Span, ...]] = {place: ()}
    for follows, choices in zip(behind, variants, strict=True):
        further: dict[int, tuple[Span, ...]] = {}
        for start, way in reached.items():
            for said in choices:
                end = start + len(said)
                if text.startswith(said, start) and text.startswith(follows, end):
                    further.setdefault(end + len(follows), (*way, (start, end)))
        reached = further
    way_through = reached.get(len(text))
    return None if way_through is None else list(way_through)
