"""A small server with OpenAI's routes that answers as a test says, over HTTP or TLS."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# Status, headers and body; a body of bytes goes out as it is, None closes the connection without an answer.
Reply = tuple[int, dict[str, str], Any]
Replier = Callable[[str, dict[str, Any]], Reply]


@dataclass
class Endpoint:
    """A local server that answers as `reply` says, and remembers what it was asked."""

    reply: Replier
    url: str = ""
    asked: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, path: str) -> list[dict[str, Any]]:
        return [body for asked, body, _ in self.asked if asked == path]


def chat(path: str, body: dict[str, Any]) -> Reply:
    """Answers with the question and the seed; the second model of the list is the one asked for."""
    if path == "/v1/models":
        return 200, {}, {"data": [{"id": "first"}, {"id": "small", "max_model_len": 2048}]}
    if path not in ("/v1/chat/completions", "/v1/completions"):
        return 404, {}, {"error": "no such route"}
    said = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
    return completion(body, *(f"{said}/{body.get('seed')}/{number}" for number in range(body.get("n", 1))))


def completion(body: dict[str, Any], *texts: str) -> Reply:
    """One choice a text, in the shape that the request's route has."""
    choices: list[dict[str, Any]] = [
        {"message": {"role": "assistant", "content": text}} if "messages" in body else {"text": text} for text in texts
    ]
    usage = {"prompt_tokens": 9, "completion_tokens": 5 * len(texts)}
    return 200, {}, {"choices": [choice | {"finish_reason": "stop"} for choice in choices], "usage": usage}


@contextmanager
def serving(reply: Replier = chat, context: ssl.SSLContext | None = None) -> Iterator[Endpoint]:
    found = Endpoint(reply)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length) or b"{}")
            with found.lock:
                found.asked.append((self.path, body, dict(self.headers)))
                found.at_once += 1
                found.most_at_once = max(found.most_at_once, found.at_once)
            try:
                self._answer(*found.reply(self.path, body))
            except (BrokenPipeError, ConnectionResetError):
                pass
            finally:
                with found.lock:
                    found.at_once -= 1

        do_GET = do_POST  # noqa: N815

        def _answer(self, status: int, headers: dict[str, str], answer: Any) -> None:
            if answer is None:
                self.close_connection = True
                return
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in ({"Content-Type": "application/json"} | headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    found.url = f"{'https' if context else 'http'}://localhost:{server.server_port}/v1"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
