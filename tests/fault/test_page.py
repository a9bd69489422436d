"""docs/reliability.md names tests that exist, and every kind of fault has one that begins it."""

import re

import pytest
from fault import faults
from fault.schedule import kinds_for
from harness.process import ROOT

_MACRO = re.compile(r"^(?:TYPED_)?(?:TEST|RC_GTEST_PROP)(?:_[FP])?\((\w+),\s*(\w+)", re.MULTILINE)


def known_tests():
    known = set()
    for path in [*ROOT.glob("tests/**/test_*.py")]:
        known |= set(re.findall(r"^def (test_\w+)\(", path.read_text(), re.MULTILINE))
    for path in [*ROOT.glob("src/**/*_test.cc"), *ROOT.glob("tests/**/*.cc")]:
        known |= {".".join(case) for case in _MACRO.findall(path.read_text())}
    return known


def test_the_page_names_only_tests_that_exist():
    page = (ROOT / "docs/reliability.md").read_text()
    named = set(re.findall(r"`(test_\w+|[A-Z]\w*\.[A-Z]\w*)`", page))
    assert len(named) > 80
    assert named <= known_tests(), sorted(named - known_tests())


@pytest.mark.parametrize("store", ["file", "s3"])
def test_every_kind_of_fault_can_be_begun(store):
    for kind in kinds_for(store):
        begin = "_begin_" + kind.name.replace("-", "_")
        assert kind.name in faults._TOXICS or hasattr(faults.Injector, begin), kind.name
