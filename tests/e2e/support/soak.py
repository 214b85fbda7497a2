"""
Hours of ordinary use with random faults: viewers, clips, questions about movement, an unplugged camera, kills, a full disk; and what must
be true at the end.
"""
import contextlib
import http.client
import os
import random
import re
import signal
import statistics
import threading
import time

from support import BUILD
from support.exact import difference
from support.kills import NEAR_US, assert_records, index_times, kill_encoder, kill_recorder, stored_seconds, wait_recorded_after
from support.times import PATIENCE_S, US, time_us, wait_for
from support.viewer import Viewer

SETTLED_S = 20  # a process of this age has made its permanent allocations
FD_SLACK, MAPS_SLACK, MEMORY_SLACK_KB = 12, 16, 6 << 10
FRAMES, COUNT = os.path.join(BUILD, "tests", "frames", "moving.frames"), 900  # a block that moves; of the other one the whole picture changes
MOTION, MOTION_MAX_KB = "recorder-motion", 16 << 10


# --- clients ------------------------------------------------------------------------------------------------------------

class Clients:
    """Viewers, one of them slow, and scripts that ask for clips of the last two minutes."""

    def __init__(self, rig, seed):
        self.rig, self.chance, self.stopping = rig, random.Random(seed), threading.Event()
        self.frames = self.clips = self.refused = self.questions = 0
        self.wrong = []
        self.threads = [threading.Thread(target=self.watch, args=(pause,)) for pause in (0, 0, 0.3)]
        self.threads += [threading.Thread(target=self.ask) for _ in range(2)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def watch(self, pause_s):
        while not self.stopping.is_set():
            with contextlib.suppress(OSError, ValueError, IndexError, KeyError, AssertionError), Viewer(self.rig) as viewer:
                until = time.monotonic() + self.chance.uniform(1, 60)
                while viewer.status == 200 and time.monotonic() < until and not self.stopping.is_set():
                    viewer.part()
                    self.frames += 1
                    time.sleep(pause_s)
            time.sleep(0.2)

    def ask(self):
        while not self.stopping.is_set():
            begin, length = self.chance.randrange(3, 120), self.chance.randrange(1, 20)
            path = self.chance.choice([f"/footage?from=-{begin}s&duration={length}s", f"/snapshot?at=-{begin}s", "/recordings?limit=50",
                                       f"/timeline?from=-{begin}s&to=now", f"/playlist.m3u8?from=-{begin}s&to=-1s", "/health", f"/events?from=-{begin}s",
                                       f"/motion?from=-{begin}s&step=1", "/motion/heatmap"])
            with contextlib.suppress(OSError, http.client.HTTPException):
                status = self.rig.get(path).status
                self.clips += status == 200
                self.questions += status == 200 and path.startswith(("/events", "/motion"))
                self.refused += status in (404, 503)
                if status not in (200, 404, 503):
                    self.wrong.append(f"{path}: {status}")
            time.sleep(0.2)


# --- leaks --------------------------------------------------------------------------------------------------------------

def usage(pid):
    """(open descriptors, mappings, KB of private memory)"""
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        memory = next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        count = sum(1 for _ in maps)
    return len(os.listdir(f"/proc/{pid}/fd")), count, memory


def below(pid):
    """{pid: name} of a process and all its descendants."""
    names, parents = {}, {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", encoding="utf-8") as stat:
            head, _, rest = stat.read().rpartition(")")
            names[int(entry)], parents[int(entry)] = head.partition("(")[2], int(rest.split()[1])
    found, wave = {pid: names.get(pid, "?")}, [pid]
    while wave:
        wave = [child for child, parent in parents.items() if parent in wave]
        found.update((child, names[child]) for child in wave)
    return found


class Leaks:
    """What each long-lived process holds after it has settled, and at the end."""

    def __init__(self, rig):
        self.rig, self.seen, self.settled, self.last = rig, {}, {}, {}
        self.motion_kb = 0  # the most private memory that a recorder-motion has had

    def look(self):
        everybody = {**below(self.rig.recorderd.pid), **below(self.rig.web.pid)}
        for pid, name in everybody.items():
            if name == "ffmpeg":
                continue
            born = self.seen.setdefault((pid, name), time.monotonic())
            with contextlib.suppress(OSError, StopIteration):
                held = usage(pid)
                self.motion_kb = max(self.motion_kb, held[2] * (name == MOTION))
                if time.monotonic() - born < SETTLED_S:
                    continue
                # Usage varies with what it is doing, so this is the maximum of the first half minute after it has settled.
                before = self.settled.setdefault((pid, name), held)
                if time.monotonic() - born < SETTLED_S + 30:
                    self.settled[pid, name] = tuple(map(max, held, before))
                self.last[pid, name] = held

    def grown(self):
        slack = FD_SLACK, MAPS_SLACK, MEMORY_SLACK_KB
        return [f"{name}: {self.settled[pid, name]} -> {held}" for (pid, name), held in self.last.items()
                if any(now > before + more for now, before, more in zip(held, self.settled[pid, name], slack))]


# --- faults -------------------------------------------------------------------------------------------------------------

class Faults:
    """Each fault leaves the recorder healthy again. A full disk costs footage: those times are remembered."""

    def __init__(self, rig, seed):
        self.rig, self.chance = rig, random.Random(seed)
        self.done, self.disk_spans, self.seconds = {}, [], []

    def one(self):
        kinds = [self.unplug, self.stall, self.bad_frames, self.kill_encoder, self.kill_recorder, self.kill_motion, self.stop_motion,
                 self.fill_disk, self.hang_disk]
        kind = self.chance.choice(kinds)
        since_us = time.time_ns() // 1000
        kind()
        self.seconds.append(wait_recorded_after(self.rig, max(since_us, self.rig.camera.frames()[-1].wall_us)))
        self.done[kind.__name__] = self.done.get(kind.__name__, 0) + 1

    def for_a_while(self, begin, end):
        begin()
        time.sleep(self.chance.uniform(0.5, 4))
        end()

    def unplug(self):
        self.for_a_while(lambda: self.rig.camera.fault("unplugged"), lambda: self.rig.camera.fault("unplugged", 0))

    def stall(self):
        self.for_a_while(lambda: self.rig.camera.fault("stall"), lambda: self.rig.camera.fault("stall", 0))

    def bad_frames(self):
        for name in ("error_next", "truncate_next", "garbage_next", "empty_next"):
            self.rig.camera.fault(name, self.chance.randrange(4))
        time.sleep(1)

    def kill_encoder(self):
        kill_encoder(self.rig)

    def kill_recorder(self):
        kill_recorder(self.rig)

    def signal_motion(self, sent):
        for pid in self.rig.children(MOTION):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sent)

    def kill_motion(self):
        self.signal_motion(signal.SIGKILL)

    def stop_motion(self):
        self.for_a_while(lambda: self.signal_motion(signal.SIGSTOP), lambda: self.signal_motion(signal.SIGCONT))

    def fill_disk(self):
        begin_us = time.time_ns() // 1000
        self.for_a_while(self.rig.disk.full, lambda: self.rig.disk.full(False))
        wait_for(lambda: self.rig.get("/health").status == 200, PATIENCE_S, "footage can be written again")
        self.disk_spans.append((begin_us - US, time.time_ns() // 1000 + US))

    def hang_disk(self):
        self.for_a_while(self.rig.disk.hangs, lambda: self.rig.disk.hangs(False))

    def summary(self):
        return ", ".join(f"{count} x {name.replace('_', ' ')}" for name, count in sorted(self.done.items()))


# --- the end ------------------------------------------------------------------------------------------------------------

def unrecorded(rig, disk_spans):
    """Numbers of the frames that were taken and are in no index although the disk worked. What retention deleted does not count."""
    times, absent, at, frames = index_times(rig), [], 0, rig.camera.frames()
    offset_us = statistics.median(frame.wall_us - frame.mono_us for frame in frames)
    for frame in frames:
        wall_us = frame.mono_us + offset_us
        if wall_us < times[0] - NEAR_US or wall_us > times[-1] + NEAR_US:
            continue
        if at < len(times) and abs(times[at] - wall_us) <= NEAR_US:
            at += 1
        elif not any(begin <= wall_us <= end for begin, end in disk_spans):
            absent.append(frame.number)
    assert at == len(times), f"record {at} of the index, at {times[at]}, is not a frame of the camera, or is there twice"
    return absent


def assert_pictures(rig):
    """All frames in all segments are frames of the camera, in order."""
    shown, taken = rig.archive_numbers(), [frame.number % COUNT for frame in rig.camera.frames()]
    at = 0
    for place, number in enumerate(shown):
        try:
            at = taken.index(number, at) + 1
        except ValueError:
            raise AssertionError(f"frame {place} of {len(shown)}, number {number}: {difference(shown[place:], taken[at:])}") from None
    return len(shown)


def assert_known(rig):
    """The records of what moved are whole, valid and listed, and /events knows of no second without one. Returns how many there are."""
    count = assert_records(rig)
    stored = {second for one in rig.get("/recordings").json() for second in stored_seconds(rig, one["file"])}
    assert stored, "nothing watched what moves"
    answer = rig.get(f"/events?from={min(stored) - 60}&to={max(stored) + 60}").json()
    assert answer["covered"], answer
    for span in answer["covered"]:
        second, end = (time_us(span[name]) // US for name in ("from", "to"))
        without = [number for number in range(second, end) if number not in stored]
        assert not without, f"{span} is said to be known, but {without} have no record"
    return count


def leftovers(rig):
    """Files that should have been removed."""
    names = [name for name in os.listdir(rig.recordings) if not name.endswith((".mp4", ".idx", ".motion")) and
             not re.fullmatch(r"motion_\d{8}\.bin", name) and name not in ("recording_index.json", "recording_index.bin", ".lock", ".folder")]
    return names + ([name for name in os.listdir(rig.clips) if "tmp" in name or name.startswith(".new")] if os.path.isdir(rig.clips) else [])


def soak(rig, seconds, seed):
    """Runs for that long, stops the recorder and returns the results in a sentence."""
    faults, leaks = Faults(rig, seed), Leaks(rig)
    until = time.monotonic() + seconds
    with Clients(rig, seed) as clients:
        while time.monotonic() < until:
            faults.one()
            quiet_until = min(time.monotonic() + faults.chance.uniform(2, 20), until)
            while time.monotonic() < quiet_until:
                leaks.look()
                time.sleep(1)
    assert not clients.wrong, clients.wrong
    assert clients.frames and clients.clips and clients.questions, (clients.frames, clients.clips, clients.questions)
    wait_for(lambda: rig.get("/events?from=-10s").json()["covered"], PATIENCE_S, "it is known again what moves")
    lost = unrecorded(rig, faults.disk_spans)
    kills = faults.done.get("kill_recorder", 0)
    assert len(lost) <= kills, f"{len(lost)} frames are missing after {kills} kills of recorderd: {lost}"
    assert not leaks.grown(), leaks.grown()
    assert 0 < leaks.motion_kb <= MOTION_MAX_KB, f"{leaks.motion_kb} KB of private memory of {MOTION}"
    assert rig.stop_recorderd() == 0
    pictures, records = assert_pictures(rig), assert_known(rig)
    assert not leftovers(rig), leftovers(rig)
    held = "; ".join(f"{name} {before} -> {leaks.last[key]}" for key, before in sorted(leaks.settled.items()) for name in [key[1]])
    return (f"{faults.summary()}; recording again after {max(faults.seconds):.1f} s at most; {len(rig.camera.frames())} frames taken, {pictures} "
            f"kept on disk, {len(lost)} lost; viewers got {clients.frames} frames; {clients.clips} answers, {clients.refused} of 404 or 503; "
            f"{records} records of what moved, {clients.questions} answers about them, {leaks.motion_kb} KB of private memory at most; "
            f"descriptors, mappings, KB: {held}")
