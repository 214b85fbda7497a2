"""A camera at 1 to 120 frames per second that jitters and stalls, and clips of any range, which must have exactly the frames of that time."""
import random
import statistics
import threading

from support.exact import difference
from support.faulty_rig import COUNT
from support.times import US, time_us

FPS = 120
CLEAR_US = 400  # borders are at least this far from a frame, because two clocks were read


class Moods(threading.Thread):
    """Changes the camera's rate and jitter at random, and stalls it."""

    def __init__(self, camera, seed):
        super().__init__(daemon=True)
        self.camera, self.chance, self.stopping = camera, random.Random(seed), threading.Event()

    def run(self):
        while not self.stopping.is_set():
            self.camera.fault("jitter", self.chance.choice((0, 30, 95)))
            self.camera.fault("slow", self.chance.choice((1, 1, 2, 4, 5, 12, 40, 120)))
            self.stopping.wait(self.chance.uniform(0.3, 2.5))
            if self.chance.random() < 0.15:
                self.camera.fault("stall", 1)
                self.stopping.wait(self.chance.uniform(0.2, 1.8))
                self.camera.fault("stall", 0)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.join()
        for fault in ("jitter", "slow", "stall"):
            self.camera.fault(fault, 0)


def clear(at_us, times):
    """The nearest time after at_us that is clear of every frame."""
    while any(abs(at_us - time) < CLEAR_US for time in times):
        at_us += CLEAR_US
    return at_us


class Ranges:
    def __init__(self, rig, seed):
        self.rig, self.chance = rig, random.Random(seed)
        self.asked = self.empty = self.shown = 0
        self.frames, self.times = [], []

    def look(self):
        """Reads what is recorded up to now."""
        frames = self.rig.camera.frames()
        # A line of the log is late if its process lost the processor between reading two clocks.
        offset_us = statistics.median(frame.wall_us - frame.mono_us for frame in frames)
        self.times = [frame.mono_us + offset_us for frame in frames]
        self.frames = frames

    def check(self, from_us, to_us):
        from_us, to_us = int(from_us), int(clear(to_us, self.times))
        first_us = from_us // US * US
        within = [(frame.number % COUNT, at) for frame, at in zip(self.frames, self.times) if first_us - CLEAR_US <= at < to_us]
        either = {number for number, at in within if at < first_us + CLEAR_US}
        wanted = [number for number, at in within if at >= first_us]
        answer = self.rig.footage(from_us, to_us)
        title = f"[{from_us}, {to_us})"
        self.asked += 1
        if not wanted and not either:
            self.empty += 1
            assert answer.status == 404, f"{title}: {answer.status} for an empty range"
            return
        assert answer.status == 200, f"{title}: {answer.status} {answer.body[:300]!r}"
        shown = [number for _, number in self.rig.frames_of(answer.body)]
        if [number for number in shown if number not in either] != [number for number in wanted if number not in either]:
            other = {frame.number % COUNT: round(at) - to_us for frame, at in zip(self.frames, self.times)}
            raise AssertionError(f"{title}, {answer.headers['X-Clip-Source']}, {answer.headers['X-Clip-Spans']}: {difference(shown, wanted)}; "
                                 f"extra frames, in us after its end: {[other.get(number) for number in shown if number not in wanted]}")
        self.shown += len(wanted)

    def at_random(self, longest_us):
        last_us = self.times[-1] - US
        from_us = self.chance.uniform(self.times[0], last_us)
        self.check(from_us, min(last_us, from_us + self.chance.choice((US / 50, US / 2, 3 * US, longest_us)) * self.chance.random() + 1000))

    def around(self, border_us):
        """Checks ranges that begin or end at a border, just before it and just after it."""
        near = min(self.times, key=lambda at: abs(at - border_us))
        for off_us in (-40000, -CLEAR_US - 1, CLEAR_US + 1, 40000):
            self.check(near - 2 * US, near + off_us)
        for off_us in (-US, -1, 0, 1):
            self.check(border_us // US * US + off_us, border_us + 2 * US)


def rotations(rig):
    """Where segments begin, except for the first."""
    return [time_us(one["start"]) for one in rig.segments()[1:]]
