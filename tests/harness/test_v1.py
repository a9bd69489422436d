"""The maker of version-1 chunks makes the real ones again, byte for byte."""

import base64
import json
import pathlib

import pytest

from harness.jetstream import parse_time
from harness.v1 import V1Message, archived_at, chunk_bytes, chunk_name, read_v1_json, timestamps_of

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "v1"
LENGTHS = [99, 52, 348, 98, 72, 5074]  # as the connector counted them
CODECS = {"fx-json.json": "json", "fx-binary.bin": "bin"}


def published(timestamps):
    entries = json.loads((GOLDEN / "published.json").read_text())
    return [
        V1Message(
            entry["subject"],
            base64.b64decode(entry["payload_b64"]),
            None if entry["headers"] is None else tuple(entry["headers"].items()),
            timestamp,
            length,
        )
        for entry, timestamp, length in zip(entries, timestamps, LENGTHS, strict=False)
    ]


@pytest.mark.parametrize("file", CODECS)
def test_the_real_chunks_come_out_byte_for_byte(file):
    data = (GOLDEN / file).read_bytes()
    messages = published(timestamps_of(data))
    assert len(messages) == len(LENGTHS)
    assert chunk_bytes(messages, CODECS[file]) == data
    assert f"/{chunk_name(messages, CODECS[file])}\n" in (GOLDEN / "keys.txt").read_text()


def test_json_is_read_back():
    data = (GOLDEN / "fx-json.json").read_bytes()
    assert chunk_bytes(read_v1_json(data)) == data


@pytest.mark.parametrize(
    "time_ns, text",
    [
        (0, "1970-01-01T00:00:00Z"),
        (10**9 + 500_000_000, "1970-01-01T00:00:01.500Z"),
        (120_000, "1970-01-01T00:00:00.000120Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
    ],
)
def test_times_have_as_many_digits_as_they_need(time_ns, text):
    assert archived_at(time_ns) == text
    assert parse_time(text) == time_ns
