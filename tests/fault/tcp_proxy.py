"""A TCP proxy that misbehaves on demand, for the way to nats-server.

Attributes may be set from any thread; they hold for all connections at once.
"""

import asyncio
import contextlib

from fault.loop import reset
from harness.process import free_port

_CHUNK = 1 << 16
_LOOK = 0.02  # how often a stalled connection looks whether it goes on


class _Link:
    """One connection through the proxy."""

    def __init__(self, client, upstream):
        self.client = client
        self.upstream = upstream
        self.half_open = False  # the far end is gone; the client isn't told


class TcpProxy:
    def __init__(self, loop, upstream_port):
        self._loop = loop
        self._upstream_port = upstream_port
        self._links = set()
        self.port = free_port()
        self.refusing = False
        self.stalled = False
        self.delay = 0.0  # seconds added to each piece, in both directions
        self.bytes_per_second = 0  # 0: as fast as it goes
        self._server = loop.run(
            asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=_CHUNK)
        )

    @property
    def url(self):
        return f"nats://127.0.0.1:{self.port}"

    def cut(self):
        """Resets all connections; returns how many."""
        return self._loop.call(self._cut)

    def half_open(self):
        """Ends all connections at the far end only: the client hears nothing more, for good."""
        return self._loop.call(self._half_open)

    def heal(self):
        """Takes back all that is set; half-open connections stay: their clients must find out."""
        self.refusing = self.stalled = False
        self.delay = 0.0
        self.bytes_per_second = 0

    def close(self):
        self._loop.call(self._server.close)
        self.cut()

    def _cut(self):
        for link in self._links:
            reset(link.client)
            reset(link.upstream)
        return len(self._links)

    def _half_open(self):
        for link in self._links:
            link.half_open = True
            reset(link.upstream)
        return len(self._links)

    async def _serve(self, reader, writer):
        if self.refusing:
            reset(writer)
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        except OSError:
            reset(writer)
            return
        link = _Link(writer, far_writer)
        self._links.add(link)
        try:
            await asyncio.gather(
                self._pump(link, reader, far_writer), self._pump(link, far_reader, writer)
            )
        finally:
            self._links.discard(link)
            reset(writer)
            reset(far_writer)

    async def _pump(self, link, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._wait(len(data))
                if not link.half_open:
                    writer.write(data)
                    await writer.drain()
        if not link.half_open:
            reset(writer)

    async def _wait(self, size):
        while self.stalled:
            await asyncio.sleep(_LOOK)
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.bytes_per_second:
            await asyncio.sleep(size / self.bytes_per_second)
