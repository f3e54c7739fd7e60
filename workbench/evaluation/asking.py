"""Requests put to an engine in one session, each answer leading to the next request or to none."""

from collections.abc import Callable, Iterable

from workbench.engines.engine import Completion, Engine, Request
from workbench.errors import ContextError

Heard = Callable[[Completion], Request | None]
Refused = Callable[[str, str], None]


def ask(engine: Engine, requests: Iterable[Request], heard: Heard, refused: Refused) -> None:
    """`heard` is told each answer and says what is to be asked next; `refused` is told tag and reason of a request that
    does not fit the context. No two requests under way may have the same tag."""
    left = {request.tag: request for request in requests}
    while left:
        try:
            _ask(engine, left, heard, refused)
        except ContextError as error:
            # An endpoint refuses when it comes to the request, and with it all that it has not come to.
            if error.tag not in left:
                raise
            del left[error.tag]
            refused(error.tag, error.message)


def _ask(engine: Engine, left: dict[str, Request], heard: Heard, refused: Refused) -> None:
    with engine.session() as session:

        def submit(request: Request) -> None:
            try:
                session.submit(request)
            except ContextError as error:
                del left[request.tag]
                refused(request.tag, error.message)

        for request in list(left.values()):
            submit(request)
        for completion in session:
            del left[completion.request.tag]
            if following := heard(completion):
                left[following.tag] = following
                submit(following)
