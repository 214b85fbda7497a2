"""How long a process was ready to run, but got no processor."""
import threading
import time

EVERY_S = 0.1


class RunDelays(threading.Thread):
    """Notes ten times per second how long the main thread of a process has waited for a processor so far (schedstat, proc(5))."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.path, self.notes = f"/proc/{pid}/schedstat", []  # (wall time in microseconds, seconds waited until then)
        self.start()

    def run(self):
        try:
            while True:
                with open(self.path, encoding="ascii") as stat:
                    self.notes.append((time.time_ns() // 1000, int(stat.read().split()[1]) / 1e9))
                time.sleep(EVERY_S)
        except (OSError, IndexError):  # the process has ended
            return

    def between(self, from_us, to_us):
        """How many seconds it waited in that range, from the last note before it to the first one after it."""
        notes = list(self.notes)
        before = [waited for at_us, waited in notes if at_us <= from_us]
        until = [waited for at_us, waited in notes if at_us < to_us] + [waited for at_us, waited in notes if at_us >= to_us][:1]
        return until[-1] - (before[-1] if before else 0) if until else 0
