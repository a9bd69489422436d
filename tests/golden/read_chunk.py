#!/usr/bin/env python3
"""Reads a nats3 chunk and prints its messages, one JSON object a line.

Written from docs/format.md alone, with the standard library and the zstd command, to prove that the
specification is enough. It isn't fast, and of XXH3-64, which the standard library lacks, it has only
what short subjects need.
"""

import base64
import datetime
import hashlib
import json
import struct
import subprocess
import sys

TAIL_BYTES = 48


class Damaged(Exception):
    pass


def check(condition, why):
    if not condition:
        raise Damaged(why)


class Reader:
    """Takes numbers and bytes off a piece of memory."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, size):
        check(size <= len(self.data) - self.at, "cut off")
        self.at += size
        return self.data[self.at - size : self.at]

    def fixed(self, layout):
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))

    def varint(self):
        value = 0
        for shift in range(0, 64, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise Damaged("a varint is too long")

    def bytes(self):
        return self.take(self.varint())

    def ended(self):
        return self.at == len(self.data)


def skippable(data):
    """The payload of the skippable frame that `data` is."""
    magic, size = struct.unpack("<II", data[:8])
    check(magic == 0x184D2A53 and size == len(data) - 8, "not a skippable frame of nats3")
    return data[8:]


def read_header(payload):
    reader = Reader(payload)
    check(reader.take(8) == b"NATS3CHK", "not a header")
    version, encoding, reserved, previous = reader.fixed("HBBQ")
    check(version == 2 and encoding in (1, 2) and reserved == 0, "an unknown header")
    stream, epoch, chunk_filter = reader.bytes(), reader.bytes(), reader.bytes()
    reader.take(8)  # XXH3-64
    check(reader.ended(), "the header has more than it should")
    return encoding, previous, stream, epoch, chunk_filter


def read_footer(payload):
    reader = Reader(payload)
    check(reader.take(8) == b"NATS3IDX", "not a footer")
    digest = reader.take(32)
    first, last, count, content_bytes, time_min, time_max = reader.fixed("QQQQqq")
    (frame_count,) = reader.fixed("I")
    frames = [reader.fixed("QIIIQQqqQ") for _ in range(frame_count)]
    header = reader.bytes()
    (kind,) = reader.fixed("B")
    distinct = reader.varint()
    subjects = subject_filter = None
    if kind == 1:
        subjects = {}
        for _ in range(distinct):
            name = reader.bytes()
            subjects[name] = reader.varint()
    else:
        check(kind == 2, "an unknown kind of subjects")
        (probes,) = reader.fixed("B")
        subject_filter = SubjectFilter(distinct, probes, reader.bytes())
    check(reader.ended(), "the footer has more than it should")
    summary = (first, last, count, content_bytes, time_min, time_max)
    return digest, summary, frames, header, subjects, subject_filter


class SubjectFilter:
    """Many subjects, and perhaps which frame holds which."""

    MARK = b"\xff" * 32

    def __init__(self, distinct, probes, bits):
        check(distinct > 0 and 1 <= probes <= 16, "a filter that can't be")
        check(bits and len(bits) % 8 == 0 and len(bits) <= 65536, "a filter of another size")
        self.probes, self.bits = probes, bits
        plain = (distinct * 10 + 63) // 64 * 8
        self.tells_frames = len(bits) >= plain + len(self.MARK) and bits.endswith(self.MARK)

    def may_contain(self, subject, frame):
        entries = [subject]
        if self.tells_frames:
            entries.append(subject + struct.pack("<I", frame))
        return all(self.has(entry) for entry in entries)

    def has(self, entry):
        if not 9 <= len(entry) <= 16:
            return True  # its hash isn't known here
        value = xxh3_64(entry)
        low, step = value & 0xFFFFFFFF, value >> 32 | 1
        places = ((low + i * step) % (8 * len(self.bits)) for i in range(self.probes))
        return all(self.bits[place // 8] >> place % 8 & 1 for place in places)


def xxh3_64(data):
    """XXH3-64 with seed 0, of 9 to 16 bytes: XXH3_len_9to16_64b in xxhash.h."""
    mask = (1 << 64) - 1
    low = int.from_bytes(data[:8], "little") ^ 0x6782737BEA4239B9
    high = int.from_bytes(data[-8:], "little") ^ 0xAF56BC3B0996523A
    product = low * high
    swapped = int.from_bytes(low.to_bytes(8, "little"), "big")
    value = (len(data) + swapped + high + ((product & mask) ^ (product >> 64))) & mask
    value = (value ^ value >> 37) * 0x165667919E3779F9 & mask
    return value ^ value >> 32


def decompress(data):
    done = subprocess.run(["zstd", "-dc"], input=data, capture_output=True, check=False)
    check(done.returncode == 0, "zstd: " + done.stderr.decode())
    return done.stdout


def unzigzag(value):
    return (value >> 1) ^ -(value & 1)


def signed(value):
    """A 64-bit number as two's complement has it."""
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def read_binary(content):
    """The messages of a frame, or of several after each other."""
    reader = Reader(content)
    while not reader.ended():
        check(reader.take(4) == b"n3b2", "not binary records")
        count, sequence, time = reader.fixed("IQq")
        names = []

        def name():
            number = reader.varint()
            if number == 0:
                names.append(reader.bytes())
                return names[-1]
            check(number <= len(names), "a name that wasn't given")
            return names[number - 1]

        for _ in range(count):
            sequence += reader.varint()
            time = signed(time + unzigzag(reader.varint()))
            subject = name()
            headers = [(name(), reader.bytes()) for _ in range(reader.varint())]
            yield sequence, time, subject, headers, reader.bytes()


def read_json(content):
    for line in content.decode().splitlines():
        record = json.loads(line)

        def string(key):
            if key in record:
                return record[key].encode()
            return base64.b64decode(record[key + "_base64"], validate=True)

        headers = [
            (name.encode(), value.encode())
            for name, values in record.get("headers", {}).items()
            for value in values
        ]
        headers += [
            (base64.b64decode(name), base64.b64decode(value))
            for name, values in record.get("headers_base64", {}).items()
            for value in values
        ]
        yield record["seq"], parse_time(record["time"]), string("subject"), headers, string("data")


EPOCH = datetime.datetime(1970, 1, 1)


def parse_time(text):
    whole = datetime.datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S") - EPOCH
    return (whole.days * 86400 + whole.seconds) * 10**9 + int(text[20:29])


def format_time(nanoseconds):
    whole = EPOCH + datetime.timedelta(seconds=nanoseconds // 10**9)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{nanoseconds % 10**9:09d}Z"


def read_chunk(data):
    """Checks a chunk and gives its messages."""
    check(len(data) >= TAIL_BYTES, "too small")
    tail = Reader(skippable(data[-TAIL_BYTES:]))
    check(tail.take(8) == b"NATS3END", "not a chunk")
    version, footer_size, footer_offset, file_size, _ = tail.fixed("IIQQQ")
    check(version == 2, "an unknown version")
    check(file_size == len(data), "the size isn't the one it was written with")
    check(footer_offset + footer_size + TAIL_BYTES == file_size, "the tail contradicts itself")

    digest, summary, frames, header, subjects, subject_filter = read_footer(
        skippable(data[footer_offset : footer_offset + footer_size])
    )
    check(hashlib.sha256(data[:footer_offset]).digest() == digest, "the SHA-256 is another")
    check(skippable(data[: 8 + len(header)]) == header, "header and its copy differ")
    encoding, previous, *_ = read_header(header)

    messages = []
    offset = 8 + len(header)
    for number, frame in enumerate(frames):
        frame_offset, compressed, uncompressed, count, first, last, time_min, time_max, _ = frame
        check(frame_offset == offset, "a gap between frames")
        offset += compressed
        content = decompress(data[frame_offset:offset])
        check(len(content) == uncompressed, "a frame has another size")
        records = list(read_binary(content) if encoding == 1 else read_json(content))
        check(len(records) == count, "a frame has another count")
        check((records[0][0], records[-1][0]) == (first, last), "a frame has other sequences")
        times = [record[1] for record in records]
        check((min(times), max(times)) == (time_min, time_max), "a frame has other times")
        check(
            subject_filter is None
            or all(subject_filter.may_contain(record[2], number) for record in records),
            "a subject isn't in the filter",
        )
        messages += records
    check(offset == footer_offset, "a gap before the footer")

    sequences = [previous] + [message[0] for message in messages]
    check(all(a < b for a, b in zip(sequences, sequences[1:])), "sequences don't ascend")
    content_bytes = sum(
        len(subject) + len(payload) + sum(len(n) + len(v) for n, v in headers)
        for _, _, subject, headers, payload in messages
    )
    times = [message[1] for message in messages]
    check(
        summary
        == (sequences[1], sequences[-1], len(messages), content_bytes, min(times), max(times)),
        "the summary is of other messages",
    )
    if subjects is not None:
        counted = {}
        for message in messages:
            counted[message[2]] = counted.get(message[2], 0) + 1
        check(counted == subjects, "the subjects are others")

    # The frames are plain zstd: reading the file from its beginning gives the same records.
    stream = decompress(data)
    again = list(read_binary(stream) if encoding == 1 else read_json(stream))
    check(again == messages, "zstd -dc gives other records")
    return messages


def is_text(*strings):
    try:
        for string in strings:
            string.decode()
    except UnicodeDecodeError:
        return False
    return True


def as_json(message):
    sequence, time, subject, headers, payload = message
    record = {"seq": sequence, "time": format_time(time)}

    def put(key, value):
        if is_text(value):
            record[key] = value.decode()
        else:
            record[key + "_base64"] = base64.b64encode(value).decode()

    put("subject", subject)
    if headers:
        plain = is_text(*(string for field in headers for string in field))
        show = bytes.decode if plain else lambda string: base64.b64encode(string).decode()
        fields = record.setdefault("headers" if plain else "headers_base64", {})
        for name, value in headers:
            fields.setdefault(show(name), []).append(show(value))
    put("data", payload)
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: read_chunk.py FILE")
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    try:
        messages = read_chunk(data)
    except Damaged as damage:
        sys.exit(f"{sys.argv[1]}: {damage}")
    sys.stdout.reconfigure(encoding="utf-8")
    for message in messages:
        print(as_json(message))


if __name__ == "__main__":
    main()
