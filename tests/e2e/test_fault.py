"""Short fault campaigns with fixed seeds; ./x fault runs any other (tests/fault/README.md)."""

import os
import pathlib
import subprocess
import sys

import pytest

TESTS = pathlib.Path(__file__).parents[1]
ALL_WELL = " 0 lost, 0 doubled, 0 different, 0 out of order, 0 extra, 0 problems"


def run_campaign(folder, *options):
    """In a process of its own, which may mount file systems that nobody else sees."""
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "TMPDIR": str(folder)}
    command = [sys.executable, "-m", "fault", *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=3600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith(ALL_WELL), done.stdout


@pytest.mark.parametrize("store, seed, servers", [("file", 4, 1), ("s3", 3, 3)])
def test_faults_lose_and_double_nothing(request, tmp_path, long, store, seed, servers):
    if store == "s3":
        request.getfixturevalue("ceph")  # where the campaign looks for it: see conftest.py
    minutes = 5 if long else 0.3
    options = ["--seed", seed, "--store", store, "--servers", servers, "--minutes", minutes]
    # A quarter of the usual rate: other tests run on the same machine.
    run_campaign(tmp_path, *options, "--rate", 250)
