"""An HTTP proxy that misbehaves on demand, for the way to S3.

It reads each request whole before it does anything, so it knows what the server was asked, and each
answer whole before it gives it on, so it can lose or halve one after the server has done its part.
Attributes may be set from any thread.
"""

import asyncio
import contextlib
import random
from dataclasses import dataclass

from fault.loop import reset
from harness.process import free_port

_HEAD_LIMIT = 1 << 18
_PIECE = 1 << 14
_LOOK = 0.02
_ERROR = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    "<Error><Code>{code}</Code><Message>made by a test</Message></Error>"
)
_REASONS = {429: "SlowDown", 500: "InternalError", 503: "SlowDown", 200: "InternalError"}


@dataclass(frozen=True)
class Toxic:
    """What happens to a share of the requests.

    kinds: `status` (answered so, the server isn't asked), `error_body` (the server isn't asked, and
    the answer is 200 with an error in its body; only where S3 does that), `hang` (no answer, the
    server isn't asked), `lose` (done, the answer is dropped), `halve` (done, the answer is cut).
    """

    kind: str
    share: float = 1.0
    status: int = 503


class _Request:
    def __init__(self, head, body):
        self.head = head
        self.body = body
        self.method, self.target, _ = head.split(b"\r\n", 1)[0].split(b" ", 2)

    def may_have_error_body(self):
        """200 with an error inside: S3 answers a completed multipart upload or a listing so."""
        listing = self.method == b"GET" and b"list-type=2" in self.target
        return listing or (self.method == b"POST" and b"uploadId=" in self.target)


def _header(head, name):
    for line in head.split(b"\r\n")[1:]:
        field, _, value = line.partition(b":")
        if field.strip().lower() == name:
            return value.strip()
    return b""


class S3Proxy:
    def __init__(self, loop, upstream_port, seed):
        self._loop = loop
        self._upstream_port = upstream_port
        self._chance = random.Random(f"{seed} s3")
        self._connections = set()
        self.port = free_port()
        self.refusing = False
        self.stalled = False  # connections are taken, nothing is answered
        self.delay = 0.0
        self.bytes_per_second = 0
        self.toxic = None
        self.requests = 0
        self.spoiled = 0  # requests that met a toxic
        self._server = loop.run(
            asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=_HEAD_LIMIT)
        )

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def cut(self):
        """Resets all connections; returns how many."""
        return self._loop.call(self._cut)

    def heal(self):
        self.refusing = self.stalled = False
        self.delay = 0.0
        self.bytes_per_second = 0
        self.toxic = None

    def close(self):
        self._loop.call(self._server.close)
        self.cut()

    def _cut(self):
        for writer in self._connections:
            reset(writer)
        return len(self._connections)

    async def _serve(self, reader, writer):
        if self.refusing:
            reset(writer)
            return
        self._connections.add(writer)
        upstream = None
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while request := await self._read_request(reader, writer):
                upstream = upstream or await asyncio.open_connection(
                    "127.0.0.1", self._upstream_port, limit=_HEAD_LIMIT
                )
                if not await self._answer(request, writer, upstream):
                    break
        self._connections.discard(writer)
        reset(writer)
        if upstream:
            reset(upstream[1])

    async def _read_request(self, reader, writer):
        """None: the client closed the connection between two requests."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as cut:
            if cut.partial:
                raise
            return None
        if _header(head, b"expect").lower() == b"100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await writer.drain()
        length = int(_header(head, b"content-length") or 0)
        return _Request(head, await reader.readexactly(length))

    async def _answer(self, request, writer, upstream):
        """Answers, or not; False: the connection ends."""
        self.requests += 1
        toxic = self._toxic_for(request)
        await self._wait(len(request.body))
        if toxic and toxic.kind in ("status", "error_body"):
            await self._give(writer, _made_up(request, toxic))
            return True
        if toxic and toxic.kind == "hang":
            while self.toxic is toxic:
                await asyncio.sleep(_LOOK)
            return False
        answer = await _ask(request, *upstream)
        if toxic and toxic.kind == "lose":
            return False
        if toxic and toxic.kind == "halve":
            await self._give(writer, answer[: len(answer) // 2])
            return False
        await self._wait(0)
        await self._give(writer, answer)
        return _header(answer, b"connection").lower() != b"close"

    def _toxic_for(self, request):
        toxic = self.toxic
        if not toxic or self._chance.random() >= toxic.share:
            return None
        if toxic.kind == "error_body" and not request.may_have_error_body():
            return None
        self.spoiled += 1
        return toxic

    async def _wait(self, size):
        while self.stalled:
            await asyncio.sleep(_LOOK)
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.bytes_per_second:
            await asyncio.sleep(size / self.bytes_per_second)

    async def _give(self, writer, answer):
        for at in range(0, len(answer), _PIECE):
            piece = answer[at : at + _PIECE]
            writer.write(piece)
            await writer.drain()
            if self.bytes_per_second:
                await asyncio.sleep(len(piece) / self.bytes_per_second)


def _made_up(request, toxic):
    status = 200 if toxic.kind == "error_body" else toxic.status
    body = _ERROR.format(code=_REASONS[status]).encode()
    head = f"HTTP/1.1 {status} Made up\r\nContent-Type: application/xml\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + (b"" if request.method == b"HEAD" else body)


async def _ask(request, reader, writer):
    """The server's answer, whole."""
    writer.write(request.head + request.body)
    await writer.drain()
    head = b"HTTP/1.1 100"
    while head.startswith(b"HTTP/1.1 100"):
        head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    if request.method == b"HEAD" or status in (204, 304):
        return head
    if _header(head, b"transfer-encoding").lower() == b"chunked":
        return head + await _chunked(reader)
    return head + await reader.readexactly(int(_header(head, b"content-length") or 0))


async def _chunked(reader):
    body = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        body += line + await reader.readexactly(size + 2)
        if size == 0:
            return body
