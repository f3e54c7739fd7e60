"""A small model hub: lists of files with checksums, and the files with ranges, over HTTP."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "c0ffee" * 6 + "c0ff"
SMALL = 1000  # bytes up to which a file lies in git itself


@dataclass
class Hub:
    """`files` by repository and name; `sent` is what goes over the line instead of a file, `cut` the bytes after which
    a connection breaks off, as often as there are numbers, `refuse` an error code for bytes or for lists."""

    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    sent: dict[str, bytes] = field(default_factory=dict)
    cut: list[int] = field(default_factory=list)
    ranges: bool = True
    refuse: tuple[int, str] | None = None
    url: str = ""
    elsewhere: str = ""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def listed(self) -> list[dict[str, str]]:
        """The headers with which lists of files were asked for."""
        return [headers for path, headers in self.asked if path.startswith("/api/models/")]

    def fetched(self, name: str) -> list[dict[str, str]]:
        """The headers with which a file's bytes were asked for."""
        return [headers for path, headers in self.asked if path.startswith("/bytes/") and path.endswith(name)]


def sibling(name: str, content: bytes) -> dict[str, Any]:
    listed: dict[str, Any] = {"rfilename": name, "size": len(content)}
    if len(content) > SMALL:
        lfs = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
        return listed | {"blobId": "0" * 40, "lfs": lfs}
    return listed | {"blobId": hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()}


@contextmanager
def serving_hub(hub: Hub) -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            hub.asked.append((path, dict(self.headers)))
            with suppress(BrokenPipeError, ConnectionResetError):
                self._answer(path.strip("/").split("/"))

        def _answer(self, parts: list[str]) -> None:
            if parts[:2] == ["api", "models"]:
                return self._list("/".join(parts[2:4]), parts[-1])
            if parts[2:3] == ["resolve"]:
                # As the real one: bytes lie somewhere else, which must not see the token.
                return self._send(302, b"", header=("Location", f"{hub.elsewhere}/bytes/{'/'.join(parts)}"))
            if parts[0] == "bytes":
                return self._bytes("/".join(parts[1:3]), "/".join(parts[5:]))
            self._send(404, b"")

        def _list(self, repository: str, release: str) -> None:
            if hub.refuse and hub.refuse[1] != "bytes":
                return self._send(hub.refuse[0], b"{}", header=("X-Error-Code", hub.refuse[1]))
            if repository not in hub.files:
                return self._send(404, b"{}", header=("X-Error-Code", "RepoNotFound"))
            if release not in ("main", "v2", COMMIT):
                return self._send(404, b"{}", header=("X-Error-Code", "RevisionNotFound"))
            siblings = [sibling(name, content) for name, content in hub.files[repository].items()]
            listed = {"id": repository, "sha": COMMIT, "siblings": siblings}
            self._send(200, json.dumps(listed).encode(), header=("Content-Type", "application/json"))

        def _bytes(self, repository: str, name: str) -> None:
            if hub.refuse:
                return self._send(hub.refuse[0], b"")
            content = hub.sent.get(name, hub.files[repository][name])
            said = self.headers.get("Range", "") if hub.ranges else ""
            start = int(said.removeprefix("bytes=").rstrip("-")) if said else 0
            self._send(206 if said else 200, content[start:], hub.cut.pop(0) if hub.cut else None)

        def _send(
            self, status: int, content: bytes, cut: int | None = None, header: tuple[str, str] = ("X", "")
        ) -> None:
            self.send_response(status)
            self.send_header(*header)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:cut])
            self.close_connection = cut is not None

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    hub.elsewhere = f"http://localhost:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
