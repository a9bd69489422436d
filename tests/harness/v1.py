"""Version-1 chunks as nats-s3-connector wrote them, made from docs/format-v1.md.

For buckets that look like an old one's; tests/golden/v1 has two real chunks, which test_v1.py makes
again byte for byte.
"""

import hashlib
import json
import re
import struct
from dataclasses import dataclass

from harness.jetstream import format_time, parse_time

CODECS = {"json": "Json", "bin": "Binary"}  # suffix of the key, name in a job


@dataclass(frozen=True)
class V1Message:
    subject: str
    payload: bytes
    headers: tuple | None  # (name, value) pairs; None: the message had no header block
    timestamp: str  # as it stands in the chunk
    length: int = 0  # what the connector counted: payload, headers and more


def archived_at(time_ns):
    """A time as the connector wrote it: 0, 3, 6 or 9 digits of a fraction."""
    seconds, fraction = format_time(time_ns)[:-1].split(".")
    digits = next(n for n in (0, 3, 6, 9) if not fraction[n:].strip("0"))
    return seconds + (f".{fraction[:digits]}" if digits else "") + "Z"


def chunk_bytes(messages, codec="json"):
    """The object of a chunk with these messages; `codec` is the suffix of its key."""
    block = _block(messages)
    digest = hashlib.sha256(_binary_block(block)).digest()
    if codec == "json":
        for message in block["messages"]:
            message["payload"] = list(message["payload"])
        chunk = {"block": block, "magic_number": "NATS3", "version": "1.0", "hash": list(digest)}
        return json.dumps(chunk, separators=(",", ":"), ensure_ascii=False).encode()
    return _binary_block(block) + _sized(b"NATS3") + _sized(b"1.0") + _sized(digest)


def chunk_name(messages, codec="json"):
    first = min(parse_time(message.timestamp) for message in messages)
    return f"{first // 1_000_000_000}-{len(messages)}.{codec}"


def put_v1_chunks(bucket, prefix, stream, subject, messages, per_chunk=1000, codec="json"):
    """Puts `messages` into `bucket` in chunks of `per_chunk`, as a store job of `subject` would.

    `prefix` may be empty. Returns the keys. As there, two chunks of one second and one count would
    have one key: that raises here.
    """
    keys = []
    for begin in range(0, len(messages), per_chunk):
        some = messages[begin : begin + per_chunk]
        parts = [prefix, stream, subject, chunk_name(some, codec)]
        key = "/".join(part for part in parts if part)
        assert key not in keys, f"two chunks would be {key}"
        bucket.put(key, chunk_bytes(some, codec))
        keys.append(key)
    return keys


def read_v1_json(data):
    """The messages of a chunk of codec json."""
    block = json.loads(data)["block"]
    return [
        V1Message(
            message["subject"],
            bytes(message["payload"]),
            _pairs(message["headers"]),
            message["timestamp"],
            message["length"],
        )
        for message in block["messages"]
    ]


def _pairs(headers):
    if headers is None:
        return None
    return tuple((name, value) for name, values in headers.items() for value in values)


def _block(messages):
    by_time = sorted((message.timestamp for message in messages), key=parse_time)
    return {
        "messages": [
            {
                "subject": message.subject,
                "payload": message.payload,
                "headers": _by_name(message.headers),
                "length": message.length,
                "timestamp": message.timestamp,
                "sequence": 0,
            }
            for message in messages
        ],
        "timestamp_min": by_time[0],
        "timestamp_max": by_time[-1],
        "bytes_total": sum(message.length for message in messages),
    }


def _by_name(headers):
    """Names in order of their bytes, each with its values in order."""
    if headers is None:
        return None
    names = sorted({name for name, _ in headers}, key=str.encode)
    return {name: [value for own, value in headers if own == name] for name in names}


def _u64(number):
    return struct.pack("<Q", number)


def _sized(data):
    return _u64(len(data)) + data


def _text(text):
    return _sized(text.encode())


def _binary_block(block):
    parts = [_u64(len(block["messages"]))]
    for message in block["messages"]:
        parts += [_text(message["subject"]), _sized(message["payload"])]
        parts.append(_binary_headers(message["headers"]))
        parts += [_u64(message["length"]), _text(message["timestamp"]), _u64(message["sequence"])]
    parts += [_text(block["timestamp_min"]), _text(block["timestamp_max"])]
    return b"".join(parts) + _u64(block["bytes_total"])


def _binary_headers(headers):
    if headers is None:
        return b"\0"
    parts = [b"\1", _u64(len(headers))]
    for name, values in headers.items():
        parts += [_text(name), _u64(len(values)), *(_text(value) for value in values)]
    return b"".join(parts)


def timestamps_of(data):
    """The RFC 3339 times in a chunk of either codec, in order; the last two are min and max."""
    return [text.decode() for text in re.findall(rb"\d{4}-\d\d-\d\dT[\d:.]+Z", data)]
