"""Adds up JUnit reports, of ctest and pytest.

    tally.py REPORT...

Prints the tests that failed or were skipped, then "N passed, N failed, N skipped". Status 1 when a
test failed or was skipped (a skipped test shows nothing), or when a report is missing or empty.
"""

import pathlib
import sys
import xml.etree.ElementTree as xml


def outcome(case):
    """'passed', 'failed' or 'skipped' of a <testcase>."""
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    # ctest has a status as well: "run", "fail", "notrun", "disabled".
    if case.find("skipped") is not None or case.get("status", "run") in ("notrun", "disabled"):
        return "skipped"
    return "failed" if case.get("status") == "fail" else "passed"


def tally(path):
    """Counts by outcome, and the names of what did not pass."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    notes = []
    cases = list(xml.parse(path).iter("testcase")) if pathlib.Path(path).exists() else []
    if not cases:
        return {**counts, "failed": 1}, [f"failed: {path}: no test has run"]
    for case in cases:
        result = outcome(case)
        counts[result] += 1
        if result != "passed":
            name = case.get("name").split("  # GetParam()")[0]
            notes.append(f"{result}: {case.get('classname').split('  # ')[0]}: {name}")
    return counts, notes


def main():
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for path in sys.argv[1:]:
        counts, notes = tally(path)
        for note in notes:
            print(note)
        for kind, count in counts.items():
            total[kind] += count
    print(", ".join(f"{count} {kind}" for kind, count in total.items()))
    return 0 if total["passed"] and not total["failed"] and not total["skipped"] else 1


if __name__ == "__main__":
    sys.exit(main())
