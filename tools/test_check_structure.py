"""The structure check finds what it is there for."""

import subprocess

import check_structure
import pytest


@pytest.fixture
def tree(tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    write("src/base/error.h", "#pragma once\n")
    write("src/base/CMakeLists.txt", "nats3_library(base SOURCES error.cc)\n")
    write("src/jobs/job.h", '#pragma once\n#include "base/error.h"\n')
    write("src/jobs/CMakeLists.txt", "nats3_library(jobs\n  SOURCES job.cc\n  DEPS nats3_base)\n")
    write("src/main.cc", '#include "jobs/job.h"\n')
    write.root = tmp_path
    return write


def findings(tree):
    return check_structure.check(tree.root)[0]


def test_accepts_arrows_the_right_way(tree):
    assert findings(tree) == []


def test_finds_an_include_against_the_arrows(tree):
    tree("src/base/clock.cc", '#include "base/error.h"\n#include "jobs/job.h"\n')
    assert findings(tree) == ["src/base/clock.cc:2: base must not include jobs/job.h"]


def test_finds_siblings_that_include_each_other(tree):
    tree("src/object/store.h", '#include "nats/broker.h"\n')
    assert findings(tree) == ["src/object/store.h:1: object must not include nats/broker.h"]


def test_finds_an_include_against_the_arrows_between_folders_of_a_room(tree):
    tree("src/jobs/load/run.cc", '#include "jobs/job.h"\n#include "jobs/store/run.h"\n')
    tree("src/jobs/load/run_test.cc", '#include "jobs/store/run.h"\n')
    tree("src/jobs/verify/run.cc", '#include "jobs/store/run.h"\n')
    tree("src/jobs/own.cc", '#include "jobs/manager/run.h"\n')
    assert findings(tree) == [
        "src/jobs/load/run.cc:2: jobs/load must not include jobs/store/run.h",
        "src/jobs/own.cc:1: jobs must not include jobs/manager/run.h",
    ]


def test_finds_a_library_outside_of_its_folder(tree):
    tree("src/nats/libnats/dial.cc", "#include <nats/nats.h>\n#include <string>\n")
    tree("src/nats/link.cc", "#include <string>\n#include <nats/nats.h>\n")
    assert findings(tree) == ["src/nats/link.cc:2: <nats/nats.h> belongs elsewhere: see LIBRARIES"]


def test_finds_an_include_by_a_relative_path(tree):
    tree("src/jobs/other.cc", '#include "job.h"\n#include "../base/error.h"\n')
    assert len(findings(tree)) == 2


def test_finds_a_room_it_does_not_know(tree):
    tree("src/attic/old.h", "#pragma once\n")
    assert "src/attic/old.h:1: not in a known room" in findings(tree)[0]


def test_finds_headers_that_include_each_other_in_a_circle(tree):
    tree("src/jobs/a.h", '#include "jobs/b.h"\n')
    tree("src/jobs/b.h", '#include "jobs/a.h"\n')
    assert findings(tree) == [
        "src/jobs/a.h:1: includes go in a circle: jobs/a.h -> jobs/b.h -> jobs/a.h"
    ]


def test_finds_a_cmake_dependency_against_the_arrows(tree):
    tree("src/base/CMakeLists.txt", "nats3_library(base SOURCES error.cc DEPS nats3_jobs)\n")
    assert findings(tree) == ["src/base/CMakeLists.txt:1: base of base must not need nats3_jobs"]


def test_finds_a_mention_of_a_folder_beside_the_repository(tree):
    tree("docs/notes.md", "fine\nsee ../shared" + "/notes.md\n")
    assert findings(tree) == ["docs/notes.md:2: mentions a folder outside the repository"]
