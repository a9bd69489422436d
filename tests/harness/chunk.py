"""Chunks that lie: an index changed and sealed again, so that every hash of it holds."""

import ctypes
import ctypes.util
import struct

TAIL_BYTES = 48
SUMMARY_TIME_MIN = 8 + 72  # in the footer frame, with its first 8 bytes: docs/format.md


def xxh3_64(data):
    library = ctypes.CDLL(ctypes.util.find_library("xxhash"))
    library.XXH3_64bits.restype = ctypes.c_uint64
    library.XXH3_64bits.argtypes = (ctypes.c_char_p, ctypes.c_size_t)
    return library.XXH3_64bits(data, len(data))


def footer_of(data):
    size, offset = struct.unpack("<IQ", data[-TAIL_BYTES + 20 : -TAIL_BYTES + 32])
    return data[offset : offset + size]


def reseal(data, old, new):
    """`data` with `new` in its footer wherever `old` is, which has the same length."""
    footer = footer_of(data)
    assert old in footer and len(old) == len(new)
    changed = footer.replace(old, new)
    begin = data[: -TAIL_BYTES - len(footer)]
    return begin + changed + data[-TAIL_BYTES:-8] + struct.pack("<Q", xxh3_64(changed))


def lie_about_time(data):
    """Summary and frames agree that the first message is a second older than it is."""
    old = footer_of(data)[SUMMARY_TIME_MIN : SUMMARY_TIME_MIN + 8]
    return reseal(data, old, struct.pack("<q", struct.unpack("<q", old)[0] - 10**9))


def lie_about_subjects(data):
    """A subject of workload.py becomes one that no message has; the order stays."""
    return reseal(data, b"work.text.8", b"work.text.9")
