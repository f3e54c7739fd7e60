"""Where requests come in: each becomes an order at the right model, and its events an answer."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from workbench.errors import EngineError
from workbench.serving.bodies import Body, ChatBody, TemplateBody, parse
from workbench.serving.choices import Choices
from workbench.serving.forms import Form
from workbench.serving.limits import Deadline, read_body, unless_gone
from workbench.serving.models import Served
from workbench.serving.options import ServeOptions
from workbench.serving.orders import Ended, Order, Piece, Read
from workbench.serving.refusals import Refusal, refused
from workbench.serving.worker import STOPPING, Worker

_DONE = "data: [DONE]\n\n"
# Long enough for a place to come free, and short enough that none stays empty.
_RETRY_SECONDS = "1"


class Desk:
    """The models that are served, each with its worker and the orders that are under way there."""

    def __init__(self, models: Sequence[Served], options: ServeOptions) -> None:
        self.models = {served.place.name: served for served in models}
        self.workers = {served.place.name: Worker(served, options.max_tokens) for served in models}
        self.orders: dict[str, set[Order]] = {name: set() for name in self.models}
        self._options = options
        self._closed = False

    @property
    def healthy(self) -> bool:
        return not self._closed and all(worker.alive for worker in self.workers.values())

    @property
    def busy(self) -> int:
        """Requests under way."""
        return sum(map(len, self.orders.values()))

    def open(self) -> None:
        for worker in self.workers.values():
            worker.start()

    def cut_off(self) -> None:
        """What is under way is refused, and so is all that comes."""
        self._closed = True
        for worker in self.workers.values():
            worker.cut_off()

    def close(self) -> None:
        """Waits for the workers' threads."""
        self.cut_off()
        for worker in self.workers.values():
            worker.join()

    def find(self, name: str) -> Served:
        """A Refusal lists the models that there are."""
        if name in self.models:
            return self.models[name]
        hint = f"the models here are {', '.join(self.models)}"
        raise Refusal(f"there is no model {name!r}", status=404, hint=hint, param="model", code="model_not_found")

    async def answer(self, request: Request, kind: type[Body], client: str) -> Response:
        """The whole answer, or a stream that has begun, so that what cannot be answered has a status of its own."""
        deadline = Deadline(self._options.max_seconds)
        async with deadline.kept():
            body = parse(kind, await read_body(request, self._options))
        order = self._order(body, client)
        if not body.stream:
            with self._placed(order):
                return JSONResponse(await unless_gone(request, self._whole(order, deadline)))
        self._enter(order)
        try:
            first = await unless_gone(request, _next(order, deadline))
        except BaseException:
            self._leave(order)
            raise
        return _Stream(self._events(order, deadline, first), lambda: self._leave(order))

    async def render(self, request: Request) -> str:
        """A conversation as the model's template writes it."""
        async with Deadline(self._options.max_seconds).kept():
            body = parse(TemplateBody, await read_body(request, self._options))
        messages = [said.message for said in body.messages]
        try:
            return self.find(body.model).engine.render(messages, add_generation_prompt=body.add_generation_prompt)
        except EngineError as error:
            raise refused(error, "messages") from error

    def _order(self, body: Body, client: str) -> Order:
        served = self.find(body.model)
        self._check(body, served)
        if self._closed:
            raise STOPPING
        waiting = len(self.orders[body.model]) - self.workers[body.model].places
        if waiting >= self._options.max_queue:
            raise Refusal(
                f"{waiting} requests wait for {body.model} already",
                status=429,
                hint="ask again later, or start the server with a longer --max-queue",
                code="queue_full",
                headers={"Retry-After": _RETRY_SECONDS},
            )
        name = f"{'chatcmpl' if isinstance(body, ChatBody) else 'cmpl'}-{secrets.token_hex(12)}"
        seed = secrets.randbits(32) if body.seed is None else body.seed
        return Order(name, body, seed, client, asyncio.get_running_loop())

    def _check(self, body: Body, served: Served) -> None:
        can = served.engine.capabilities
        for wanted, capability, param in (
            (body.schema_text, "schema", "response_format"),
            (body.likely is not None, "logprobs", "logprobs"),
        ):
            if wanted and capability not in can:
                hint = "a model in a GGUF file can" if capability == "schema" else ""
                raise Refusal(f"{param}: {body.model} cannot do that", param=param, hint=hint, code="unsupported_value")

    @contextmanager
    def _placed(self, order: Order) -> Iterator[None]:
        self._enter(order)
        try:
            yield
        finally:
            self._leave(order)

    def _enter(self, order: Order) -> None:
        self.orders[order.body.model].add(order)
        self.workers[order.body.model].place(order)

    def _leave(self, order: Order) -> None:
        """What is still under way for it is stopped."""
        self.orders[order.body.model].discard(order)
        self.workers[order.body.model].drop(order)

    async def _whole(self, order: Order, deadline: Deadline) -> object:
        choices, found = Choices(order.body), []
        while choices:
            event = await _next(order, deadline)
            if not isinstance(event, Piece):
                found += choices.take(event)
        return Form(order.id, order.body).whole(found, choices)

    async def _events(self, order: Order, deadline: Deadline, first: Piece | Ended | Read) -> AsyncIterator[str]:
        """The lines of the stream; what goes wrong in the middle is its last event."""
        form, choices = Form(order.id, order.body), Choices(order.body)
        try:
            for index in range(order.size):
                for chunk in form.opening(index, choices.echoed(index)):
                    yield _line(chunk)
            event = first
            while True:
                if isinstance(event, Piece):
                    yield _line(form.piece(event.choice, event.text))
                else:
                    for choice in choices.take(event):
                        yield _line(form.closing(choice))
                if not choices:
                    break
                event = await _next(order, deadline)
            if order.body.stream_options.include_usage:
                yield _line(form.counted(choices))
            yield _DONE
        except Refusal as refusal:
            yield _line(refusal.body)


class _Stream(StreamingResponse):
    """Whatever becomes of it, also should nobody ever read from it, `end` is called."""

    def __init__(self, lines: AsyncIterator[str], end: Callable[[], None]) -> None:
        super().__init__(lines, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
        self._end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._end()


async def _next(order: Order, deadline: Deadline) -> Piece | Ended | Read:
    """A Refusal among the events is raised."""
    async with deadline.kept():
        event = await order.events.get()
    if isinstance(event, Refusal):
        raise event
    return event


def _line(chunk: object) -> str:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
