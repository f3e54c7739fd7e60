from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.evaluation.pupils import Pupil, PupilSession
from workbench.engines.engine import Completion, Request
from workbench.errors import ContextError, EndpointError
from workbench.evaluation.asking import ask
from workbench.messages import user


def request(tag: str) -> Request:
    return Request(tag, messages=(user(f"Say {tag}."),))


@dataclass
class Endpoint(Pupil):
    """Says only when it comes to a request that it does not fit, and then answers nothing more in that session."""

    narrow: tuple[str, ...] = ()

    @contextmanager
    def session(self) -> Iterator[PupilSession]:
        yield Late(self, self.narrow)


class Late(PupilSession):
    def __init__(self, pupil: Pupil, narrow: tuple[str, ...]) -> None:
        super().__init__(pupil)
        self._narrow = narrow

    def __iter__(self) -> Iterator[Completion]:
        while self._waiting:
            if self._waiting[-1].tag in self._narrow:
                raise ContextError("too long", tag=self._waiting[-1].tag)
            yield next(super().__iter__())


def test_an_answer_may_lead_to_another_request() -> None:
    heard: list[str] = []

    def listen(completion: Completion) -> Request | None:
        heard.append(completion.request.tag)
        return request(f"{heard[-1]}+") if len(heard[-1]) == 1 else None

    ask(Pupil(), map(request, "ab"), listen, lambda tag, reason: None)
    assert sorted(heard) == ["a", "a+", "b", "b+"]


def test_what_does_not_fit_is_told_and_the_rest_is_asked() -> None:
    heard: list[str] = []
    refused: dict[str, str] = {}
    engine = Endpoint(narrow=("b", "d"))
    ask(engine, map(request, "abcd"), lambda done: heard.append(done.request.tag), refused.__setitem__)
    assert sorted(heard) == ["a", "c"]
    assert refused == {"b": "too long", "d": "too long"}
    assert len(engine.asked) == 2


class Broken(Pupil):
    @contextmanager
    def session(self) -> Iterator[PupilSession]:
        if self.context_size:
            raise ContextError("the whole context is gone")
        yield PupilSession(self)


def test_an_error_that_names_no_request_ends_it() -> None:
    with pytest.raises(ContextError):
        ask(Broken(), [request("a")], lambda done: None, lambda tag, reason: None)


def test_an_endpoint_that_dies_is_an_error() -> None:
    with pytest.raises(EndpointError):
        ask(Pupil(dies_after=1), map(request, "ab"), lambda done: None, lambda tag, reason: None)
