"""Waiting for a condition with a deadline, instead of sleeping."""

import time


class Timeout(AssertionError):
    """A condition did not come true in time."""


def wait_for(condition, seconds, what, describe=None, interval=0.02):
    """Returns the first true value of condition(), asked again and again for so many seconds.

    `what` completes "waited 10 s for ..."; describe() adds what there was instead.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            seen = f": {describe()}" if describe else ""
            raise Timeout(f"waited {seconds} s for {what}{seen}")
        time.sleep(interval)
