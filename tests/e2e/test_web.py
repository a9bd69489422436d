"""The web page, used as a person does: in a browser, by what can be read and clicked."""

import pytest
from harness.browser import Browser
from harness.bucket import chunk_keys
from harness.wait import wait_for

from workload import load_spec, publish, store_spec


@pytest.fixture
def browser(file_server):
    browser = Browser(file_server.url)
    yield browser
    complaints = browser.complaints()
    browser.close()
    assert complaints == []


@pytest.fixture
def work(stream):
    """A stream with 100 messages."""
    stream.add_stream("WORK", ["work.>"])
    publish(stream, "WORK", 100)
    return stream


def test_archive_replay_and_verify(browser, work, bucket_name):
    work.add_stream("COPY", ["copy.>"])
    browser.open("/").wait_for("Store jobs", "None. A store job archives a stream")
    browser.picture("empty")
    browser.click("Archive a stream")
    browser.fill(name="work", bucket=bucket_name, stream="WORK", subject="work.>")
    browser.click("Options").fill(batch__max_wait="100ms").picture("new-store")
    browser.driver.find_element("css selector", "button.main").click()
    browser.wait_for("work", "Running", "all archived", "To archive").picture("store")

    browser.click("Replay this archive")
    assert browser.filled("bucket") == bucket_name
    assert browser.filled("read_subject") == "work.>"
    browser.fill(name="again", write_subject="copy.{{subject}}")
    browser.driver.find_element("css selector", "button.main").click()
    browser.wait_for("again", "Success", "100.0 %").picture("load")
    assert work.state("COPY")["messages"] == 100

    browser.click("nats3").click("work").click("Verify this archive").fill(name="checked")
    browser.driver.find_element("css selector", "button.main").click()
    browser.wait_for("checked", "Success", "no damage found")
    browser.click("nats3").wait_for("again", "checked", "all archived").picture("jobs")


def test_pause_resume_and_remove(browser, work, file_rest, bucket_name, file_bucket):
    file_rest.store.create(**store_spec(bucket_name))
    browser.open("/").wait_for("store-WORK", "all archived")
    browser.click("Pause").wait_for("Paused")
    assert file_rest.store.list()[0]["status"] == "Paused"
    publish(work, "WORK", 10, start=100)
    browser.click("Resume").wait_for("110", "all archived")

    browser.click("Remove").wait_for("Remove store job “store-WORK”?", "stays in the bucket")
    browser.picture("remove")
    browser.click("Cancel").wait_gone("stays in the bucket")
    assert len(file_rest.store.list()) == 1
    archived = chunk_keys(file_bucket)
    browser.click("Remove").wait_for("stays in the bucket").click("Remove").wait_gone("store-WORK")
    assert file_rest.store.list() == []
    assert archived and chunk_keys(file_bucket) == archived


def test_what_the_server_refuses_is_said(browser, work, bucket_name):
    browser.open("/store/new").fill(name="no", bucket=bucket_name, stream="NONE", subject="none.>")
    browser.driver.find_element("css selector", "button.main").click()
    browser.wait_for("NONE", "create the stream first").picture("refused")
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


def test_nats_away_is_said(browser, nats, work, file_rest, bucket_name):
    file_rest.store.create(**store_spec(bucket_name))
    browser.open("/").wait_for("store-WORK", "all archived")
    nats.stop()
    browser.wait_for("Waiting").picture("waiting")
    nats.start()
    wait_for(lambda: file_rest.store.list()[0]["last_error"] is None, 30, "the job to go on")
    browser.wait_for("all archived").wait_gone("Waiting")
