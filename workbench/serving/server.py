"""The server: its socket, its start, and its end once somebody asks for it."""

import asyncio
import socket
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from signal import SIGINT, SIGTERM, signal
from types import FrameType

import uvicorn

from workbench.errors import UsageError
from workbench.serving.app import build_app
from workbench.serving.desk import Desk
from workbench.serving.keys import find_keys
from workbench.serving.models import find_models, open_models
from workbench.serving.options import ServeOptions
from workbench.workspace import Workspace

Tell = Callable[[str], None]
# After that many seconds beyond the grace nothing is waited for.
_SPARE = 5


class Server(uvicorn.Server):
    """SIGINT and SIGTERM end it: it listens no longer, what is under way has `grace` seconds left, and then is told
    that the server stops. A second signal leaves no time."""

    def __init__(self, desk: Desk, config: uvicorn.Config, grace: float, tell: Tell) -> None:
        super().__init__(config)
        self._desk = desk
        self._grace = grace
        self._tell = tell

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = (sockets or [])[0].getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        self._tell(f"serving {', '.join(self._desk.models)} at http://{shown}:{port}/v1; Ctrl-C stops it")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._tell(f"stopping: {self._desk.busy} requests under way have {self._grace:g} seconds left")
        cutting = asyncio.get_running_loop().call_later(self._grace, self._desk.cut_off)
        await super().shutdown(sockets)
        cutting.cancel()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Unlike uvicorn's own, it does not raise the signal again in the end: the server did what it asked for."""
        before = {number: signal(number, self.handle_exit) for number in (SIGINT, SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            self._desk.cut_off()
        self.should_exit = True


def serve(options: ServeOptions, workspace: Workspace, tell: Tell) -> None:
    """Until SIGTERM or Ctrl-C. `tell` hears when it is up and when it stops; keys, models and address are looked at
    before anything is loaded."""
    keys, places = find_keys(options), find_models(options.model, workspace)
    with ExitStack() as opened:
        listening = opened.enter_context(bound(options.host, options.port))
        desk = Desk(open_models(places, options, opened), options)
        # Also where the server did not get as far as to do that itself: a thread that goes on would keep the process.
        opened.callback(desk.close)
        config = uvicorn.Config(
            build_app(desk, keys),
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=int(options.grace_seconds) + _SPARE,
        )
        if keys:
            tell("clients must show a key")
        Server(desk, config, options.grace_seconds, tell).run([listening])
    tell("stopped")


def bound(host: str, port: int) -> socket.socket:
    """A socket that does not listen yet; UsageError where the address is taken or not of this machine."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UsageError(f"there is no address {host}: {error.strerror}") from error
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(address)
    except OSError as error:
        found.close()
        hint = "give another --port, or 0 for a free one"
        raise UsageError(f"{host}:{port} cannot be listened at: {error.strerror}", hint=hint) from error
    return found
