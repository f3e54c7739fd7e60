"""Several contexts of one model, each with a thread that works on it: for models so small that threads which share an
evaluation only wait for each other."""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic

from workbench.engines.counters import Counters
from workbench.engines.engine import Completion
from workbench.engines.lanes import Lane
from workbench.engines.pool import Pool
from workbench.engines.scheduler import Scheduler
from workbench.engines.slots import common

# Tokens that a context evaluates in a turn: few enough that results and cancellations come soon, some 30 ms, and many
# enough that the contexts end their turns at about the same time.
_TURN = 128
# Lanes that a context has waiting; the others stay where every context can take them.
_AHEAD = 8

_Key = tuple[bytes, int]
_Entry = tuple[_Key, Sequence[Lane]]
_Span = tuple[float, float]


@dataclass(eq=False, slots=True)
class _Member:
    """A scheduler, which belongs to its `turn` while there is one; whoever works on it in a thread holds `working`.
    `place` is where it last took lanes."""

    scheduler: Scheduler
    pool: Pool
    place: _Key | None = None
    turn: Future[_Span] | None = None
    working: Lock = field(default_factory=Lock)


class Crew:
    """Lanes wait in the order of their prompts, and every context goes through that order from a place of its own. So
    lanes that begin alike mostly meet in one context, and none is idle while there are lanes for it. All contexts begin
    their turns together, and these are of so many tokens, not seconds: who runs beside whom, which decides roundings,
    is the same in every run. With one context all happens in the caller's thread. Used from one thread at a time."""

    def __init__(self, pools: Sequence[Pool]) -> None:
        self.ready: deque[Completion] = deque()
        self.counters = Counters()
        self._members = [_Member(Scheduler(pool), pool) for pool in pools]
        self._waiting: list[_Entry] = []
        self._arrived = 0
        self._threads: ThreadPoolExecutor | None = None
        self._counted = 0.0

    @property
    def busy(self) -> bool:
        return bool(self._waiting) or any(member.turn or member.scheduler.busy for member in self._members)

    def begin(self) -> None:
        """A session is opened; its threads come with the first work."""
        self.counters.begin()
        if len(self._members) > 1:
            self._threads = ThreadPoolExecutor(len(self._members), "context")

    def end(self) -> None:
        """Drops what is in flight, and ends the threads."""
        threads, self._threads = self._threads, None
        if threads:
            threads.shutdown(cancel_futures=True)
        for member in self._members:
            # A thread that was interrupted while it started is not one that the pool waits for.
            with member.working:
                member.turn = None
        self.cancel(None)
        self.ready.clear()
        for member in self._members:
            member.scheduler.pieces.clear()

    def add(self, lanes: Sequence[Lane], *, urgent: bool = False) -> None:
        """All lanes of a request. Samples may part; continuations, which add up their scores in one place, may not."""
        self.counters.request()
        if urgent or len(self._members) == 1:
            member = min(self._members, key=lambda member: member.scheduler.lanes)
            self._settle(member)
            member.scheduler.add(lanes, urgent=urgent)
            return
        for part in [lanes] if lanes[0].request.continuations else [[lane] for lane in lanes]:
            self._arrived += 1
            # Big-endian, so that bytes are in the order of tokens.
            insort(self._waiting, ((part[0].prompt.astype(">i4").tobytes(), self._arrived), part), key=_key)

    def cancel(self, tag: str | None) -> None:
        """None cancels everything."""
        for member in self._members:
            self._settle(member)
            member.scheduler.cancel(tag)
            self._collect(member)
            if tag is not None:
                _tell(member)
        gone = [lanes for _, lanes in self._waiting if tag in (None, lanes[0].request.tag)]
        self._waiting = [entry for entry in self._waiting if tag not in (None, entry[1][0].request.tag)]
        ended = [lane.end("cancelled") for lanes in gone for lane in lanes]
        self.ready.extend(completion for completion in ended if completion)

    def step(self) -> None:
        """Until every context has had a turn; what one raises is raised here. The next turns go on behind that, while
        the caller looks at what is ready."""
        if not any(member.turn for member in self._members):
            self._start()
        for member in self._members:
            self._settle(member)
        if self._threads:
            self._start()

    def _start(self) -> None:
        """A turn for every context that has work: in its thread, or without threads one step here and now."""
        # The last begins, as those before it leave the end of the order as it is.
        for number, member in reversed([*enumerate(self._members)]):
            self._fill(member, number)
            if member.scheduler.busy and self._threads:
                member.turn = self._threads.submit(_work, member, _TURN)
            elif member.scheduler.busy:
                self._count(_work(member, 0))
                self._collect(member)
                _tell(member)

    def _fill(self, member: _Member, number: int) -> None:
        """Lanes from behind those that it took last; at first the contexts begin far from each other."""
        while self._waiting and member.scheduler.queued < _AHEAD:
            count = len(self._waiting)
            if member.place is None:
                index = self._opening(number)
            else:
                index = bisect_left(self._waiting, member.place, key=_key) % count
            member.place, lanes = self._waiting.pop(index)
            member.scheduler.add(lanes)

    def _opening(self, number: int) -> int:
        """Where the contexts would divide the order evenly, or nearby, where a lane has least in common with the one
        before."""
        if not number:
            return 0
        share = len(self._waiting) // len(self._members)
        middle = share * number
        near = range(max(1, middle - share // 2), middle + share // 2 + 1)
        prompts = {place: self._waiting[place][1][0].prompt for place in range(near.start - 1, near.stop)}
        alike = {place: common(prompts[place - 1], prompts[place]) for place in near}
        return min(near, key=lambda place: (alike[place], abs(place - middle)), default=0)

    def _settle(self, member: _Member) -> None:
        """Waits for the turn that it may have, and takes what came of it."""
        if turn := member.turn:
            try:
                span = turn.result()
            finally:
                member.turn = None if turn.done() else turn
            self._count(span)
            self._collect(member)
            _tell(member)

    def _collect(self, member: _Member) -> None:
        self.counters.take(member.pool.counters)
        if member.scheduler.ready:
            self.counters.result()
            self.ready.extend(member.scheduler.ready)
            member.scheduler.ready.clear()

    def _count(self, span: _Span) -> None:
        """Time in which several contexts work counts once."""
        started, ended = span
        self.counters.seconds += max(0.0, ended - max(started, self._counted))
        self._counted = max(ended, self._counted)


def _work(member: _Member, tokens: int) -> _Span:
    """One evaluation, and more until so many tokens were evaluated; says from when to when that took."""
    started, done = monotonic(), 0
    with member.working:
        while member.scheduler.busy and (not done or done < tokens):
            member.scheduler.step()
            # An evaluation takes about as long as one token more.
            done += member.pool.batch.size + 1
    return started, monotonic()


def _tell(member: _Member) -> None:
    """Pieces of texts go out in the caller's thread, where anything may be asked of the crew again."""
    pieces = member.scheduler.pieces
    while pieces:
        answer, text = pieces.popleft()
        if answer.request.on_text:
            answer.request.on_text(answer.index, text)


def _key(entry: _Entry) -> _Key:
    return entry[0]
