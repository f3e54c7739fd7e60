"""An endpoint in a process of its own, for tests that lose it: `python -m tests.faults.answering_server PORT LIFE`.

It answers the compact flow's prompts, the same text for the same prompt and seed, and is gone after LIFE answers (never
when LIFE is 0).
"""

import json
import os
import random
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

# Not like each other, so that near-duplicates are rare among thousands of questions.
WORDS = [f"{first}{middle}{last}" for first in "bdfgklmnprst" for middle in ("a", "ei", "o") for last in "mnrstz"]
NUMBERS = count(1)


def answer(prompt: str, rng: random.Random) -> str:
    """Most judgements are good, some bad, a few unreadable."""
    said = re.search(r"\nAnswer: (.*)\n", prompt)
    if prompt.endswith(("stand alone?", "good question?")):
        return rng.choice("11110")
    if prompt.endswith("text answer it?"):
        return rng.choice(("1 1", "1 1", "1 1", "1 0"))
    if said and prompt.endswith("true to the text?"):
        return f"{said[1]}: {rng.choice(('YES', 'YES', 'YES', 'hm'))}"
    if said and prompt.endswith("from 1 to 3."):
        return "3" if prompt.startswith("Question:") else f"{said[1]}: 3"
    return " ".join(rng.sample(WORDS, 9)).capitalize() + "?"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    life = 0

    def do_GET(self) -> None:
        self._reply({"data": [{"id": "fake", "max_model_len": 4096}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.path.endswith("/chat/completions"):
            return self._reply({"error": "there is no such route"}, 404)
        if self.life and next(NUMBERS) > self.life:
            os._exit(1)
        prompt = body["messages"][0]["content"]
        seed = body.get("seed", 0) if body.get("temperature", 0) > 0 else 0
        text = answer(prompt, random.Random(f"{seed}:{prompt}"))
        usage = {"prompt_tokens": len(prompt.split()), "completion_tokens": len(text.split())}
        message = {"role": "assistant", "content": text}
        self._reply({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage})

    def _reply(self, content: object, status: int = 200) -> None:
        """In one packet: two would wait for each other."""
        body = json.dumps(content).encode()
        head = f"HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def log_message(self, *args: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    Handler.life = int(sys.argv[2])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
