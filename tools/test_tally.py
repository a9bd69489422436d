"""The tally counts what did not pass, and takes silence for a failure."""

import subprocess
import sys

import tally

HEAD = '<testsuite name="x">'
PASSED = '<testcase name="a" classname="x" status="run"/>'
FAILED = '<testcase name="b" classname="x" status="fail"><failure message=""/></testcase>'
SKIPPED = '<testcase name="c" classname="x" status="notrun"><skipped message=""/></testcase>'
DISABLED = '<testcase name="d" classname="x" status="disabled"/>'
ERROR = '<testcase name="e" classname="x"><error message="fixture"/></testcase>'


def report(tmp_path, *cases):
    path = tmp_path / "report.xml"
    path.write_text(HEAD + "".join(cases) + "</testsuite>")
    return path


def status(*paths):
    command = [sys.executable, tally.__file__, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()[-1]


def test_all_passed(tmp_path):
    path = report(tmp_path, PASSED, PASSED)
    assert status(path) == (0, "2 passed, 0 failed, 0 skipped")


def test_what_did_not_pass_is_counted_and_named(tmp_path):
    path = report(tmp_path, PASSED, FAILED, SKIPPED, DISABLED, ERROR)
    counts, notes = tally.tally(path)
    assert counts == {"passed": 1, "failed": 2, "skipped": 2}
    names = ["failed: x: b", "skipped: x: c", "skipped: x: d", "failed: x: e"]
    assert notes == names
    assert status(path)[0] == 1


def test_a_skipped_test_is_enough_to_fail(tmp_path):
    assert status(report(tmp_path, PASSED, SKIPPED)) == (1, "1 passed, 0 failed, 1 skipped")


def test_a_report_that_is_missing_or_empty_counts_as_a_failure(tmp_path):
    passed = report(tmp_path, PASSED)
    assert status(passed, tmp_path / "none.xml") == (1, "1 passed, 1 failed, 0 skipped")
    assert status(report(tmp_path)) == (1, "0 passed, 1 failed, 0 skipped")
