"""A NATS client of our own: the wire protocol on one socket, one thread, nothing hidden.

What judges nats3 shares no code with it. Nothing is retried and nothing reconnects:
a lost connection raises. Payloads and header blocks are bytes as they came.
Source: https://docs.nats.io/reference/reference-protocols/nats-protocol
"""

import collections
import itertools
import json
import os
import socket
import time

_RECEIVE_BYTES = 1 << 20
_FLUSH_BYTES = 1 << 18


class NatsError(Exception):
    """The server refused something, went away, or did not answer in time."""


class Delivery:
    """One message as it was delivered."""

    __slots__ = ("subject", "reply", "header_block", "payload")

    def __init__(self, subject, reply, header_block, payload):
        self.subject = subject
        self.reply = reply
        self.header_block = header_block
        self.payload = payload

    @property
    def headers(self):
        return parse_headers(self.header_block)

    @property
    def status(self):
        """The number after NATS/1.0 of a message that is no message but tells a state, or 0."""
        first = self.header_block.split(b"\r\n", 1)[0].split(b" ")
        return int(first[1]) if len(first) > 1 and first[1].isdigit() else 0


def parse_headers(block):
    """The (name, value) pairs of a raw header block, in its order."""
    fields = []
    for line in block.split(b"\r\n")[1:]:
        if line:
            name, _, value = line.partition(b":")
            fields.append((name.decode("utf-8", "replace"), value.strip().decode("utf-8", "replace")))
    return tuple(fields)


def encode_headers(fields):
    lines = [f"{name}: {value}\r\n" for name, value in fields]
    return ("NATS/1.0\r\n" + "".join(lines) + "\r\n").encode()


class Subscription:
    """Deliveries of one subject, in order."""

    def __init__(self, client, sid):
        self.client = client
        self.sid = sid
        self.queue = collections.deque()

    def next(self, seconds=10.0):
        deadline = time.monotonic() + seconds
        while not self.queue:
            if not self.client.receive(deadline):
                raise NatsError(f"no message within {seconds} s")
        return self.queue.popleft()

    def close(self):
        self.client.unsubscribe(self)


class Client:
    """A connection. For one thread."""

    def __init__(self, port, host="127.0.0.1", seconds=10.0):
        self._socket = socket.create_connection((host, port), timeout=seconds)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._in = b""
        self._at = 0
        self._out = []
        self._out_bytes = 0
        self._subscriptions = {}
        self._sids = itertools.count(1)
        self._inbox = f"_INBOX.{os.urandom(9).hex()}"
        self._tokens = itertools.count(1)
        self._replies = None
        self._pongs = 0
        self.info = {}
        while not self.info:
            self.receive(time.monotonic() + seconds)
        options = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True}
        options.update(lang="python", version="1", name="nats3 tests", protocol=1)
        self._write(b"CONNECT " + json.dumps(options).encode() + b"\r\n")
        self.flush(seconds)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    # Sending

    def publish(self, subject, payload=b"", headers=(), reply=""):
        """Queues a message; flush() or a full buffer sends it."""
        if isinstance(payload, str):
            payload = payload.encode()
        subject = subject.encode()
        reply = reply.encode() + b" " if reply else b""
        if headers:
            block = encode_headers(headers)
            total = len(block) + len(payload)
            self._write(
                b"HPUB %b %b%d %d\r\n%b%b\r\n" % (subject, reply, len(block), total, block, payload)
            )
        else:
            self._write(b"PUB %b %b%d\r\n%b\r\n" % (subject, reply, len(payload), payload))

    def send(self):
        """Writes what is queued to the socket."""
        if self._out:
            data = b"".join(self._out)
            self._out.clear()
            self._out_bytes = 0
            self._socket.settimeout(60)
            self._socket.sendall(data)

    def flush(self, seconds=10.0):
        """Returns when the server has read all that was queued."""
        expected = self._pongs + 1
        self._write(b"PING\r\n")
        self.send()
        deadline = time.monotonic() + seconds
        while self._pongs < expected:
            if not self.receive(deadline):
                raise NatsError(f"no PONG within {seconds} s")

    def _write(self, data):
        self._out.append(data)
        self._out_bytes += len(data)
        if self._out_bytes >= _FLUSH_BYTES:
            self.send()

    # Receiving

    def subscribe(self, subject):
        subscription = Subscription(self, next(self._sids))
        self._subscriptions[subscription.sid] = subscription
        self._write(b"SUB %b %d\r\n" % (subject.encode(), subscription.sid))
        return subscription

    def unsubscribe(self, subscription):
        self._subscriptions.pop(subscription.sid, None)
        self._write(b"UNSUB %d\r\n" % subscription.sid)

    def new_inbox(self):
        return f"{self._inbox}.{next(self._tokens)}"

    def request(self, subject, payload=b"", headers=(), seconds=10.0):
        """Publishes and returns the first answer."""
        inbox = self.new_inbox()
        subscription = self.subscribe(inbox)
        try:
            self.publish(subject, payload, headers, reply=inbox)
            self.send()
            answer = subscription.next(seconds)
        finally:
            subscription.close()
        if answer.status == 503:
            raise NatsError(f"nobody answers on {subject}")
        return answer

    def receive(self, deadline):
        """Handles what has arrived, waiting for something; False when the deadline passes."""
        self.send()
        self._socket.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            data = self._socket.recv(_RECEIVE_BYTES)
        except TimeoutError:
            return False
        if not data:
            raise NatsError("the server closed the connection")
        self._in = self._in[self._at :] + data
        self._at = 0
        while self._take_one():
            pass
        return True

    def _take_one(self):
        """Takes one protocol message from the buffer; False when it isn't whole yet."""
        end = self._in.find(b"\r\n", self._at)
        if end < 0:
            return False
        line = self._in[self._at : end]
        start = end + 2
        if line.startswith((b"MSG ", b"HMSG ")):
            return self._take_message(line.split(b" "), start)
        self._at = start
        if line == b"PING":
            self._write(b"PONG\r\n")
            self.send()
        elif line == b"PONG":
            self._pongs += 1
        elif line.startswith(b"INFO "):
            self.info = json.loads(line[5:])
        elif line.startswith(b"-ERR"):
            raise NatsError(line[5:].decode())
        return True

    def _take_message(self, words, start):
        size = int(words[-1])
        if len(self._in) < start + size + 2:
            return False
        with_headers = words[0] == b"HMSG"
        header_size = int(words[-2]) if with_headers else 0
        has_reply = len(words) == (6 if with_headers else 5)
        subscription = self._subscriptions.get(int(words[2]))
        if subscription is not None:
            subscription.queue.append(
                Delivery(
                    words[1].decode("utf-8", "replace"),
                    words[3].decode("utf-8", "replace") if has_reply else "",
                    self._in[start : start + header_size],
                    self._in[start + header_size : start + size],
                )
            )
        self._at = start + size + 2
        return True
