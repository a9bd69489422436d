"""./x bench runs to its end and says something sane. Nothing is timed: the numbers are tiny."""

import json
import os
import subprocess
import xml.etree.ElementTree

import pytest
from harness.process import ROOT


def run_bench(folder, *options):
    """The output of bench/run.py on the programs beside the nats3 that is tested."""
    program = os.environ.get("NATS3_PROGRAM", str(ROOT / "build/dev/nats3"))
    done = subprocess.run(
        ["/usr/bin/python3", ROOT / "bench/run.py", "--quick", "--out", folder, *options],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "NATS3_BENCH_BUILD": os.path.dirname(program)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("workload", ["1k-headers", "1k-subjects"])
def test_rounds_end_with_figures_and_charts(tmp_path, workload):
    output = run_bench(tmp_path, "--store", "file", "--workload", workload)
    assert output.splitlines()[-1].startswith("bench: store ")
    (result,) = json.loads((tmp_path / "results.json").read_text())["results"]
    assert result["workload"] == workload and result["to"] == "file"
    assert len(result["rounds"]) == 1
    for name in ("pull_floor", "store", "publish_floor", "load", "peak_megabytes"):
        assert result[name] > 0, name
    assert set(result["store_cpu"]) == {"nats-server", "nats3"}
    assert 0 < result["stored_bytes_per_message"] < result["payload_bytes"]
    for name in ("store", "load"):
        picture = xml.etree.ElementTree.parse(tmp_path / f"{name}.svg")
        assert workload in picture.getroot().itertext()


def test_loads_without_message_ids_are_measured_too(tmp_path):
    output = run_bench(tmp_path, "--store", "file", "--workload", "1k", "--without-ids")
    assert "load without message ids" in output
    (result,) = json.loads((tmp_path / "results.json").read_text())["results"]
    assert result["load_without_ids"] > 0 and result["load_without_ids_ratio"] > 0


def test_many_jobs_are_counted(tmp_path):
    run_bench(tmp_path, "--jobs")
    jobs = json.loads((tmp_path / "jobs.json").read_text())["jobs"]
    assert jobs["idle"]["jobs"] == 10 and jobs["idle"]["threads"] > 0
    assert len(jobs["active"]["archived"]) == jobs["active"]["jobs"] == 5


def test_an_outage_of_s3_is_measured(tmp_path):
    run_bench(tmp_path, "--outage")
    outages = json.loads((tmp_path / "outage.json").read_text())["outage"]
    assert [each["workload"] for each in outages] == ["1k", "1m"]
    assert all(each["running"] and each["megabytes"] for each in outages)


def test_reading_of_large_archives_is_counted(tmp_path):
    run_bench(tmp_path, "--archive")
    archive = json.loads((tmp_path / "archive.json").read_text())["archive"]
    assert archive["plan_requests"] > 0
    assert 0 < archive["window_share"] < 1
    assert 0 < archive["subject_share"]
