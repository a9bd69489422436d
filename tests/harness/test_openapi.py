"""docs/openapi.json as a document of its kind, and the check that every test's answers go through."""

import copy
import email.message
import json
import re

import jsonschema
import pytest
from harness import openapi
from harness.process import ROOT

STORE_JOB = {
    "name": "orders",
    "bucket": "archive",
    "prefix": None,
    "stream": "orders",
    "consumer": None,
    "adopt_consumer": None,
    "subject": "orders.>",
    "batch": {"max_bytes": 1, "max_count": 1, "max_wait": {"secs": 5, "nanos": 0}},
    "encoding": {"codec": "Binary"},
    "id": "8b0c7b7e-5f5e-4a32-9d3e-1f4f0c0de000",
    "status": "Running",
    "created": "2026-11-24T08:30:00.000000000Z",
    "updated": "2026-11-24T08:30:00.000000000Z",
    "last_error": None,
    "last_error_since": None,
    "server": None,
    "progress": {
        "messages": 0,
        "bytes": 0,
        "stored_bytes": 0,
        "chunks": 0,
        "last_sequence": 0,
        "lag": 0,
        "oldest_unarchived": None,
        "unseen": 0,
        "rate": 0.5,
    },
}


def nodes(node, path="#"):
    yield path, node
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        yield from nodes(value, f"{path}/{key}")


def schemas():
    """Every schema of the document that stands by itself, with its place."""
    for name, schema in openapi.document()["components"]["schemas"].items():
        yield name, schema
    for path, node in nodes(openapi.document()):
        if isinstance(node, dict) and isinstance(node.get("schema"), dict):
            yield path, node["schema"]


def test_head_of_the_document():
    document = openapi.document()
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    assert document["info"]["title"] and document["info"]["version"]
    assert document["servers"][0]["url"] == openapi.BASE
    assert set(document) <= {"openapi", "info", "servers", "tags", "paths", "components", "security"}


def test_every_reference_leads_somewhere_and_every_component_is_used():
    document = openapi.document()
    used = {node["$ref"] for _, node in nodes(document) if isinstance(node, dict) and "$ref" in node}
    for reference in used:
        openapi.resolve({"$ref": reference})
    made = {
        f"#/components/{kind}/{name}"
        for kind, named in document["components"].items()
        for name in named
        if kind != "securitySchemes"  # named without a reference
    }
    # What answers a request that is for no operation; the description names them.
    by_name = {f"#/components/responses/{name}" for name in ("NoSuchPath", "WrongMethod", "Options")}
    assert made - used == by_name
    for reference in by_name:
        assert f"`{reference.split('/')[-1]}`" in document["info"]["description"]


def test_every_operation_is_whole():
    tags = {tag["name"] for tag in openapi.document()["tags"]}
    names = []
    for method, path, operation in openapi.operations():
        where = f"{method} {path}"
        assert set(operation) <= {
            *("operationId", "tags", "summary", "description", "parameters"),
            *("requestBody", "responses", "security"),
        }, where
        assert re.fullmatch("/[a-z./_]+", path), where  # no parameters in paths
        names.append(operation["operationId"])
        assert operation["summary"] and set(operation["tags"]) <= tags and operation["tags"], where
        for parameter in map(openapi.resolve, operation.get("parameters", ())):
            assert parameter["in"] == "query" and parameter["name"] and parameter["schema"], where
        for status, response in operation["responses"].items():
            response = openapi.resolve(response)
            assert re.fullmatch("[2-5][0-9][0-9]", status), where
            assert response["description"], f"{where} {status}"
            assert (status == "200") == ("Error" not in json.dumps(response)), f"{where} {status}"
        if method == "GET":
            assert "requestBody" not in operation, where
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("place, schema", schemas(), ids=lambda value: None)
def test_every_schema_is_one_and_takes_its_own_examples(place, schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    for path, node in nodes(schema):
        if not isinstance(node, dict):
            continue
        for example in [*node.get("examples", ()), *([node["default"]] if "default" in node else ())]:
            openapi.check_value(node, example, f"{place} {path}")


def test_every_error_has_an_example_that_is_one():
    for name, response in openapi.document()["components"]["responses"].items():
        for media_type in response.get("content", {}).values():
            openapi.check_value(media_type["schema"], media_type["example"], name)


def keys(schema, path=""):
    for name, inner in openapi.resolve(schema).get("properties", {}).items():
        yield from keys(inner, f"{path}{name}.") if "properties" in inner else [path + name]


def test_the_page_for_people_has_what_the_document_has():
    page = (ROOT / "docs/api.md").read_text()
    for name in (
        "StoreJobCreate",
        "LoadJobCreate",
        "VerifyJobCreate",
        "StoreProgress",
        "LoadProgress",
        "VerifyProgress",
        "Finding",
    ):
        for key in keys(openapi.document()["components"]["schemas"][name]):
            assert f"`{key}`" in page, f"{name}: {key}"
    table = page[page.index("## Errors") : page.index("## Metrics")]
    for method, path, operation in openapi.operations():
        named = f"{method} {re.sub('/(load|verify)/', '/store/', path)}"
        assert re.search(rf"`{re.escape(named)}[`?]", page), named
        for status in operation["responses"]:
            assert status == "200" or re.search(rf"\| (\d+, )*{status}(, \d+)* \|", table), status


# The check itself.


def headers(**fields):
    message = email.message.Message()
    for name, text in fields.items():
        message[name.replace("_", "-")] = text
    return message


def check(method, path, status, body, sent=None, content_type="application/json", **fields):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = headers(Content_Type=content_type, **fields)
    openapi.check(method, path, status, told, data, sent)


def changed(path, value):
    job = copy.deepcopy(STORE_JOB)
    *parents, last = path.split(".")
    inner = job
    for key in parents:
        inner = inner[key]
    inner[last] = value
    return job


GET = "/api/v1/store/job?job_id=x"
ERROR = {"error": "why"}


def test_what_the_document_describes_passes():
    check("GET", GET, 200, STORE_JOB)
    check("GET", "/store/jobs", 200, [STORE_JOB])
    check("HEAD", GET, 200, b"")
    check("DELETE", GET, 200, b"", content_type="text/plain")
    check("GET", "/ping", 200, b"pong", content_type="text/plain; charset=utf-8")
    check("GET", "/ready", 503, ERROR, Retry_After="2")
    check("PUT", GET, 405, ERROR, Allow="GET, POST")
    check("OPTIONS", GET, 204, b"", Allow="GET, POST")
    check("GET", "/api/v1/nothing", 404, ERROR)
    check("POST", "/nothing", 404, ERROR)
    check("GET", "/any/page", 200, b"<html>", content_type="text/html")
    spec = b'{"name": "a", "bucket": "abc", "stream": "s", "subject": "x",}'
    check("POST", "/store/job", 200, STORE_JOB, sent=spec)
    check("POST", "/store/job/pause?job_id=x", 200, STORE_JOB, sent=b"null")


@pytest.mark.parametrize(
    "arguments, fields",
    [
        (("GET", GET, 200, changed("extra", 1)), {}),
        (("GET", GET, 200, changed("progress.extra", 1)), {}),
        (("GET", GET, 200, changed("status", "running")), {}),
        (("GET", GET, 200, changed("prefix", 7)), {}),
        (("GET", GET, 200, changed("created", "2026-11-24")), {}),
        (("GET", GET, 200, {k: v for k, v in STORE_JOB.items() if k != "consumer"}), {}),
        (("GET", GET, 200, STORE_JOB), {"content_type": "text/plain"}),
        (("GET", GET, 418, ERROR), {}),
        (("GET", GET, 403, ERROR), {}),
        (("GET", GET, 404, {"error": ""}), {}),
        (("GET", GET, 404, {"error": "x", "more": 1}), {}),
        (("GET", GET, 404, {"message": "x"}), {}),
        (("GET", "/api/v1/nothing", 200, ERROR), {}),
        (("GET", "/ready", 503, ERROR), {}),
        (("GET", "/ready", 503, ERROR), {"Retry_After": "soon"}),
        (("PUT", GET, 405, ERROR), {}),
        (("PUT", GET, 200, STORE_JOB), {}),
        (("DELETE", GET, 200, b"gone"), {}),
        (("POST", "/store/job", 200, STORE_JOB), {"sent": b'{"name": "a"}'}),
        (("POST", "/store/job", 200, STORE_JOB), {"sent": b"null"}),
    ],
    ids=lambda value: None,
)
def test_what_it_does_not_describe_is_found(arguments, fields):
    with pytest.raises(openapi.Undocumented):
        check(*arguments, **fields)
