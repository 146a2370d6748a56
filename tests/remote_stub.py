"""A real HTTP server that speaks the OpenAI protocol, as well or as badly as a test asks."""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float

    @property
    def text(self) -> str:
        """What the user said."""
        return str(self.body["messages"][-1]["content"] if "messages" in self.body else self.body["prompt"])


@dataclass(frozen=True)
class Reply:
    """How a request is answered: status, headers and the body, as it is."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    # Seconds before the first byte; bytes are sent one by one with such a pause between them.
    after: float = 0.0
    drip: float = 0.0
    # Says that the body has so many bytes more than are sent.
    missing: int = 0


def says(
    text: str | None, finish_reason: str = "stop", usage: dict[str, Any] | None = None, chat: bool = True
) -> Reply:
    """A good answer."""
    content = {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
    answer: dict[str, Any] = {"choices": [{"index": 0, **content, "finish_reason": finish_reason}]}
    if usage is not None:
        answer["usage"] = usage
    return Reply(json.dumps(answer).encode())


def refuses(status: int, code: str = "", **headers: str) -> Reply:
    """An error as the protocol has it."""
    body = json.dumps({"error": {"message": "the row was: ...", "type": "test", "code": code or None}}).encode()
    return Reply(body, status, {name.replace("_", "-"): value for name, value in headers.items()})


def echo(asked: Asked) -> Reply:
    """Answers with the text in capitals, and counts words as tokens."""
    words = len(asked.text.split())
    usage = {"prompt_tokens": words, "completion_tokens": words, "total_tokens": 2 * words}
    return says(asked.text.upper(), usage=usage, chat="messages" in asked.body)


def repeats(asked: Asked, start: str = "<s>") -> Reply:
    """The prompt with the log-likelihoods of its tokens, and one token more, if that is asked for.

    Tokens are words with the space before them; how likely one is depends on all before it. `start` is the token that
    stands before every text; without one the first word has no likelihood.
    """
    if not asked.body.get("echo"):
        return echo(asked)
    words = re.findall(r" ?[^ ]+| +$", asked.body["prompt"])
    tokens = [*([start] if start else []), *words]
    logprobs = [None, *(-likelihood(tokens[: at + 1]) for at in range(1, len(tokens)))]
    said = {"tokens": [*tokens, "!"], "token_logprobs": [*logprobs, -9.0], "text_offset": []}
    answer = {
        "choices": [{"index": 0, "text": asked.body["prompt"] + "!", "logprobs": said, "finish_reason": "length"}]
    }
    return Reply(json.dumps(answer).encode())


def likelihood(tokens: list[str]) -> float:
    """Of the last token, negated."""
    return len(tokens[-1]) / 8 + sum(map(len, tokens[:-1])) / 64


class Stub:
    """The server; `reply` decides what it answers, None cuts the connection."""

    def __init__(self, reply: Callable[[Asked], Reply | None] = echo, tls: ssl.SSLContext | None = None) -> None:
        self.reply = reply
        self.asked: list[Asked] = []
        self.at_once = 0
        self.most_at_once = 0
        # Set to let everything that waits in `hang` go.
        self.released = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            # Handshakes in the threads of connections, where a failed one harms nobody.
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}/v1"

    @property
    def rows(self) -> list[Asked]:
        """The requests that were for a row and not to try the endpoint."""
        with self._lock:
            return [asked for asked in self.asked if not asked.text.endswith("Say OK.")]

    def hang(self, asked: Asked) -> Reply:
        """An answer that does not come before the test is over; the probe's does."""
        if not asked.text.endswith("Say OK."):
            self.released.wait(60)
        return echo(asked)

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body are two writes; without this the second waits 40 ms for the first to be acknowledged.
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                asked = Asked(self.path, dict(self.headers), json.loads(body), time.monotonic())
                with stub._lock:
                    stub.asked.append(asked)
                    stub.at_once += 1
                    stub.most_at_once = max(stub.most_at_once, stub.at_once)
                try:
                    reply = stub.reply(asked)
                finally:
                    with stub._lock:
                        stub.at_once -= 1
                try:
                    self._send(reply)
                except OSError:
                    self.close_connection = True

            def _send(self, reply: Reply | None) -> None:
                if reply is None:
                    self.close_connection = True
                    return
                time.sleep(reply.after)
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body) + reply.missing))
                self.end_headers()
                if reply.drip:
                    for byte in reply.body:
                        self.wfile.write(bytes([byte]))
                        time.sleep(reply.drip)
                else:
                    self.wfile.write(reply.body)
                if reply.missing:
                    self.close_connection = True

            def handle(self) -> None:
                # A client that refuses the certificate or goes away is what some tests are about.
                with suppress(OSError):
                    super().handle()

            def log_message(self, *args: object) -> None:
                """Nothing: tests look at what was asked."""

        return Handler
