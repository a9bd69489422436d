"""What the benchmark stores and loads: real text or random bytes, in several shapes."""

import random
import subprocess
from dataclasses import dataclass

CHUNK_BYTES = 15_000_000  # a little below the default batch.max_bytes, so that the count decides
CHUNK_MESSAGES = 100_000  # the default batch.max_count


@dataclass(frozen=True)
class Workload:
    name: str
    size: int  # bytes of a payload
    messages: int  # about: so that a round lasts some seconds
    compressible: bool = True
    subjects: int = 1
    headers: bool = False

    @property
    def chunk_messages(self):
        """Messages of a chunk. The number of messages is a multiple of it, so that no last chunk
        waits to become old, which would be measured instead."""
        overhead = 150 if self.headers else 30
        return min(CHUNK_MESSAGES, max(1, CHUNK_BYTES // (self.size + overhead)))

    def count(self, scale):
        """The number of messages at this scale: whole chunks, one at least."""
        return max(1, round(self.messages * scale / self.chunk_messages)) * self.chunk_messages

    @property
    def in_flight(self):
        """As a load's window: 4,000 messages or 16 MB."""
        return max(4, min(4000, 16_000_000 // (self.size + 200)))

    @property
    def batch(self):
        """Messages of a pull request of the floor's: below what the server lets pile up, 64 MB."""
        return max(4, min(5000, 16_000_000 // (self.size + 200)))

    def generate(self, count):
        """(subject, payload, headers) of each message."""
        text = _text() if self.compressible else random.Random(1).randbytes(32 << 20)
        step = self.size + 1  # not a divisor of anything: each message is another cut
        last = len(text) - self.size
        for number in range(count):
            at = number * step % last
            subject = f"bench.s{number * 7919 % self.subjects}"
            yield subject, text[at : at + self.size], self._headers(number)

    def _headers(self, number):
        if not self.headers:
            return ()
        return (
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Trace-Id", f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}"),
            ("Tenant", f"tenant-{number % 100}"),
        )


WORKLOADS = (
    Workload("1k", 1000, 1_000_000),
    Workload("100b", 100, 800_000),
    Workload("16k", 16_000, 30_000),
    Workload("1m", 1_000_000, 450),
    Workload("1k-random", 1000, 300_000, compressible=False),
    Workload("1k-subjects", 1000, 300_000, subjects=10_000),
    Workload("1k-headers", 1000, 300_000, headers=True),
)


def _text():
    """Debian's package index, as it is on every Debian machine."""
    listing = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, check=True).stdout
    if len(listing) < 4_000_000:
        raise SystemExit("bench: Debian's package index is missing: run apt-get update")
    return listing[: 64 << 20]
