"""Messages for the tests, always the same for the same number, and what follows from them."""

import random

from harness.compare import compare, originals

JSON = {"codec": "Json"}
REPLAY = "replay.{{wildcard(1)}}.{{wildcard(2)}}"
SUBJECTS = 10  # of each kind


def messages(count, start=0):
    """`count` messages on work.<kind>.<n>: text, bytes, nothing at all, with and without headers."""
    for number in range(start, start + count):
        chance = random.Random(number)
        kind = number % 4
        if kind == 0:
            yield f"work.text.{number % SUBJECTS}", b"message %d " % number * 20, ()
        elif kind == 1:
            yield f"work.bytes.{number % SUBJECTS}", chance.randbytes(chance.randrange(600)), ()
        elif kind == 2:
            headers = (("Number", str(number)), ("Tag", "a"), ("number", "b"), ("Tag", "c"))
            yield f"work.headers.{number % SUBJECTS}", f"päyload {number}".encode(), headers
        else:
            yield f"work.empty.{number % SUBJECTS}", b"", (("Nats-Msg-Id", f"id-{number}"),)


def publish(stream, name, count, start=0):
    return stream.publish_all(name, messages(count, start))


def store_spec(bucket_name, name="WORK", batch=None, **changes):
    """Small waits, so that a test isn't kept waiting for its last chunk; `batch` adds to that."""
    spec = {"name": f"store-{name}", "stream": name, "subject": "work.>", "bucket": bucket_name}
    return {**spec, "encoding": JSON, "batch": {"max_wait": "200ms", **(batch or {})}, **changes}


def load_spec(bucket_name, name="WORK", **changes):
    spec = {"name": f"load-{name}", "bucket": bucket_name, "read_stream": name}
    return {**spec, "read_subject": "work.*.*", "write_subject": REPLAY, **changes}


def verify_spec(bucket_name, name="WORK", **changes):
    return {"name": f"verify-{name}", "bucket": bucket_name, "stream": name, **changes}


def add_target(stream, name="REPLAY", **config):
    stream.add_stream(name, ["replay.>"], **config)


def replayed(stream, source="WORK", target="REPLAY"):
    """The target's messages, turned back into what they were."""
    back = lambda subject: subject.replace("replay.", "work.", 1)  # noqa: E731
    return originals(stream.read(target), source, back)


def check_same(expected, actual, times=True):
    result = compare(expected, actual, times)
    assert result.same, f"{result}; first: {result.first}"
