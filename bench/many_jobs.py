"""Many jobs on one server: what idle ones cost, and how active ones share the rate."""

import concurrent.futures
import time

from harness.wait import wait_for

from bench_servers import Servers

IDLE_SECONDS = 20
API_REQUESTS = 16  # that the server answers at once
TARGETS = {"resident_megabytes": 250, "threads": 64, "core_share": 0.05}


def measure(folder, quick):
    with Servers(folder, "file") as servers:
        idle = idle_jobs(servers, 10 if quick else 1000, 1 if quick else IDLE_SECONDS)
    with Servers(folder, "file") as servers:
        shared = active_jobs(servers, 5 if quick else 100, 200 if quick else 300_000)
    # Once all have ended they are equal, however they got there: that says nothing.
    fair = shared["slowest"] >= 0.5 and shared["done"] < 0.9
    kept = all(idle[name] <= most for name, most in TARGETS.items()) and fair
    text = (
        f"{idle['jobs']} idle jobs: {idle['resident_megabytes']:.0f} MB (<= 250), "
        f"{idle['threads']} threads (<= 64), {idle['core_share']:.1%} of a core (<= 5%); "
        f"{shared['jobs']} active jobs: the slowest {shared['slowest']:.2f} of the mean "
        f"(>= 0.5) with {shared['done']:.0%} done, resumed in {shared['seconds_to_resume']:.0f} s"
    )
    return {"idle": idle, "active": shared}, text, kept


def idle_jobs(servers, count, seconds):
    """Store jobs of streams in which nothing happens."""
    for number in range(count):
        servers.stream.add_stream(f"IDLE{number}", [f"idle.{number}.>"])
        servers.rest.store.create(
            name=f"idle-{number}", stream=f"IDLE{number}", subject=f"idle.{number}.>", bucket="idle"
        )
    wait_for(lambda: running(servers) == count, 120, f"{count} jobs to run")
    wait_for(lambda: len(servers.stream.consumers(f"IDLE{count - 1}")) == 1, 120, "the last one")
    nats3 = servers.processes["nats3"]
    before, began = nats3.cpu_seconds(), time.monotonic()
    time.sleep(seconds)  # what is measured is a span of time in which nothing happens
    share = (nats3.cpu_seconds() - before) / (time.monotonic() - began)
    return {"jobs": count, "resident_megabytes": nats3.resident_megabytes(),
            "threads": nats3.threads(), "core_share": share}


def running(servers):
    return sum(job["status"] == "Running" for job in servers.rest.store.list())


def active_jobs(servers, count, messages):
    """Store jobs that each archive all of one stream; how far is each when half of all is done?

    They are made beforehand and begin with a resume, and have so much to do that the first don't end
    before the last begin: beside jobs at work a request takes its time.
    """
    servers.stream.add_stream("BUSY", ["busy.>"])
    content = (("busy.x", b"%0200d" % each, ()) for each in range(messages))
    servers.stream.publish_all("BUSY", content)
    for number in range(count):
        servers.rest.store.create(
            name=f"busy-{number}",
            stream="BUSY",
            subject="busy.>",
            bucket="busy",
            prefix=f"job-{number}",
            paused=True,
            batch={"max_count": max(1, messages // 50)},
        )
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(API_REQUESTS) as requests:
        jobs = [job["id"] for job in servers.rest.store.list()]
        list(requests.map(servers.rest.store.resume, jobs))
    resumed = time.monotonic() - began

    done = []

    def half_way():
        done[:] = [job["progress"]["messages"] for job in servers.rest.store.list()]
        return sum(done) >= count * messages / 2

    wait_for(half_way, 300, "half of all messages", lambda: str(sorted(done)))
    return {"jobs": count, "seconds_to_resume": resumed,
            "seconds_to_look": time.monotonic() - began, "archived": sorted(done),
            "done": sum(done) / (count * messages),
            "slowest": min(done) * len(done) / sum(done)}
