"""An asyncio loop in a thread of its own, for the proxies; what steers them is in another thread."""

import asyncio
import socket
import struct
import threading


class LoopThread:
    """call() and run() are for other threads."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="proxies")
        self._thread.start()

    def run(self, coroutine, seconds=10):
        """Runs it in the loop and returns its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(seconds)

    def call(self, function, *arguments):
        """Calls a plain function in the loop and returns its result."""

        async def called():
            return function(*arguments)

        return self.run(called())

    def close(self):
        async def cancel_all():
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.run(cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


def reset(writer):
    """Ends a connection with a reset, so that the peer can't take it for an orderly end."""
    connection = writer.transport.get_extra_info("socket")
    if connection is not None and not writer.transport.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
