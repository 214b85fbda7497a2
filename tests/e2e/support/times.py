"""Times in microseconds, and waiting for a state."""
import datetime
import time

US = 1000000
PATIENCE_S = 60  # how long a state may take to come on a machine that is busy with other things


def wait_for(condition, seconds, what):
    """
    Polls until the condition holds, and returns its result. An exception from an answer that lacks what the condition looks for,
    such as the 503 of a recorder that is still starting, does not end the wait.
    """
    deadline = time.monotonic() + seconds
    while True:
        late = time.monotonic() > deadline  # check once more, in case this process itself was stopped
        met = wrong = None
        try:
            met = condition()
        except (LookupError, TypeError, ValueError) as error:
            wrong = error
        if met:
            return met
        if late:
            raise AssertionError(f"not within {seconds} s: {what}") from wrong
        time.sleep(0.05)


def time_us(text):
    """Microseconds since 1970 of an ISO 8601 time with an offset."""
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * US)


def wall_us():
    return time.time_ns() // 1000
