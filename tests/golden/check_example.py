#!/usr/bin/env python3
"""Checks that the worked example of docs/format.md shows the bytes of few.bin.zst.

check_example.py FORMAT_MD CHUNK
"""

import re
import subprocess
import sys

LINE = re.compile(r"([0-9a-f]{2,3})  ((?:[0-9a-f]{2} {1,2}|\.\.\. )+)")


def check(data, dump):
    """Follows `dump` through `data`: every line has to begin where the one before ended."""
    at = 0
    for line in dump.splitlines():
        shown = LINE.match(line + "  ")
        if shown is None:  # a line of dots: what follows may be anywhere
            at = None
            continue
        if at not in (None, int(shown[1], 16)):
            sys.exit(f"a gap before: {line}")
        at = int(shown[1], 16)
        begin, dots, end = shown[2].partition("...")
        begin, end = bytes.fromhex(begin), bytes.fromhex(end)
        if not data.startswith(begin, at):
            sys.exit(f"not so: {line}")
        if dots and end:
            at = data.index(end, at) + len(end)
        else:
            at = None if dots else at + len(begin)
    if at != len(data):
        sys.exit("the example stops before the end")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        dumps = re.findall(r"```\n(0+  .*?)```", file.read(), re.DOTALL)
    with open(sys.argv[2], "rb") as file:
        chunk = file.read()
    frame = chunk[0x04F:0x0D7]
    content = subprocess.run(["zstd", "-dc"], input=frame, capture_output=True, check=True).stdout
    if len(dumps) != 2:
        sys.exit(f"2 examples were there, and now {len(dumps)}")
    check(chunk, dumps[0])
    check(content, dumps[1])


if __name__ == "__main__":
    main()
