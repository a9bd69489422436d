"""The oracle sees each kind of damage: one that doesn't would pass everything."""

import dataclasses

import pytest

from harness.compare import compare, originals
from harness.jetstream import Stored, format_time, parse_time
from harness.nats import encode_headers, parse_headers
from harness.wait import Timeout, wait_for


def message(sequence, **changes):
    fields = {"time_ns": 10**18 + sequence, "subject": f"s.{sequence}", "payload": b"abc"}
    return Stored(sequence, **{**fields, "headers": (("a", "1"), ("a", "2")), **changes})


PUBLISHED = [message(sequence) for sequence in range(1, 6)]


def with_change(sequence, **changes):
    return [
        dataclasses.replace(m, **changes) if m.sequence == sequence else m for m in PUBLISHED
    ]


def test_the_same_is_the_same():
    result = compare(PUBLISHED, list(PUBLISHED))
    assert result.same
    assert str(result) == "5 messages, 0 lost, 0 doubled, 0 different, 0 out of order"


@pytest.mark.parametrize(
    "came, kind, words",
    [
        (PUBLISHED[:2] + PUBLISHED[3:], "lost", "sequence 3 (s.3) did not come back"),
        (PUBLISHED + PUBLISHED[4:], "doubled", "sequence 5 came back twice"),
        (PUBLISHED[1::-1] + PUBLISHED[2:], "out_of_order", "sequence 1 came after 2"),
        (PUBLISHED + [message(9)], "extra", "sequence 9 was never published"),
        (with_change(3, subject="t"), "different", "sequence 3: subject t instead of s.3"),
        (with_change(3, payload=b"abd"), "different", "payload differs at byte 2"),
        (with_change(3, payload=b"ab"), "different", "payload of 2 bytes instead of 3"),
        (with_change(3, headers=(("a", "2"), ("a", "1"))), "different", "headers"),
        (with_change(3, headers=(("A", "1"), ("a", "2"))), "different", "headers"),
        (with_change(3, time_ns=10**18 + 4), "different", "time 2001-09-09T01:46:40.000000004Z"),
    ],
)
def test_each_damage_is_counted_once_and_named(came, kind, words):
    result = compare(PUBLISHED, came)
    assert not result.same
    assert getattr(result, kind) == 1
    assert words in result.first
    counts = ("lost", "doubled", "different", "out_of_order", "extra")
    assert sum(getattr(result, count) for count in counts) == 1


def test_the_order_between_header_names_does_not_matter():
    first = message(1, headers=(("b", "1"), ("a", "2"), ("a", "3")))
    second = message(1, headers=(("a", "2"), ("b", "1"), ("a", "3")))
    assert compare([first], [second]).same


def test_originals_of_replayed_messages():
    original = message(7, headers=(("Nats-Msg-Id", "x"), ("k", "v")))
    replayed = Stored(
        1,
        0,
        "replay.s.7",
        (
            ("k", "v"),
            ("Nats3-Msg-Id", "x"),
            ("Nats-Msg-Id", "job:epoch:7"),
            ("Nats3-Stream", "S"),
            ("Nats3-Sequence", "7"),
            ("Nats3-Time", format_time(original.time_ns)),
        ),
        original.payload,
    )
    cut = lambda subject: subject.removeprefix("replay.")  # noqa: E731
    assert compare([original], originals([replayed], "S", cut)).same
    foreign = dataclasses.replace(replayed, headers=())
    assert compare([original], originals([foreign], "S", cut)).extra == 1


@pytest.mark.parametrize("time_ns", [0, 1, 10**18 + 1, 1795488077477218827])
def test_times_are_exact_to_the_nanosecond(time_ns):
    assert parse_time(format_time(time_ns)) == time_ns


def test_headers_keep_repeated_and_oddly_cased_names():
    fields = (("A", "1"), ("a", "2"), ("A", "3"), ("empty", ""))
    assert parse_headers(encode_headers(fields)) == fields


def test_wait_for_gives_up():
    with pytest.raises(Timeout, match="waited 0 s for the moon: it is new"):
        wait_for(lambda: False, 0, "the moon", lambda: "it is new")
