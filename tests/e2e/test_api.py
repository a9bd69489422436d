"""The interface that scripts, dashboards and the command line of nats-s3-connector know."""

import json
import pathlib
import re

import pytest
import yaml
from harness.rest import Cli, Rest
from harness.servers import nats3_program
from workload import add_target, load_spec, publish, store_spec, verify_spec

ROOT = pathlib.Path(__file__).parents[2]
BASES = ["/api/v1", ""]
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@pytest.fixture(params=BASES, ids=["base", "bare"])
def based(request, file_server):
    return Rest(file_server.url, request.param)


@pytest.fixture
def work(stream):
    stream.add_stream("WORK", ["work.>"])
    add_target(stream)
    publish(stream, "WORK", 100)


def test_ping_ready_metrics(based):
    for path, body in (("/ping", b"pong"), ("/ready", b"ready")):
        answer = based.call("GET", path)
        assert (answer.status, answer.body) == (200, body)
    assert based.call("GET", "/metrics").content_type == "text/plain"


def test_job_routes_answer_with_and_without_base(based, work, bucket_name):
    store = based.store.create(**store_spec(bucket_name))
    based.store.wait_messages(store["id"], 100)
    load = based.load.create(**load_spec(bucket_name))
    based.load.wait_status(load["id"], "Success")
    assert [job["id"] for job in based.store.list()] == [store["id"]]
    assert [job["id"] for job in based.load.list()] == [load["id"]]
    answer = based.call("DELETE", f"/store/job?job_id={store['id']}")
    assert (answer.status, answer.body) == (200, b"")
    assert based.store.list() == []


def test_store_job_as_the_interface_has_it(file_rest, work, bucket_name):
    spec = store_spec(bucket_name, prefix="/a/b", consumer="")
    del spec["encoding"]
    job = file_rest.store.create(**spec)
    assert UUID.fullmatch(job["id"])
    assert job["status"] == "Created"
    assert RFC_3339.fullmatch(job["created"]) and RFC_3339.fullmatch(job["updated"])
    assert job["prefix"] == "a/b"
    assert job["consumer"] is None
    assert job["batch"]["max_bytes"] == 16_000_000
    assert job["batch"]["max_count"] == 100_000
    assert job["encoding"] == {"codec": "Binary"}
    for key in ("name", "stream", "subject", "bucket"):
        assert job[key] == spec[key]


def test_load_job_as_the_interface_has_it(file_rest, work, bucket_name):
    store = file_rest.store.create(**store_spec(bucket_name))
    file_rest.store.wait_messages(store["id"], 100)
    spec = load_spec(bucket_name, poll_interval={"secs": 90, "nanos": 0})
    del spec["name"]
    job = file_rest.load.create(**spec)
    assert job["name"]
    assert job["status"] == "Created"
    assert job["poll_interval"] == {"secs": 90, "nanos": 0}
    assert job["delete_chunks"] is False
    for key in ("prefix", "read_consumer", "from_time", "to_time"):
        assert job[key] is None
    paused = file_rest.load.pause(job["id"])
    assert paused["status"] == "Paused"


@pytest.mark.parametrize("spelling, said", [("json", "Json"), ("JSON", "Json"), ("bin", "Binary")])
def test_codec_spellings(file_rest, work, bucket_name, spelling, said):
    job = file_rest.store.create(**store_spec(bucket_name, encoding={"codec": spelling}))
    assert job["encoding"] == {"codec": said}


def test_trailing_commas_are_accepted(file_rest, work, bucket_name):
    text = json.dumps(store_spec(bucket_name))[:-1] + ',\n}'
    assert file_rest.call("POST", "/store/job", text.encode()).status == 200


@pytest.mark.parametrize("body, content_type", [(None, None), (b"", None), (b"null", "application/json")])
def test_pause_and_resume_take_any_way_of_sending_nothing(
    file_rest, work, bucket_name, body, content_type
):
    job = file_rest.store.create(**store_spec(bucket_name))
    for verb, statuses in (("pause", ("Paused",)), ("resume", ("Created", "Running"))):
        path = f"/store/job/{verb}?job_id={job['id']}"
        answer = file_rest.call("POST", path, body, content_type)
        assert answer.status == 200, answer.body
        assert answer.json["status"] in statuses


def test_resuming_what_runs_is_a_conflict(file_rest, work, bucket_name):
    job = file_rest.store.create(**store_spec(bucket_name))
    file_rest.store.wait_status(job["id"], "Running")
    answer = file_rest.call("POST", f"/store/job/resume?job_id={job['id']}")
    assert answer.status == 409
    assert job["id"] in answer.error


def test_resuming_a_load_that_succeeded_changes_nothing(file_rest, stream, work, bucket_name):
    store = file_rest.store.create(**store_spec(bucket_name))
    file_rest.store.wait_messages(store["id"], 100)
    load = file_rest.load.create(**load_spec(bucket_name))
    file_rest.load.wait_status(load["id"], "Success")
    assert file_rest.load.resume(load["id"])["status"] == "Success"
    assert stream.state("REPLAY")["messages"] == 100


def test_metrics_of_the_interface(file_rest, work, bucket_name):
    store = file_rest.store.create(**store_spec(bucket_name))
    file_rest.store.wait_messages(store["id"], 100)
    load = file_rest.load.create(**load_spec(bucket_name))
    file_rest.load.wait_status(load["id"], "Success")
    metrics = file_rest.metrics()
    expected = {
        'nats3_jobs_total{job_type="load",status="completed"}': 1,
        'nats3_jobs_total{job_type="load",status="failed"}': 0,
        'nats3_jobs_total{job_type="store",status="completed"}': 0,
        'nats3_jobs_total{job_type="store",status="failed"}': 0,
        'nats3_nats_messages_total{direction="out"}': 100,
        'nats3_nats_messages_total{direction="in"}': 100,
        'nats3_s3_objects_total{direction="in"}': 1,
        'nats3_s3_objects_total{direction="out"}': 1,
    }
    for name, value in expected.items():
        assert metrics[name] == value, name
        # The name that nats-s3-connector shows on the wire.
        assert metrics[name.replace("_total{", "_total_total{")] == value, name
    for family in ("nats3_nats_bytes_total", "nats3_s3_bytes_total"):
        for direction in ("in", "out"):
            assert metrics[f'{family}{{direction="{direction}"}}'] > 0
    assert metrics['nats3_jobs_current{job_type="store"}'] == 1
    assert metrics['nats3_jobs_current{job_type="load"}'] == 0
    file_rest.store.pause(store["id"])
    assert file_rest.metrics()['nats3_jobs_current{job_type="store"}'] == 0


def labels_of(metrics, name):
    """The labels of a metric, which must be there."""
    samples = [sample for sample in metrics if re.fullmatch(rf"{name}(\{{.*\}})?", sample)]
    assert samples, name
    return set(re.findall(r'(\w+)="', samples[0]))


def test_the_alerts_are_about_metrics_that_exist(file_rest, work, bucket_name):
    store = file_rest.store.create(**store_spec(bucket_name))
    file_rest.store.wait_messages(store["id"], 100)
    verify = file_rest.verify.create(**verify_spec(bucket_name))
    file_rest.verify.wait_ended(verify["id"])
    metrics = file_rest.metrics()
    groups = yaml.safe_load((ROOT / "examples/alerts.yaml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) > 5
    for rule in rules:
        named = set(re.findall(r"nats3_\w+", rule["expr"]))
        grouped = {
            label for names in re.findall(r"by \((.*?)\)", rule["expr"]) for label in names.split(", ")
        }
        told = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        assert named and told <= (grouped or {"instance"}), rule
        assert all(grouped <= labels_of(metrics, name) for name in named), rule


def test_command_line_from_making_a_job_to_removing_it(file_server, file_rest, work, tmp_path, bucket_name):
    cli = Cli(nats3_program(), tmp_path / "home", file_server.url)
    words = ["--name", "from-cli", "--stream", "WORK", "--subject", "work.>", "--bucket", bucket_name]
    more = ["--prefix", "p", "--batch-max-count", "10", "--batch-max-bytes", "5000", "--codec", "json"]
    job = cli.json("store", "create", *words, *more)
    assert job["batch"]["max_count"] == 10 and job["batch"]["max_bytes"] == 5000
    assert job["encoding"] == {"codec": "Json"} and job["prefix"] == "p"
    file_rest.store.wait_messages(job["id"], 100)
    assert cli.json("store", "pause", "--job-id", job["id"])["status"] == "Paused"
    assert cli.json("store", "resume", "--job-id", job["id"])["status"] in ("Created", "Running")
    table = cli.run("store", "list")
    assert table.returncode == 0 and "from-cli" in table.stdout and job["id"] in table.stdout
    words = ["--bucket", bucket_name, "--prefix", "p", "--read-stream", "WORK"]
    words += ["--read-subject", "work.*.*", "--write-subject", "replay.{{wildcard(1)}}.x"]
    load = cli.json("load", "create", *words)
    file_rest.load.wait_status(load["id"], "Success")
    assert [job["id"] for job in cli.json("load", "list")] == [load["id"]]
    for kind, job_id in (("store", job["id"]), ("load", load["id"])):
        assert cli.run(kind, "delete", "--job-id", job_id).returncode == 0
        assert cli.json(kind, "list") == []


def test_command_line_takes_a_spec_as_json(file_server, file_rest, work, tmp_path, bucket_name):
    cli = Cli(nats3_program(), tmp_path / "home", file_server.url)
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(store_spec(bucket_name)))
    assert cli.run("store", "create", "--from-json", path).returncode == 0
    (job,) = file_rest.store.list()
    file_rest.store.wait_messages(job["id"], 100)
    text = json.dumps(load_spec(bucket_name))
    assert cli.run("load", "create", "--from-json", "-", text_in=text).returncode == 0
    (load,) = file_rest.load.list()
    file_rest.load.wait_status(load["id"], "Success")
