"""Whether what came back is what was published: every message once, in order, the same."""

import collections
from dataclasses import dataclass, field

from harness.jetstream import Stored, format_time, parse_time

_ORIGIN = ("Nats3-Stream", "Nats3-Sequence", "Nats3-Time")
# What a load may add to what it publishes: nothing that was published comes back under these names.
_OF_LOADS = (
    "Nats-Msg-Id",
    "Nats-Expected-Last-Sequence",
    "Nats-Expected-Last-Msg-Id",
    "Nats3-Load-Id",
)


@dataclass
class Comparison:
    expected: int = 0
    lost: int = 0
    doubled: int = 0
    different: int = 0
    out_of_order: int = 0
    extra: int = 0  # came back without ever having been there
    first: str = ""  # the first difference, in words
    _seen: collections.Counter = field(default_factory=collections.Counter, repr=False)

    @property
    def same(self):
        return not (self.lost or self.doubled or self.different or self.out_of_order or self.extra)

    def note(self, kind, text):
        setattr(self, kind, getattr(self, kind) + 1)
        self.first = self.first or text

    def __str__(self):
        text = (
            f"{self.expected:,} messages, {self.lost} lost, {self.doubled} doubled, "
            f"{self.different} different, {self.out_of_order} out of order"
        )
        return text + (f", {self.extra} extra" if self.extra else "")


def canonical_headers(headers):
    """libnats does not keep the order between names; the values of one name keep theirs."""
    return tuple(sorted(headers, key=lambda pair: pair[0]))


def compare(expected, actual, times=True):
    """Compares two lists of Stored by sequence; `actual` in the order in which it came."""
    result = Comparison(expected=len(expected))
    by_sequence = {message.sequence: message for message in expected}
    previous = 0
    for message in actual:
        wanted = by_sequence.get(message.sequence)
        result._seen[message.sequence] += 1
        if wanted is None:
            result.note("extra", f"sequence {message.sequence} was never published")
        elif result._seen[message.sequence] > 1:
            result.note("doubled", f"sequence {message.sequence} came back twice")
        else:
            difference = difference_of(wanted, message, times)
            if difference:
                result.note("different", f"sequence {message.sequence}: {difference}")
            if message.sequence < previous:
                text = f"sequence {message.sequence} came after {previous}"
                result.note("out_of_order", text)
        previous = max(previous, message.sequence)
    for message in expected:
        if message.sequence not in result._seen:
            text = f"sequence {message.sequence} ({message.subject}) did not come back"
            result.note("lost", text)
    return result


def difference_of(wanted, got, times=True):
    """What differs between two messages, in words, or ""."""
    if wanted.subject != got.subject:
        return f"subject {got.subject} instead of {wanted.subject}"
    if wanted.payload != got.payload:
        return _payload_difference(wanted.payload, got.payload)
    if canonical_headers(wanted.headers) != canonical_headers(got.headers):
        return f"headers {got.headers} instead of {wanted.headers}"
    if times and wanted.time_ns != got.time_ns:
        return f"time {format_time(got.time_ns)} instead of {format_time(wanted.time_ns)}"
    return ""


def _payload_difference(wanted, got):
    if len(wanted) != len(got):
        return f"payload of {len(got)} bytes instead of {len(wanted)}"
    at = next(i for i, (a, b) in enumerate(zip(wanted, got)) if a != b)
    return f"payload differs at byte {at}: {got[at]} instead of {wanted[at]}"


def originals(replayed, stream, subject_of=lambda subject: subject):
    """Turns replayed messages back into what they were: sequence and time out of the Nats3-*
    headers, those headers and the message id taken away, the subject by subject_of().

    A message that carries no origin gets sequence 0, which compare() counts as extra.
    """
    return [_original(message, stream, subject_of) for message in replayed]


def _original(message, stream, subject_of):
    origin = {name: value for name, value in message.headers if name in _ORIGIN}
    headers = []
    for name, value in message.headers:
        if name == "Nats3-Msg-Id":
            headers.append(("Nats-Msg-Id", value))
        elif name not in _ORIGIN and name not in _OF_LOADS:
            headers.append((name, value))
    known = len(origin) == len(_ORIGIN) and origin["Nats3-Stream"] == stream
    return Stored(
        int(origin["Nats3-Sequence"]) if known else 0,
        parse_time(origin["Nats3-Time"]) if known else 0,
        subject_of(message.subject),
        tuple(headers),
        message.payload,
    )
