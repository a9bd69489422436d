"""What clients of nats-s3-connector send, and whether their JSON parser would take an answer.

`tests/fixtures/connector/requests.json` holds both, recorded from its own command line and its own
end-to-end tool: the requests byte by byte, and the types that they deserialize answers into. The
check is that parser's (serde with chrono): keys that it doesn't know are fine, a missing or
mistyped one fails the whole answer, and with it the command.
"""

import http.client
import json
import pathlib
import re
import urllib.parse
from datetime import datetime

from harness.process import ROOT
from harness.rest import Answer, Rest

FACTS = json.loads(pathlib.Path(ROOT, "tests/fixtures/connector/requests.json").read_text())

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_WHOLE = {"i64": (-(2**63), 2**63 - 1), "u64": (0, 2**64 - 1), "u32": (0, 2**32 - 1)}


class Mistyped(AssertionError):
    """An answer that the old client can't read."""


def check_type(value, name, at="answer"):
    """Raises Mistyped when `value` doesn't deserialize as the type called `name`.

    Of a name: `T?` may be null or missing, `[T]` is a list; else one of the types of the facts or
    a plain one: string, boolean, time, i64, u64, u32.
    """
    if name.endswith("?"):
        if value is not None:
            check_type(value, name[:-1], at)
    elif name.startswith("["):
        _check(isinstance(value, list), value, "a list", at)
        for index, item in enumerate(value):
            check_type(item, name[1:-1], f"{at}[{index}]")
    elif name in FACTS["enums"]:
        _check(value in FACTS["enums"][name], value, f"one of {FACTS['enums'][name]}", at)
    elif name in FACTS["types"]:
        _check(isinstance(value, dict), value, "an object", at)
        for key, wanted in FACTS["types"][name].items():
            _check(key in value or wanted.endswith("?"), value, f"an object with {key}", at)
            check_type(value.get(key), wanted, f"{at}.{key}")
    else:
        _check_plain(value, name, at)


def _check_plain(value, name, at):
    if name in _WHOLE:
        low, high = _WHOLE[name]
        whole = isinstance(value, int) and not isinstance(value, bool)
        _check(whole and low <= value <= high, value, f"a whole number that fits {name}", at)
    elif name == "time":
        match = _TIME.fullmatch(value) if isinstance(value, str) else None
        _check(match, value, "an RFC 3339 time", at)
        datetime.fromisoformat(match[1])
    else:
        _check(isinstance(value, {"string": str, "boolean": bool}[name]), value, f"a {name}", at)


def _check(holds, value, wanted, at):
    if not holds:
        raise Mistyped(f"{at}: {json.dumps(value)[:200]} is not {wanted}")


def send(url, recorded, values):
    """Sends a recorded request as it was, with `values` in place of its $names."""
    fill = lambda text: re.sub(r"\$[A-Z_]+", lambda name: values[name[0][1:]], text)  # noqa: E731
    host = urllib.parse.urlsplit(url).netloc
    body = fill(recorded["body"]).encode() if recorded["body"] is not None else None
    connection = http.client.HTTPConnection(host, timeout=60)
    try:
        target = fill(recorded["target"])
        connection.putrequest(recorded["method"], target, skip_accept_encoding=True)
        for name, value in recorded["headers"].items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("content-length", str(len(body)))
        connection.endheaders(body)
        got = connection.getresponse()
        answer = Answer(got.status, got.read(), got.headers)
        Rest.observe(recorded["method"], target, got.status, got.headers, answer.body, body)
        return answer
    finally:
        connection.close()
