"""What docs/openapi.json says of requests and answers, so that every test holds nats3 to it."""

import copy
import functools
import json
import re

import jsonschema

from harness.process import ROOT

METHODS = ("get", "post", "put", "delete", "patch", "options", "head", "trace")
BASE = "/api/v1"


class Undocumented(AssertionError):
    """An answer, or a request that was accepted, that isn't as the document has it."""


@functools.cache
def document():
    return json.loads((ROOT / "docs/openapi.json").read_text())


@functools.cache
def _strict():
    """The document with no key left open: answers may get more keys, but not undescribed ones."""

    def close(node):
        if isinstance(node, dict):
            if "properties" in node:
                node.setdefault("additionalProperties", False)
            node = [inner for key, inner in node.items() if key != "not"]
        for inner in node if isinstance(node, list) else ():
            close(inner)

    strict = copy.deepcopy(document())
    close(strict["components"]["schemas"])
    return strict


def resolve(node):
    while "$ref" in node:
        reference = node["$ref"]
        assert reference.startswith("#/"), reference
        node = document()
        for key in reference[2:].split("/"):
            node = node[key.replace("~1", "/").replace("~0", "~")]
    return node


@functools.cache
def _validator(schema_text):
    resolver = jsonschema.RefResolver("", _strict())
    return jsonschema.Draft202012Validator(json.loads(schema_text), resolver=resolver)


def check_value(schema, value, what):
    error = jsonschema.exceptions.best_match(
        _validator(json.dumps(schema, sort_keys=True)).iter_errors(value)
    )
    if error:
        raise Undocumented(f"{what}: at {error.json_path}: {error.message}")


def operations():
    """Each (method, path without the base, operation)."""
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield method.upper(), path, operation


def _response(method, path, status):
    """What the document says of an answer, or None."""
    responses = document()["components"]["responses"]
    item = document()["paths"].get(path)
    if item is None:
        return responses["NoSuchPath"] if status == 404 else None
    operation = item.get("get" if method == "HEAD" else method.lower())
    if operation is None:
        name = {(True, 204): "Options", (False, 405): "WrongMethod"}.get((method == "OPTIONS", status))
        return responses[name] if name else None
    response = operation["responses"].get(str(status))
    return resolve(response) if response else None


def check(method, address, status, headers, body, sent=None):
    """Raises Undocumented unless this answer to `method` of `address` (with the base or without
    it) is described; and when it's a success, unless the body that was `sent` is as well.
    `headers`: an email.message.Message."""
    path = address.split("?")[0].removeprefix(BASE)
    what = f"{method} {path}: {status}"
    if path not in document()["paths"] and not re.match("/api(/|$)", address.split("?")[0]):
        if method in ("GET", "HEAD"):
            return  # the page, which is for people
    response = _response(method, path, status)
    if response is None:
        raise Undocumented(f"{what}: not in docs/openapi.json; the answer: {body[:200]!r}")
    for name, header in response.get("headers", {}).items():
        _check_header(resolve(header), headers.get(name), f"{what}, header {name}")
    if method == "HEAD":
        assert not body, what
    else:
        _check_body(response.get("content"), headers, body, what)
    if status == 200 and sent:
        _check_sent(method, path, sent, what)


def _check_header(header, text, what):
    if text is None:
        if header.get("required"):
            raise Undocumented(f"{what}: missing")
        return
    whole = header["schema"].get("type") == "integer" and re.fullmatch("-?[0-9]+", text)
    check_value(header["schema"], int(text) if whole else text, what)


def _check_body(content, headers, body, what):
    if not content:
        if body:
            raise Undocumented(f"{what}: a body where there should be none: {body[:200]!r}")
        return
    media_type = headers.get_content_type()
    if media_type not in content:
        raise Undocumented(f"{what}: {media_type}, where the document has {', '.join(content)}")
    for value in _values(media_type, body):
        check_value(content[media_type]["schema"], value, f"{what}, body")


def _values(media_type, body):
    """What the schema of that media type is of: of lines of JSON each one that isn't empty."""
    if media_type == "application/x-ndjson":
        return [json.loads(line) for line in body.splitlines() if line]
    return [json.loads(body) if media_type == "application/json" else body.decode()]


def _check_sent(method, path, sent, what):
    request = document()["paths"][path].get(method.lower(), {}).get("requestBody")
    if request is None:
        raise Undocumented(f"{what}: a body was sent and taken, and none is described")
    # A comma before a closing bracket is allowed, says the document in words.
    value = json.loads(re.sub(rb",(\s*[}\]])", rb"\1", sent))
    check_value(request["content"]["application/json"]["schema"], value, f"{what}, the body sent")
