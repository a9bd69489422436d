"""JetStream over harness.nats: streams, publishing many messages fast, reading streams back.

Sources: https://docs.nats.io/reference/reference-protocols/nats_api_reference and the server's
own answers; $JS.ACK subjects as ADR-15 of nats-architecture-and-design has them.
"""

import base64
import json
import re
from dataclasses import dataclass
from datetime import datetime, timezone

from harness.nats import NatsError, parse_headers
from harness.wait import wait_for


class ApiError(NatsError):
    """An error answer of the JetStream API."""

    def __init__(self, subject, error):
        super().__init__(f"{subject}: {error.get('description')} ({error.get('err_code')})")
        self.code = error.get("code")


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as a stream holds it."""

    sequence: int
    time_ns: int
    subject: str
    headers: tuple
    payload: bytes


_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$")


def parse_time(text):
    """Nanoseconds since 1970 of an RFC 3339 time, exact to the nanosecond."""
    match = _TIME.match(text)
    if not match:
        raise ValueError(f"no RFC 3339 time: {text!r}")
    seconds, fraction, zone = match.groups()
    moment = datetime.fromisoformat(seconds + ("+00:00" if zone == "Z" else zone))
    return int(moment.timestamp()) * 1_000_000_000 + int((fraction or "0").ljust(9, "0"))


def format_time(time_ns):
    seconds, fraction = divmod(time_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"


class JetStream:
    """For one thread, as the client it stands on."""

    def __init__(self, client):
        self.client = client

    def api(self, subject, body=None, seconds=10.0):
        """One request; returns the answer. Errors: ApiError with the server's words."""
        payload = json.dumps(body).encode() if body is not None else b""
        answer = self.client.request(f"$JS.API.{subject}", payload, seconds=seconds)
        result = json.loads(answer.payload)
        if "error" in result:
            raise ApiError(subject, result["error"])
        return result

    # Streams

    def add_stream(self, name, subjects, **config):
        """`config` as in the API: retention, max_msgs, duplicate_window, ..."""
        body = {"name": name, "subjects": subjects, "storage": "file", "retention": "limits"}
        body |= {"num_replicas": 1, "max_consumers": -1, **config}
        return self.api(f"STREAM.CREATE.{name}", body)

    def stream_names(self):
        return self.api("STREAM.NAMES", {})["streams"] or []

    def info(self, name):
        return self.api(f"STREAM.INFO.{name}")

    def state(self, name):
        return self.info(name)["state"]

    def delete_stream(self, name):
        self.api(f"STREAM.DELETE.{name}")

    def purge(self, name, keep):
        """Removes all but the `keep` latest messages."""
        return self.api(f"STREAM.PURGE.{name}", {"keep": keep})

    def add_consumer(self, stream, **config):
        name = config.get("durable_name")
        subject = f"CONSUMER.DURABLE.CREATE.{stream}.{name}" if name else f"CONSUMER.CREATE.{stream}"
        return self.api(subject, {"stream_name": stream, "config": config})

    def consumers(self, stream):
        return self.api(f"CONSUMER.LIST.{stream}", {})["consumers"] or []

    # Publishing

    def publish_all(self, stream, messages, ack_every=1000, on_progress=None, seconds=60.0):
        """Publishes (subject, payload, headers) tuples into `stream` and returns how many.

        Only every ack_every-th message asks for an acknowledgement, and at most two are awaited, so
        that the server is never far behind; the stream's last sequence shows that none was refused.
        No one else may publish into the stream meanwhile.
        """
        before = self.state(stream)["last_seq"]
        inbox = self.client.new_inbox()
        acks = self.client.subscribe(inbox)
        count = awaited = 0
        for subject, payload, headers in messages:
            count += 1
            ask = count % ack_every == 0
            self.client.publish(subject, payload, headers, reply=inbox if ask else "")
            if ask:
                awaited += 1
                if awaited > 2:
                    self.take_ack(acks, seconds)
                    awaited -= 1
                if on_progress:
                    on_progress(count)
        for _ in range(awaited):
            self.take_ack(acks, seconds)
        acks.close()
        self._wait_for_last(stream, before + count, seconds)
        return count

    def publish(self, subject, payload=b"", headers=()):
        """Publishes one message; returns its sequence."""
        ack = json.loads(self.client.request(subject, payload, headers).payload)
        if "error" in ack:
            raise ApiError(subject, ack["error"])
        return ack["seq"]

    def take_ack(self, acks, seconds):
        """The next acknowledgement of subscription `acks`; raises when it is a refusal."""
        delivery = acks.next(seconds)
        if delivery.status:
            raise NatsError("no stream took the message")
        ack = json.loads(delivery.payload)
        if "error" in ack:
            raise ApiError("publish", ack["error"])
        return ack

    def _wait_for_last(self, stream, last, seconds):
        # The server stores what came after the last acknowledged message in its own time, but in
        # order: once our own empty round trip through it is done, nothing is under way any more.
        self.client.flush(seconds)
        wait_for(
            lambda: self.state(stream)["last_seq"] >= last,
            seconds,
            f"stream {stream} to hold sequence {last}",
            lambda: f"it is at {self.state(stream)['last_seq']}",
        )
        if self.state(stream)["last_seq"] != last:
            raise NatsError(f"others publish into {stream} as well")

    # Reading

    def read(self, stream, filter_subject=None, batch=2000, seconds=60.0):
        """Yields all that a limits stream holds now, in order, over a consumer without acks.

        (On an interest stream such a consumer would remove messages: use get_messages there.)
        """
        config = {"deliver_policy": "all", "ack_policy": "none", "replay_policy": "instant"}
        config |= {"inactive_threshold": 60_000_000_000, "mem_storage": True, "max_waiting": 16}
        if filter_subject:
            config["filter_subject"] = filter_subject
        consumer = self.add_consumer(stream, **config)
        left = consumer["num_pending"]
        inbox = self.client.new_inbox()
        deliveries = self.client.subscribe(inbox)
        pull = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer['name']}"
        unasked, outstanding, delivered = left, 0, 0
        while left > 0:
            while unasked > 0 and outstanding <= batch:
                ask = min(batch, unasked)
                request = {"batch": ask, "expires": int(seconds * 1e9)}
                self.client.publish(pull, json.dumps(request), reply=inbox)
                unasked -= ask
                outstanding += ask
            delivery = deliveries.next(seconds)
            if not delivery.reply.startswith("$JS.ACK."):
                raise NatsError(f"pull from {stream}: {delivery.header_block!r}")
            message, consumer_sequence = to_stored(delivery)
            delivered += 1
            if consumer_sequence != delivered:
                raise NatsError(f"pull from {stream}: a delivery is missing before {message.sequence}")
            left -= 1
            outstanding -= 1
            yield message
        deliveries.close()
        self.api(f"CONSUMER.DELETE.{stream}.{consumer['name']}")

    def get_messages(self, stream, first, last, window=200):
        """Yields the messages of that range one by one by sequence, leaving out what isn't there.

        Touches no consumer, so it works on streams of every retention. Newer servers answer in any
        order, so each request has a reply subject of its own.
        """
        inbox = self.client.new_inbox()
        answers = self.client.subscribe(f"{inbox}.*")
        early = {}
        asked = first
        for wanted in range(first, last + 1):
            while asked <= last and asked - wanted < window:
                request, reply = json.dumps({"seq": asked}), f"{inbox}.{asked}"
                self.client.publish(f"$JS.API.STREAM.MSG.GET.{stream}", request, reply=reply)
                asked += 1
            while wanted not in early:
                delivery = answers.next()
                early[int(delivery.subject.rpartition(".")[2])] = delivery.payload
            answer = json.loads(early.pop(wanted))
            if "error" in answer:
                if answer["error"].get("code") != 404:
                    raise ApiError(f"STREAM.MSG.GET.{stream}", answer["error"])
                continue
            message = answer["message"]
            yield Stored(
                message["seq"],
                parse_time(message["time"]),
                message["subject"],
                parse_headers(base64.b64decode(message.get("hdrs", ""))),
                base64.b64decode(message.get("data", "")),
            )
        answers.close()


def to_stored(delivery):
    """The message of a consumer's delivery, and its consumer sequence, out of the $JS.ACK subject."""
    tokens = delivery.reply.split(".")
    # $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>, with
    # domain and account hash before the stream, and a token at the end, where it is longer.
    at = 5 if len(tokens) == 9 else 7
    headers = delivery.headers if delivery.header_block else ()
    message = Stored(
        int(tokens[at]), int(tokens[at + 2]), delivery.subject, headers, delivery.payload
    )
    return message, int(tokens[at + 1])
