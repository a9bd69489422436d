"""The web page, used as a person does: in a browser, by what can be read and clicked."""

import pytest
from harness.browser import Browser
from harness.bucket import chunk_keys
from harness.jetstream import format_time
from harness.wait import wait_for

from workload import load_spec, publish, store_spec


@pytest.fixture
def browser(file_server):
    browser = Browser(file_server.url)
    yield browser
    try:
        assert browser.complaints() == []
    finally:
        browser.close()


@pytest.fixture
def work(stream):
    """A stream with 100 messages."""
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", 100)
    return stream


def test_archive_replay_and_verify(browser, work, file_rest, bucket_name):
    work.add_stream("COPY", ["copy.>"])
    browser.open("/").wait_for("Store jobs", "None. A store job archives a stream")
    browser.picture("empty")
    browser.click("Archive a stream")
    browser.fill(name="work", bucket=bucket_name, stream="WORK", subject="work.>")
    browser.click("Options").fill(batch__max_wait="100ms").picture("new-store")
    browser.submit().wait_for("work", "Running", "all archived", "highest").picture("store")
    assert file_rest.store.list()[0]["batch"]["max_wait"] == {"secs": 0, "nanos": 100_000_000}
    browser.click("Details").wait_for("batch.max_wait", "0.1 s")

    browser.click("Replay this archive")
    assert browser.filled("bucket") == bucket_name
    assert browser.filled("read_subject") == "work.>"
    browser.fill(name="again", write_subject="copy.{{subject}}")
    browser.submit().wait_for("again", "Success", "100.0 %").picture("load")
    assert work.state("COPY")["messages"] == 100

    browser.click("nats3").click("work").click("Verify this archive").fill(name="checked")
    browser.submit().wait_for("checked", "Success", "no damage found")
    browser.click("nats3").wait_for("again", "checked", "all archived").picture("jobs")
    browser.click("again").wait_for("Replayed to sequence").back().wait_for("checked", "all archived")


def test_what_a_form_is_given_arrives(browser, work, file_rest, bucket_name, file_bucket):
    work.add_stream("COPY", ["copy.>"])
    browser.open("/load/new").fill(bucket=bucket_name, read_stream="WORK", read_subject="work.>")
    browser.fill(write_subject="copy.{{subject}}").click("Options").choose("on_corrupt", "skip")
    browser.tick("origin_headers").tick("strict").tick("paused")
    browser.fill(poll_interval="1m30s", from_time="2026-11-01T00:00:00Z").picture("new-load")
    browser.submit().wait_for("load job", "Paused")
    job = file_rest.load.list()[0]
    assert job["read_subject"] == "work.>" and job["write_subject"] == "copy.{{subject}}"
    assert (job["on_corrupt"], job["origin_headers"], job["strict"]) == ("skip", False, True)
    assert job["message_ids"] is True, "what was left as it was"
    assert job["poll_interval"] == {"secs": 90, "nanos": 0}
    assert job["from_time"].startswith("2026-11-01T00:00:00")

    file_rest.store.create(**store_spec(bucket_name))
    wait_for(lambda: chunk_keys(file_bucket), 30, "an archive")
    browser.open("/verify/new?rate=12345&repair=false&paused=true")
    browser.fill(bucket=bucket_name, stream="WORK").submit().wait_for("verify job", "Paused")
    job = file_rest.verify.list()[0]
    assert (job["rate"], job["repair"]) == (12345, False)


def test_an_address_fills_in_only_what_a_field_can_hold(browser):
    browser.open("/store/new?encoding.codec=json&subject=work.%3E")
    assert browser.filled("encoding.codec") == "Json"
    assert browser.filled("subject") == "work.>"
    browser.open("/store/new?encoding.codec=nonsense")
    assert browser.filled("encoding.codec") == "Binary"
    browser.open("/verify/new?rate=0x10")
    assert browser.filled("rate") == ""
    browser.open("/load/new?message_ids=1&strict=yes")
    assert browser.ticked("message_ids") and not browser.ticked("strict")


def test_pause_resume_and_remove(browser, work, file_rest, bucket_name, file_bucket):
    file_rest.store.create(**store_spec(bucket_name))
    browser.open("/").wait_for("store-WORK", "all archived")
    browser.double_click("Pause").wait_for("Paused")
    assert file_rest.store.list()[0]["status"] == "Paused"
    publish(work, "WORK", 10, start=100)
    browser.click("Resume").wait_for("110", "all archived")

    browser.click("Remove").wait_for("Remove store job “store-WORK”?", "stays in the bucket")
    browser.picture("remove")
    browser.click("Cancel").wait_gone("stays in the bucket")
    assert browser.focused == "Remove", "where one was before"
    assert len(file_rest.store.list()) == 1
    archived = chunk_keys(file_bucket)
    browser.click("Remove").wait_for("stays in the bucket").click("Remove").wait_gone("store-WORK")
    assert file_rest.store.list() == []
    job = file_rest.store.create(**store_spec(bucket_name))
    browser.open(f"/store/{job['id']}").click("Remove").wait_for("stays in the bucket")
    browser.click("Remove").wait_for("None. A store job archives")
    assert browser.path == "/"
    assert archived and chunk_keys(file_bucket) == archived


def test_what_the_server_refuses_is_said(browser, work, bucket_name):
    browser.open("/store/new").fill(name="no", bucket=bucket_name, stream="NONE", subject="none.>")
    browser.submit().wait_for("NONE", "create the stream first").picture("refused")
    assert browser.path == "/store/new"
    assert browser.filled("stream") == "NONE", "what was filled in stays"


def test_a_failure_and_its_reason_are_shown(browser, work, file_rest, bucket_name, file_bucket):
    work.add_stream("COPY", ["replay.>"])
    store = file_rest.store.create(**store_spec(bucket_name))
    browser.open(f"/store/{store['id']}").wait_for("all archived")
    file_rest.store.remove(store["id"])
    key = chunk_keys(file_bucket)[0]
    path = file_bucket.folder / key
    path.write_bytes(path.read_bytes()[:-1])
    load = file_rest.load.create(**load_spec(bucket_name))
    browser.open(f"/load/{load['id']}").wait_for("Failure", key.rsplit("/", 1)[1], "Resume")
    browser.picture("failure")
    browser.open("/").wait_for("Failed: load-WORK", "Failure")
    assert browser.driver.title == "1 failed · nats3"


def test_damage_is_shown_where_it_was_found(browser, work, file_rest, bucket_name, file_bucket):
    file_rest.store.create(**store_spec(bucket_name, batch={"max_count": 50}))
    wait_for(lambda: len(chunk_keys(file_bucket)) == 2, 30, "two chunks")
    key = chunk_keys(file_bucket)[0]
    path = file_bucket.folder / key
    path.write_bytes(path.read_bytes()[:-1])
    job = file_rest.verify.create(name="scrub", bucket=bucket_name, stream="WORK", repair=False)
    browser.open(f"/verify/{job['id']}").wait_for("1 damaged", "Findings", key).picture("findings")
    assert "no damage" not in browser.text


def test_messages_that_were_lost_are_said_beside_all_archived(browser, stream, file_rest, bucket_name):
    stream.add_stream("WORK", ["work.>"], max_msgs=10)
    job = file_rest.store.create(**store_spec(bucket_name, paused=True))
    publish(stream, "WORK", 10)
    file_rest.store.resume(job["id"])
    wait_for(lambda: file_rest.store.get(job["id"])["progress"]["messages"] == 10, 30, "ten")
    file_rest.store.pause(job["id"])
    publish(stream, "WORK", 100, start=10)
    file_rest.store.resume(job["id"])
    browser.open("/").wait_for("all archived, at most 90 never archived")


def test_what_a_load_can_not_promise_is_said(browser, work, file_rest, bucket_name):
    work.add_stream("COPY", ["replay.>"], retention="workqueue")
    file_rest.store.create(**store_spec(bucket_name))
    job = file_rest.load.create(**load_spec(bucket_name, poll_interval="1s"))
    browser.open(f"/load/{job['id']}").wait_for("leave stream 'COPY' when they are consumed")


def test_a_name_is_only_text(browser, work, file_rest, bucket_name):
    name = "<img src=x onerror=alert(1)> & \"co\""
    job = file_rest.store.create(**{**store_spec(bucket_name), "name": name})
    browser.open("/").wait_for(name)
    browser.open(f"/store/{job['id']}").wait_for(name)
    assert browser.count("img") == 0


def test_a_job_that_is_gone_and_a_page_that_isnt_there(browser):
    browser.open("/store/00000000-0000-4000-8000-000000000000").wait_for("not found", "All jobs")
    browser.open("/no/such").wait_for("There is no page /no/such")


def test_a_server_that_is_away_is_said_until_it_is_back(browser, file_server):
    browser.open("/").wait_for("Store jobs", "None.")
    file_server.stop()
    browser.wait_for("doesn't answer").picture("away")
    file_server.start()
    browser.wait_gone("doesn't answer")


@pytest.mark.parametrize("path", ["/", "/store/new"])
def test_a_server_that_hangs_is_said(browser, file_server, path):
    browser.open(path).wait_for("Archive a stream")
    file_server.freeze()
    browser.wait_for("doesn't answer")
    file_server.thaw()
    browser.wait_gone("doesn't answer")


def test_nats_away_is_said(browser, nats, work, file_rest, bucket_name):
    file_rest.store.create(**store_spec(bucket_name))
    browser.open("/").wait_for("store-WORK", "all archived")
    nats.stop()
    browser.wait_for("Waiting: store-WORK", "(for").picture("waiting")
    assert "all archived" not in browser.text, "nobody knows"
    browser.wait_for("no connection to NATS")
    assert browser.count("main > .trouble") == 1, "the server isn't ready"
    nats.start()
    wait_for(lambda: file_rest.store.list()[0]["last_error"] is None, 30, "the job to go on")
    browser.wait_gone("Waiting").wait_for("all archived")


def test_what_is_in_a_bucket(browser, work, file_rest, bucket_name, file_bucket):
    for name, prefix in (("plain", None), ("below", "team/a")):
        spec = store_spec(bucket_name, name, stream="WORK", prefix=prefix)
        job = file_rest.store.create(**spec)
        file_rest.store.wait_messages(job["id"], 100)
    file_bucket.put("photos/cat.jpg", b"x")
    browser.open("/").click("archives").wait_for(bucket_name, f"{bucket_name}/team/a", "Look inside")
    browser.click(bucket_name).wait_for("WORK", "work.>", "100", "1 – 100", "may be prefixes")
    browser.wait_for("photos").click("team").wait_for("No stream is archived here.").click("a")
    browser.wait_for("team/a", "WORK", "1 – 100").picture("archive")
    browser.click("Replay")
    assert browser.filled("bucket") == bucket_name
    assert browser.filled("prefix") == "team/a"
    assert browser.filled("read_stream") == "WORK"
    [described] = [key for key in file_bucket.keys() if key.startswith("WORK/") and "stream" in key]
    browser.open(f"/archive?bucket={bucket_name}").wait_for("WORK", "1 – 100")
    file_bucket.remove(described)
    browser.click("Look again").wait_for("stream.json' is missing").click("Another bucket")
    browser.wait_for("Look inside").fill(bucket="nowhere-at-all")
    browser.submit().wait_for("there is no bucket 'nowhere-at-all'")


def test_messages_of_an_archive(browser, work, file_rest, bucket_name, file_bucket):
    publish(work, "WORK", 100, start=100)
    job = file_rest.store.create(**store_spec(bucket_name, batch={"max_count": 50}))
    file_rest.store.wait_messages(job["id"], 200)
    stored = list(work.read("WORK"))
    browser.open(f"/archive?bucket={bucket_name}").click("Messages")
    browser.wait_for("message 0 message 0", "päyload 98", "Number: 98", "bytes that aren’t text", "empty")
    assert browser.count("table.messages tbody tr") == 100
    browser.picture("messages")
    browser.click("Next ones").wait_for("päyload 102", "päyload 198").wait_gone("päyload 98")
    assert browser.count("table.messages tbody tr") == 100
    browser.click("Next ones").wait_for("No such message is archived.").click("From the first")
    browser.wait_for("päyload 98").fill(from_time=format_time(stored[100].time_ns))
    browser.fill(subject="work.text.*").submit().wait_gone("päyload 98").wait_for("message 196")
    assert browser.count("table.messages tbody tr") == 25
    browser.fill(from_time="yesterday").submit().wait_for("from_time")
    browser.back().wait_for("message 196")
    browser.open(f"/messages?bucket={bucket_name}&stream=WORK&subject=work.none")
    browser.wait_for("No such message is archived.")
    key = chunk_keys(file_bucket)[1]
    whole = file_bucket.get(key)
    file_bucket.put(key, b"no chunk" * 100)
    browser.open(f"/messages?bucket={bucket_name}&stream=WORK").wait_for(key, "päyload 38")
    file_bucket.put(key, whole)
    browser.click("Look again").wait_for("päyload 98")
