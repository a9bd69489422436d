"""The demo tells the truth: it succeeds on a good archive and fails on a damaged one."""

import os
import re
import subprocess
import sys

from harness.process import ROOT
from harness.servers import nats3_program


def demo(folder, *options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    environment["NATS3_PROGRAM"] = str(nats3_program())
    command = [sys.executable, str(ROOT / "tools/demo/demo.py"), "--folder", str(folder), *options]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL,
        timeout=300,
    )
    return done.returncode, done.stdout, done.stderr


def test_demo_ends_well(tmp_path):
    status, out, err = demo(tmp_path, "--messages", "3000")
    assert status == 0, out + err
    assert re.search(
        r"^demo: 3,000 messages, 0 lost, 0 doubled, 0 different, 0 out of order", out, re.M
    ), out
    look = re.search(r"^  (zstd -dc '.*' \| head -n 3)$", out, re.M)
    lines = subprocess.run(["bash", "-c", look.group(1)], capture_output=True, check=True).stdout
    assert lines.count(b'"subject":"debian.') == 3


def test_demo_fails_and_names_a_damaged_chunk(tmp_path):
    status, out, err = demo(tmp_path, "--messages", "3000", "--break-chunk")
    assert status == 1, out + err
    key = re.search(r"^one bit flipped in (.*)$", out, re.M).group(1)
    first = re.search(r"^first difference: (.*)$", out, re.M).group(1)
    assert key in first
    assert re.search(r"^demo: 3,000 messages, [1-9][0-9,]* lost, 0 doubled", out, re.M), out
