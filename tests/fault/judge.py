"""Whether all went well: what is in the bucket and in the targets against what was published.

Nothing here asks nats3, but for what is said of its own claims: chunks are read by the reader that
tests/golden wrote from docs/format.md, streams by the client of tests/harness.
"""

import dataclasses
import importlib.util
import pathlib
import tempfile
from dataclasses import dataclass, field

from fault.workload import replayed_headers, stored
from harness.compare import Comparison, compare, difference_of, originals
from harness.jetstream import Stored
from harness.process import ROOT

_READER = ROOT / "tests/golden/read_chunk.py"


def _load_reader():
    spec = importlib.util.spec_from_file_location("read_chunk", _READER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


READER = _load_reader()


@dataclass
class Verdict:
    """On one stream."""

    plan: object
    published: int
    archived: Comparison
    replayed: Comparison
    again: int = 0  # messages that are in the bucket more than once where that is allowed
    problems: list = field(default_factory=list)
    refused: int = 0  # stored out of order after the server had refused them, which isn't nats3's doing

    @property
    def good(self):
        return self.archived.same and self.replayed.same and not self.problems


@dataclass
class Archive:
    """What a bucket holds of one stream."""

    messages: list  # Stored, chunk by chunk in order of the keys
    epochs: set
    problems: list


def read_bucket(bucket):
    """Archives by the stream's name, by which keys begin."""
    archives = {}
    with tempfile.TemporaryDirectory() as folder:
        bucket.copy_to(folder)
        for path in sorted(pathlib.Path(folder).rglob("*")):
            parts = path.relative_to(folder).parts
            if path.is_file() and parts[0] != ".nats3-tmp":
                _read_object(path, parts, archives.setdefault(parts[0], Archive([], set(), [])))
    return archives


def _read_object(path, parts, archive):
    """Keys are STREAM/EPOCH/..."""
    archive.epochs.add(parts[1])
    if path.suffix == ".zst":
        try:
            archive.messages += [_to_stored(*m) for m in READER.read_chunk(path.read_bytes())]
        except READER.Damaged as damage:
            archive.problems.append(f"{'/'.join(parts)}: {damage}")
    elif path.suffix != ".json":
        archive.problems.append(f"{'/'.join(parts)}: what is this?")


def _to_stored(sequence, time, subject, headers, payload):
    fields = tuple((name.decode(), value.decode()) for name, value in headers)
    return Stored(sequence, time, subject.decode(), fields, payload)


def once_each(messages):
    """Messages by sequence without those that are there again, how many these are, and what is
    wrong with them: a second copy must be the first one's equal.
    """
    first = {}
    again = 0
    problems = []
    for message in messages:
        if message.sequence not in first:
            first[message.sequence] = message
            continue
        again += 1
        difference = difference_of(first[message.sequence], message)
        if difference:
            problems.append(f"two of sequence {message.sequence} differ: {difference}")
    return [first[sequence] for sequence in sorted(first)], again, problems


def judge_stream(plan, seed, count, archive, source, target):
    """`count`: messages published. `source`: what a limits stream holds, else None. `target`: the
    replayed stream as it is.
    """
    expected = list(stored(seed, plan, count))
    archived, again, problems = archive.messages, 0, list(archive.problems)
    if not plan.once_in_bucket:
        archived, again, more = once_each(archived)
        problems += more
    if source is not None:
        check = compare(expected, source, times=False)
        if not check.same:
            problems.append(f"the stream itself isn't what was published: {check}; {check.first}")
        expected = source
    else:
        expected = _with_times(expected, archived)
    if len(archive.epochs) != 1:
        problems.append(f"{len(archive.epochs)} epochs instead of one")
    back = originals(target, plan.name, lambda subject: subject.removeprefix("copy."))
    back = [dataclasses.replace(m, headers=replayed_headers(m.headers)) for m in back]
    replay = compare(expected, back)
    if plan.delete_chunks:
        # Gone after their replay, but for those that it hasn't come to: these are judged.
        left = {message.sequence for message in archived}
        expected = [message for message in expected if message.sequence in left]
    return Verdict(plan, count, compare(expected, archived), replay, again, problems)


def _with_times(expected, archived):
    """The time of a message that its stream has given away is known by the bucket alone."""
    times = {message.sequence: message.time_ns for message in archived}
    return [dataclasses.replace(m, time_ns=times.get(m.sequence, 0)) for m in expected]


def refused_by(log, stream):
    """Whether nats-server wrote down that it could not store a message in the stream: its disk was
    full. What a load had in flight behind that message may then be stored before it (docs/limits.md).
    """
    return f"failed to store a msg on stream '$G > {stream}'" in log


def excuse_order(verdict):
    """To be called where the target refused messages."""
    verdict.refused, verdict.replayed.out_of_order = verdict.replayed.out_of_order, 0


def claims(count, store, load):
    """What the API says of a plan's jobs that isn't so once all `count` messages are through."""
    wrong = []

    def check(kind, what, is_so, wanted):
        if is_so != wanted:
            wrong.append(f"the {kind} job says {what} {is_so!r} instead of {wanted!r}")

    for kind, job in (("store", store), ("load", load)):
        if job is None:
            wrong.append(f"there is no {kind} job")
            continue
        check(kind, "status", job["status"], "Running")
        check(kind, "last_error", job["last_error"], None)
        check(kind, "last_sequence", job["progress"]["last_sequence"], count)
    if store:
        check("store", "lag", store["progress"]["lag"], 0)
        check("store", "oldest_unarchived", store["progress"]["oldest_unarchived"], None)
    if load:
        check("load", "messages", load["progress"]["messages"], count)
    return wrong
