"""Debian's package index as messages: some 60,000 real records, on every Debian machine."""

import re
import subprocess

_UNFIT = re.compile(r"[^A-Za-z0-9_+-]")


def messages(limit=None):
    """(subject, payload, headers) of each package: debian.<section>.<package>, its record, and what
    one would look for."""
    listing = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, check=True).stdout
    records = [record.strip(b"\n") for record in listing.split(b"\n\n") if record.strip()]
    return [_message(record) for record in records[:limit]]


def _message(record):
    fields = {}
    for line in record.split(b"\n"):
        name, colon, value = line.partition(b": ")
        if colon and not line.startswith(b" "):
            fields.setdefault(name, value.decode())
    package = fields[b"Package"]
    subject = f"debian.{_token(fields.get(b'Section', 'none'))}.{_token(package)}"
    headers = (
        ("name", package),
        ("version", fields.get(b"Version", "")),
        ("architecture", fields.get(b"Architecture", "")),
    )
    return subject, record, headers


def _token(text):
    """Subjects are split at dots, and slashes read badly in them."""
    return _UNFIT.sub("_", text)
