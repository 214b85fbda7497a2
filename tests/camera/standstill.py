"""Excuses cases in an emulated machine that stalled: vivid itself skips frames then, which no recorder can prevent."""
import threading
import time

from support.starved import Starved

NAP_S = 0.02
NOTICED_S = 0.1


class Watch(threading.Thread):
    """Notices when this machine stalls, which may excuse one case of a run."""

    def __init__(self):
        super().__init__(daemon=True)
        self.stood_still = []  # (end on this thread's clock, the same on the wall clock, seconds)
        self.excused = False
        self.start()

    @staticmethod
    def now():
        return time.monotonic()

    def run(self):
        while True:
            before = self.now()
            time.sleep(NAP_S)
            late_s = self.now() - before - NAP_S
            if late_s > NOTICED_S:
                self.stood_still.append((self.now(), time.strftime("%H:%M:%S"), late_s))

    def longest_since(self, since):
        """(seconds, end on the wall clock) of the machine's longest stall; (0, None) if there was none."""
        return max(((late_s, wall) for end, wall, late_s in list(self.stood_still) if end >= since), default=(0, None))

    def holds_unless_starved(self, holds, since, bound_s, failure):
        """Asserts that it holds. If it does not, and the machine has stalled for longer than the bound since then, the case is starved:
        the first such case is skipped, any other fails."""
        if holds:
            return
        longest_s, wall = self.longest_since(since)
        if longest_s <= bound_s:
            raise AssertionError(f"{failure}; the machine stood still for {longest_s:.2f} s at most")
        reason = f"starved: the machine stood still for {longest_s:.1f} s at {wall}"
        if self.excused:
            raise AssertionError(f"{failure}; the second case of this run that is {reason}")
        self.excused = True
        raise Starved(reason)
