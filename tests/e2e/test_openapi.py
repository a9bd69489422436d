"""Every answer that docs/openapi.json describes is seen from a real server. That it is as described
is checked by conftest's observer, here as in every other test."""

import base64
import urllib.error
import urllib.request

import pytest
from harness import openapi
from harness.bucket import S3Account
from harness.process import ROOT, free_port
from harness.rest import Cli, Rest
from harness.servers import nats3_program
from harness.wait import wait_for
from workload import add_target, load_spec, publish, store_spec, verify_spec

MISSING = "8b0c7b7e-5f5e-4a32-9d3e-1f4f0c0de000"
SPECS = {"store": store_spec, "load": load_spec, "verify": verify_spec}

# What each of these does to any request.
REFUSED_HEADERS = {
    400: {"Content-Length": "x"},
    411: {"Transfer-Encoding": "chunked"},
    413: {"Content-Length": "10000000"},
    415: {"Content-Encoding": "gzip"},
    416: {"Range": "bytes=0-0,2-2"},
}

# 408 takes 10 s, 505 is for HTTP/1.0: both are in src/api/http_server_test.cc. What no client can bring about is in
# src/api/api_test.cc: 500, an error of the server; 409 when another server has taken a job over, or a
# store job has failed; 403 of a bucket is in src/api/archive_routes_test.cc.
ELSEWHERE = {
    (method, path, status)
    for method, path, operation in openapi.operations()
    for status in operation["responses"]
    if status in ("408", "500")
    or (status == "409" and (method == "DELETE" or path == "/store/job/pause"))
    or (status == "403" and path.startswith("/archive/") and method == "GET")
    or status == "505"
}


@pytest.fixture
def seen(monkeypatch):
    """Method, path and status of each answer that was checked."""
    answers = set()

    def observe(method, address, status, *told):
        openapi.check(method, address, status, *told)
        answers.add((method, address.split("?")[0].removeprefix(openapi.BASE), str(status)))

    monkeypatch.setattr(Rest, "observe", staticmethod(observe))
    return answers


def described():
    return {
        (method, path, status)
        for method, path, operation in openapi.operations()
        for status in operation["responses"]
    }


def call_job_routes(rest, kind, job_id, spec, **options):
    """Each route of the kind; one job id for all."""
    for method, path in (
        ("GET", f"job?job_id={job_id}"),
        ("POST", f"job/resume?job_id={job_id}"),
        ("POST", f"job/pause?job_id={job_id}"),
        ("DELETE", f"job?job_id={job_id}"),
        ("GET", "jobs"),
    ):
        rest.call(method, f"/{kind}/{path}", **options)
    rest.call("POST", f"/{kind}/job", spec, **options)


def call_archive_routes(rest, bucket_name, status):
    for path in ("streams?", "stream?stream=WORK&", "messages?stream=WORK&"):
        answer = rest.call("GET", f"/archive/{path}bucket={bucket_name}")
        assert answer.status == status, answer.body
    assert prune(rest, bucket_name).status == status


def prune(rest, bucket_name, **options):
    place = f"bucket={bucket_name}&stream=WORK&before=2020-01-01T00:00:00Z"
    return rest.call("DELETE", f"/archive/stream?{place}", **options)


def call_all(rest, **options):
    """Each operation, with what it needs."""
    for method, path, operation in openapi.operations():
        query = f"?job_id={MISSING}" if "parameters" in operation else ""
        body = {} if operation.get("requestBody", {}).get("required") else None
        rest.call(method, path + query, body, **options)


def live_and_end(rest, kind, bucket_name):
    """A job is made, lives and goes, with the conflicts on the way."""
    jobs = getattr(rest, kind)
    # So that it doesn't end by itself.
    more = {"load": {"poll_interval": "1h"}, "verify": {"rate": 1}}.get(kind, {})
    job = jobs.create(**SPECS[kind](bucket_name, paused=True, **more))
    assert job["status"] == "Paused"
    assert jobs.get(job["id"])["status"] == "Paused"
    jobs.resume(job["id"])
    assert rest.call("POST", f"/{kind}/job/resume?job_id={job['id']}").status == 409
    if kind == "verify":
        jobs.wait(job["id"], lambda job: job["progress"]["bytes"] > 0, 60, "first object")
    else:
        jobs.wait_messages(job["id"], 10)
    assert [listed["id"] for listed in jobs.list()] == [job["id"]]
    if kind == "store":
        assert rest.call("POST", "/store/job", store_spec(bucket_name)).status == 409
    jobs.pause(job["id"])
    jobs.remove(job["id"])


def end_and_pause(rest, bucket_name):
    """A job that has ended can't be paused."""
    for kind in ("load", "verify"):
        jobs = getattr(rest, kind)
        job = jobs.create(**SPECS[kind](bucket_name))
        jobs.wait_status(job["id"], "Success")
        assert rest.call("POST", f"/{kind}/job/pause?job_id={job['id']}").status == 409


def test_every_answer_is_seen_but_for_a_few(nats, stream, servers, file_root, bucket_name, seen):
    stream.add_stream("WORK", ["work.>"])
    add_target(stream)
    publish(stream, "WORK", 10)
    rest = Rest(servers(nats.url, file_root).start().url)
    for path in ("/ping", "/ready", "/metrics", "/servers", "/openapi.json"):
        assert rest.call("GET", path).status == 200
    for kind, spec in SPECS.items():
        live_and_end(rest, kind, bucket_name)
        call_job_routes(rest, kind, MISSING, {})  # 404
        call_job_routes(rest, kind, "nonsense", {})  # 400
        cross_site = {"Sec-Fetch-Site": "cross-site"}
        call_job_routes(rest, kind, MISSING, spec(bucket_name), headers=cross_site)  # 403
        assert prune(rest, bucket_name, headers=cross_site).status == 403
        assert getattr(rest, kind).list() == []
    end_and_pause(rest, bucket_name)
    call_archive_routes(rest, bucket_name, 200)
    call_archive_routes(rest, "no-such-bucket", 404)
    for status, headers in REFUSED_HEADERS.items():
        call_all(rest, headers=headers)
        assert {(method, path, str(status)) for method, path, _ in openapi.operations()} <= seen
    for method, path, _ in openapi.operations():
        assert rest.call(method, f"{path}?job_id={'x' * 9000}").status == 414
    guarded = Rest(with_login(servers(nats.url, file_root)).start().url)
    call_all(guarded)  # 401
    no_s3 = S3Account(f"http://127.0.0.1:{free_port()}", "access", "secret")
    away = servers(f"nats://127.0.0.1:{free_port()}", no_s3)
    away.spawn()
    rest = Rest(away.url)
    wait_for(lambda: answers(rest), 30, "the server without NATS", away.process.log_tail)
    for kind, spec in SPECS.items():
        call_job_routes(rest, kind, MISSING, spec(bucket_name))  # 503
    call_archive_routes(rest, bucket_name, 503)
    for path in ("/ready", "/servers"):
        assert rest.call("GET", path).status == 503
    assert described() - seen == ELSEWHERE


def with_login(server):
    """The same server, asking for a name and a password."""
    plain = server.config()
    server.config = lambda: plain.replace("[server]", '[server]\nuser = "me"\npassword = "p:w d"')
    return server


def test_a_server_with_a_login(nats, stream, servers, file_root, bucket_name, tmp_path):
    server = with_login(servers(nats.url, file_root)).start()
    rest = Rest(server.url)
    for path in ("/ping", "/ready"):
        assert rest.call("GET", path).status == 200
    wrong = {"Authorization": "Basic " + base64.b64encode(b"me:p:w").decode()}
    right = {"Authorization": "Basic " + base64.b64encode(b"me:p:w d").decode()}
    for headers in (None, wrong):
        answer = rest.call("GET", "/store/jobs", headers=headers)
        assert (answer.status, answer.headers["WWW-Authenticate"][:5]) == (401, "Basic")
        assert urllib_status(f"{server.url}/", headers) == 401  # the page
    assert rest.call("GET", "/store/jobs", headers=right).json == []
    assert urllib_status(f"{server.url}/", right) == 200

    refused = Cli(nats3_program(), tmp_path, server.url).run("store", "list")
    assert refused.returncode == 1 and "user:password" in refused.stderr
    login = server.url.replace("http://", "http://me:p%3Aw%20d@")
    listed = Cli(nats3_program(), tmp_path, login).run("store", "list")
    assert listed.returncode == 0, listed.stderr
    assert "p:w d" not in server.process.log()


def urllib_status(url, headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {})) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def answers(rest):
    try:
        return rest.call("GET", "/ping").status == 200
    except OSError:
        return False


def test_what_is_for_no_operation(file_rest):
    """HEAD, OPTIONS and wrong methods of every path; the observer knows what they answer."""
    for path, item in openapi.document()["paths"].items():
        allowed = {method.upper() for method in item} | {"OPTIONS"}
        allowed |= {"HEAD"} if "GET" in allowed else set()
        assert file_rest.call("HEAD", path).status in ((200, 400) if "get" in item else (405,))
        for method, status in (("OPTIONS", 204), ("PUT", 405), ("PATCH", 405)):
            answer = file_rest.call(method, path)
            assert answer.status == status
            assert set(answer.headers["Allow"].split(", ")) == allowed
    assert file_rest.call("GET", "/nothing").status == 404


@pytest.mark.parametrize("base", [openapi.BASE, ""])
def test_the_document_is_served_as_the_file_is(file_server, base):
    answer = Rest(file_server.url, base).call("GET", "/openapi.json")
    assert answer.body == (ROOT / "docs/openapi.json").read_bytes()
    assert answer.content_type == "application/json"
