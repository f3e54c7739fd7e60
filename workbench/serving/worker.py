"""A thread that owns a model: it takes orders, keeps the engine busy with as many as it runs at once, and hands out
what comes of them."""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from queue import Empty, SimpleQueue
from typing import cast

from workbench.engines.engine import Completion, Request, TurningSession
from workbench.errors import EngineError
from workbench.serving.models import Served
from workbench.serving.orders import Ended, Event, Order, Part, Piece, Read
from workbench.serving.queue import Queue
from workbench.serving.refusals import Refusal, failed, refused

_LOG = logging.getLogger(__name__)
STOPPING = Refusal("the server is stopping", status=503, hint="ask again once it is up", code="server_stopping")
_Command = Callable[[TurningSession], None]


class Worker:
    """Orders are placed and dropped from any thread; all else happens in the worker's own. What fails there ends the
    orders that the engine has, and the next ones get a session of their own."""

    def __init__(self, served: Served, max_tokens: int) -> None:
        self._served = served
        self._max_tokens = max_tokens
        self._commands: SimpleQueue[_Command] = SimpleQueue()
        self._queue = Queue()
        # What the engine has: parts by their tags, and how many completions of each order are still to come.
        self._parts: dict[str, tuple[Order, Part]] = {}
        self._left: dict[Order, int] = {}
        self._events: defaultdict[Order, list[Event]] = defaultdict(list)
        self._stopped = False
        self._ready = threading.Event()
        self._places = 0
        self._thread = threading.Thread(target=self._run, name=served.place.name)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def places(self) -> int:
        """Answers that the engine draws at once."""
        self._ready.wait()
        return self._places

    def start(self) -> None:
        self._thread.start()

    def place(self, order: Order) -> None:
        """Its events come until every choice has ended, or a Refusal does."""
        self._commands.put(lambda _: self._queue.add(order))
        if self._stopped:
            order.deliver([STOPPING])

    def drop(self, order: Order) -> None:
        """Nobody waits for it any more."""
        self._commands.put(lambda session: self._cancel(session, order))

    def cut_off(self) -> None:
        """What waits or runs is refused, and so is all that comes later."""
        self._commands.put(self._stop)

    def join(self) -> None:
        """Until the thread has ended, if it has begun, which takes a moment after `cut_off`."""
        if self.alive:
            self._thread.join()

    def _run(self) -> None:
        with ThreadPoolExecutor(1, self._served.place.name) as thread:
            while not self._stopped:
                if fault := thread.submit(self._work).exception():
                    self._fail(fault)

    def _work(self) -> None:
        with self._served.engine.session() as session:
            turning = cast("TurningSession", session)
            self._places = turning.places
            self._ready.set()
            while not self._stopped:
                self._listen(turning)
                self._admit(turning)
                for completion in turning.turn():
                    self._end(completion)
                self._post()

    def _listen(self, session: TurningSession) -> None:
        """Does what was asked since; waits for that while there is nothing else to do."""
        if not self._left and not self._queue:
            self._commands.get()(session)
        self._obey(session)

    def _obey(self, session: TurningSession) -> None:
        with suppress(Empty):
            while True:
                self._commands.get_nowait()(session)

    def _admit(self, session: TurningSession) -> None:
        """As much as runs at once, so that nobody waits inside the engine, where turns are not taken."""
        while (order := self._queue.next()) and self._fits(order, session.places):
            self._submit(session, self._queue.take())

    def _fits(self, order: Order, places: int) -> bool:
        running = sum(self._left.values())
        return not running or running + order.size <= places

    def _submit(self, session: TurningSession, order: Order) -> None:
        self._left[order] = 0
        try:
            for part in order.parts(self._served.engine, self._max_tokens):
                session.submit(self._heard(order, part))
                self._parts[part.request.tag] = order, part
                self._left[order] += part.request.samples
        except EngineError as error:
            self._cancel(session, order)
            self._events[order].append(refused(error, order.text_field))

    def _heard(self, order: Order, part: Part) -> Request:
        if not order.body.stream or part.reads:
            return part.request
        return replace(part.request, on_text=partial(self._hear, order, part.prompt * order.body.n))

    def _hear(self, order: Order, first: int, index: int, text: str) -> None:
        self._events[order].append(Piece(first + index, text))

    def _end(self, completion: Completion) -> None:
        if completion.request.tag not in self._parts:
            return
        order, part = self._parts[completion.request.tag]
        self._left[order] -= 1
        if not self._left[order]:
            self._forget(order)
        if part.reads:
            self._events[order].append(Read(part.prompt, completion))
        else:
            self._events[order].append(Ended(part.prompt * order.body.n + completion.index, completion))

    def _post(self) -> None:
        """What this turn brought, at once for each order."""
        for order, events in self._events.items():
            order.deliver(events)
        self._events.clear()

    def _cancel(self, session: TurningSession, order: Order) -> None:
        self._queue.remove(order)
        for tag in self._forget(order):
            session.cancel(tag)
        self._events.pop(order, None)

    def _forget(self, order: Order) -> list[str]:
        """The engine's work on it is over, or will not be looked at; the tags that it had."""
        self._left.pop(order, None)
        tags = [tag for tag, (other, _) in self._parts.items() if other is order]
        for tag in tags:
            del self._parts[tag]
        return tags

    def _stop(self, session: TurningSession) -> None:
        self._stopped = True
        # What was placed before that could be seen.
        self._obey(session)
        self._refuse([*self._queue.clear(), *self._left], STOPPING)

    def _fail(self, fault: BaseException) -> None:
        if not isinstance(fault, EngineError):
            _LOG.error("a fault of the workbench", exc_info=fault)
        self._refuse([*self._left], failed(fault))

    def _refuse(self, orders: Sequence[Order], refusal: Refusal) -> None:
        self._parts.clear()
        self._left.clear()
        for order in orders:
            self._events[order].append(refusal)
        self._post()
