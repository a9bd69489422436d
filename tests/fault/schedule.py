"""What goes wrong when: a list of faults that depends on the seed and the options alone."""

import random
from dataclasses import dataclass

from fault.workload import PLANS

LEASE = 8.0  # seconds that a server's lease lives; SIGSTOP for less and for more
_GAP = (0.3, 2.5)  # between the beginnings of two faults
_SETTLE = 2.0  # before the first


@dataclass(frozen=True)
class Kind:
    """A kind of fault. `seconds`: how long it lasts; `on`: what it happens to, and what is busy
    while it lasts, so that no two faults set the same knob; `values`: one is chosen.
    """

    name: str
    on: str
    seconds: tuple
    values: tuple = (0,)


_SHARES = (0.2, 0.5, 1.0)

KINDS = (
    Kind("server-kill", "server", (0.1, 3.0)),
    Kind("server-stop-short", "server", (0.5, 4.0)),
    Kind("server-stop-long", "server", (LEASE + 1, LEASE + 5)),
    Kind("clock-jump", "clock", (3.0, 9.0), (-86_400, -3_600, -30, 30, 3_600, 86_400)),
    Kind("nats-kill", "nats", (0.1, 3.0)),
    Kind("nats-stop", "nats", (0.5, 6.0)),
    Kind("nats-full", "nats", (2.0, 5.0)),
    Kind("link-cut", "link", (0.0, 0.0)),
    Kind("link-refuse", "link", (0.5, 4.0)),
    Kind("link-stall", "link", (1.0, LEASE + 3)),
    Kind("link-delay", "link", (2.0, 6.0), (0.02, 0.1, 0.3)),
    Kind("link-throttle", "link", (2.0, 6.0), (50_000, 500_000)),
    Kind("link-half-open", "link", (0.0, 0.0)),
    Kind("store-pause", "job", (0.2, 3.0)),
    Kind("store-recreate", "job", (0.0, 2.0)),
    Kind("load-pause", "job", (0.2, 3.0)),
)
S3_KINDS = (
    Kind("s3-kill", "s3", (0.5, 5.0)),
    Kind("s3-stop", "s3", (0.5, 8.0)),
    Kind("s3-cut", "s3", (0.0, 0.0)),
    Kind("s3-delay", "s3", (2.0, 6.0), (0.05, 0.3, 1.0)),
    Kind("s3-throttle", "s3", (2.0, 6.0), (20_000, 200_000)),
    Kind("s3-500", "s3", (2.0, 6.0), _SHARES),
    Kind("s3-503", "s3", (2.0, 6.0), _SHARES),
    Kind("s3-429", "s3", (2.0, 6.0), _SHARES),
    Kind("s3-error-body", "s3", (2.0, 6.0), _SHARES),
    Kind("s3-hang", "s3", (2.0, 8.0), _SHARES),
    Kind("s3-lost-answer", "s3", (2.0, 6.0), _SHARES),
    Kind("s3-half-answer", "s3", (2.0, 6.0), _SHARES),
)
FILE_KINDS = (Kind("file-full", "file", (2.0, 6.0)),)


@dataclass(frozen=True)
class Fault:
    at: float  # seconds from the beginning
    seconds: float
    kind: str
    target: str  # "server 1", "link 0", "job QUEUE", "nats", "s3", "file"
    value: float = 0

    def __str__(self):
        value = f" ({self.value:g})" if self.value else ""
        return f"{self.kind} of {self.target}{value} for {self.seconds:.1f} s"


def kinds_for(store):
    return KINDS + (S3_KINDS if store == "s3" else FILE_KINDS)


def make_schedule(seed, seconds, servers, store):
    """Faults in order of their beginnings, all over at `seconds`. Each kind comes once before one
    comes twice, as far as time allows.
    """
    chance = random.Random(f"schedule {seed} {servers} {store}")
    busy = {}
    deck = []
    faults = []
    at = _SETTLE
    while at < seconds:
        fresh = list(kinds_for(store))
        chance.shuffle(fresh)
        deck += fresh if len(deck) < len(fresh) else []
        fault = _draw(chance, deck, at, servers, busy, seconds)
        if fault:
            busy[fault.target] = at + fault.seconds + 0.2
            faults.append(fault)
        at += chance.uniform(*_GAP)
    return faults


def _draw(chance, deck, at, servers, busy, end):
    """Takes the first kind off the deck whose target is free, and that is over in time."""
    for index, kind in enumerate(deck):
        target = _target(chance, kind, servers)
        lasts = round(chance.uniform(*kind.seconds), 2)
        value = chance.choice(kind.values)
        if busy.get(target, 0) <= at and at + lasts <= end:
            del deck[index]
            return Fault(round(at, 2), lasts, kind.name, target, value)
    return None


def _target(chance, kind, servers):
    if kind.on in ("server", "link", "clock"):
        return f"{kind.on} {chance.randrange(servers)}"
    if kind.on == "job":
        return f"job {chance.choice(PLANS).name}"
    return kind.on
