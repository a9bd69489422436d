"""What a campaign publishes: always the same for the same seed, stream and sequence.

Each message expects the sequence before it to be the stream's last (Nats-Expected-Last-Sequence). So
message number n is stored as sequence n or not at all, whatever happens to the connection, to the
server or to an answer, and after any trouble the stream's last sequence says what comes next: the
content of the stream is known without asking anybody.
"""

import functools
import random
import threading
import time
from dataclasses import dataclass

from harness.jetstream import ApiError, JetStream, Stored
from harness.nats import NatsError

_EXPECTED = "Nats-Expected-Last-Sequence"
_FIRST_PAUSE = 0.5  # after trouble; the next attempt may well meet the same
_ACK_SECONDS = 5.0


@dataclass(frozen=True)
class Plan:
    """A stream, the store job that archives it and the load job that replays it."""

    name: str
    retention: str
    codec: str
    delete_chunks: bool = False
    message_ids: bool = True  # of the load

    @property
    def root(self):
        return self.name.lower()

    @property
    def target(self):
        return f"{self.name}-COPY"

    @property
    def once_in_bucket(self):
        """Others are acknowledged by message: a crash may bring one into the bucket again."""
        return self.retention == "limits"

    def store_spec(self, bucket):
        return {
            "name": f"store-{self.name}",
            "stream": self.name,
            "subject": f"{self.root}.>",
            "bucket": bucket,
            "encoding": {"codec": self.codec},
            "batch": {"max_wait": "700ms", "max_count": 400},
        }

    def load_spec(self, bucket):
        """A chunk that comes back after it was deleted goes again only where the load's subject
        covers the store job's (docs/limits.md).
        """
        source = f"{self.root}.>" if self.delete_chunks else f"{self.root}.*.*"
        target = f"{self.root}.{{{{wildcard(1)}}}}.{{{{wildcard(2)}}}}"
        return {
            "name": f"load-{self.name}",
            "bucket": bucket,
            "read_stream": self.name,
            "read_subject": source,
            "write_subject": "copy." + ("{{subject}}" if self.delete_chunks else target),
            "poll_interval": {"secs": 0, "nanos": 500_000_000},
            "delete_chunks": self.delete_chunks,
            "strict": not self.message_ids,
            "message_ids": self.message_ids,
        }


PLANS = (
    Plan("LIMITS", "limits", "Binary"),
    Plan("INTEREST", "interest", "Json"),
    Plan("QUEUE", "workqueue", "Binary", message_ids=False),
    Plan("DELETED", "limits", "Json", delete_chunks=True),
)


def message(seed, plan, sequence):
    """(subject, payload, headers): text, bytes, nothing at all, a large one at times."""
    chance = random.Random(f"{seed} {plan.name} {sequence}")
    kind = chance.choice(("text", "bytes", "headers", "empty"))
    headers = [(_EXPECTED, str(sequence - 1))]
    payload = b""
    if kind == "text":
        payload = f"{plan.name} {sequence} ünïcode ".encode() * chance.randrange(1, 20)
    elif kind == "bytes":
        large = chance.random() < 0.01
        payload = chance.randbytes(100_000 if large else chance.randrange(600))
    elif kind == "headers":
        payload = b"%d" % sequence
        headers += [("Tag", "a"), ("tag", "b"), ("Tag", str(sequence)), ("Empty", "")]
    else:
        headers.append(("Nats-Msg-Id", f"{plan.name}-{sequence}"))
    return f"{plan.root}.{kind}.{sequence % 10}", payload, tuple(headers)


def stored(seed, plan, count):
    """The messages 1 to `count` as the stream holds them, but for their times."""
    for sequence in range(1, count + 1):
        subject, payload, headers = message(seed, plan, sequence)
        yield Stored(sequence, 0, subject, headers, payload)


def replayed_headers(headers):
    """Headers of a replayed message, turned back: what would act on the target was renamed."""
    renamed = "Nats3-" + _EXPECTED.removeprefix("Nats-")
    return tuple((_EXPECTED if name == renamed else name, value) for name, value in headers)


class Publisher(threading.Thread):
    """Publishes a plan's messages in bursts until it is stopped, through whatever happens."""

    def __init__(self, nats, plan, seed, rate):
        super().__init__(name=f"publisher-{plan.name}", daemon=True)
        self._nats = nats
        self._message = functools.partial(message, seed, plan)
        self._plan = plan
        self._rate = rate
        self._chance = random.Random(f"{seed} {plan.name} bursts")
        self._stop_asked = threading.Event()
        self.stored = 0  # the stream's last sequence, as last heard of
        self.troubles = 0
        # nats-server lost messages that it had acknowledged; then nobody can have them.
        self.lost_by_server = []

    def stop(self, seconds):
        """Ends the burst under way; returns how many messages the stream was given."""
        self._stop_asked.set()
        self.join(seconds)
        if self.is_alive():
            raise AssertionError(f"{self.name} did not end in {seconds} s: is nats-server back?")
        return self.stored

    def run(self):
        while not self._stop_asked.is_set() or self.stored == 0:
            try:
                with self._nats.connect() as client:
                    self._publish(JetStream(client))
            except (ApiError, NatsError, OSError):
                self.troubles += 1
                # Not a wait for a condition: whether the server is back shows only by trying.
                time.sleep(_FIRST_PAUSE)

    def _publish(self, stream):
        last = stream.state(self._plan.name)["last_seq"]
        if last < self.stored:
            self.lost_by_server.append((self.stored, last))
        self.stored = last
        while not self._stop_asked.is_set() or self.stored == 0:
            size = self._chance.randrange(1, max(2, self._rate))
            self._burst(stream, self.stored + 1, size)
            self._stop_asked.wait(size / self._rate)

    def _burst(self, stream, first, size):
        """Publishes `size` messages, awaiting all acknowledgements."""
        client = stream.client
        inbox = client.new_inbox()
        acks = client.subscribe(inbox)
        for sequence in range(first, first + size):
            subject, payload, headers = self._message(sequence)
            client.publish(subject, payload, headers, reply=inbox)
        client.send()
        for sequence in range(first, first + size):
            self.stored = stream.take_ack(acks, _ACK_SECONDS)["seq"]
            if self.stored != sequence:
                raise AssertionError(f"{self.name}: {sequence} was stored as {self.stored}")
        acks.close()
