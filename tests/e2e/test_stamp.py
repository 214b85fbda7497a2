#!/usr/bin/env python3
"""The time in the recorded picture is that of its frame, to the second: across runs, a step of the clock and the end of summer time."""
import os
import re
import signal
import stat
import subprocess
import sys
import time

from support.exact import just_after
from support.faulty_rig import COUNT, FaultyRig
from support.tap import run_tests
from support.times import PATIENCE_S, US, wait_for

from clip_frames import clip_numbers, run

ZONE = "Europe/Berlin"
SUMMER_ENDS = 1792890000  # 2026-10-25, 01:00 UTC: 03:00 becomes 02:00
WIDTH, HEIGHT = 140, 20  # of the corner with the time
FONT, SIZE = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf", 10
SETTINGS = {"record": {"segment_seconds": 3600, "stamp": "yes", "stamp_corner": "bottom-right"}}


class StampRig(FaultyRig):
    def __init__(self):
        super().__init__(SETTINGS)
        self.environment["TZ"] = ZONE
        self.clock.set(SUMMER_ENDS - 600)


def text_of(second):
    os.environ["TZ"] = ZONE
    time.tzset()
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))


def light(grey):
    """The pixels of a corner that are white."""
    return bytes(value > 150 for value in grey)


def corners(path):
    """The corner of each frame of a video."""
    grey = run(["ffmpeg", "-v", "error", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough",
                "-vf", f"crop={WIDTH}:{HEIGHT}:iw-{WIDTH}:ih-{HEIGHT}", "-f", "rawvideo", "-pix_fmt", "gray", "-"])
    return [light(grey[at:at + WIDTH * HEIGHT]) for at in range(0, len(grey), WIDTH * HEIGHT)]


def drawn(text):
    """The same corner with a text that FFmpeg has drawn into a grey picture."""
    escaped = text.replace(":", r"\\:")
    drawtext = f"drawtext=fontfile={FONT}:fontsize={SIZE}:fontcolor=white:box=1:boxcolor=black@0.5:boxborderw=2:x=w-tw-5:y=h-th-5:text={escaped}"
    grey = run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=gray:s=320x180", "-frames:v", "1",
                "-vf", f"{drawtext},crop={WIDTH}:{HEIGHT}:iw-{WIDTH}:ih-{HEIGHT}", "-f", "rawvideo", "-pix_fmt", "gray", "-"])
    return light(grey)


def box_around(pixels):
    """The positions within the box around the white ones."""
    rows = [at // WIDTH for at, white in enumerate(pixels) if white]
    columns = [at % WIDTH for at, white in enumerate(pixels) if white]
    return [row * WIDTH + column for row in range(min(rows), max(rows) + 1) for column in range(min(columns), max(columns) + 1)]


class Reader:
    """Reads the time in a corner: which of some seconds looks most like it."""

    def __init__(self):
        self.known = {}

    def unlike(self, corner, second):
        """How many pixels of the text are not those of that second."""
        text = text_of(second)
        if text not in self.known:
            pixels = drawn(text)
            self.known[text] = pixels, box_around(pixels)
        pixels, box = self.known[text]
        return sum(corner[at] != pixels[at] for at in box)

    def read(self, corner, near):
        return text_of(min(range(near - 2, near + 3), key=lambda second: self.unlike(corner, second)))


def assert_stamped(rig, from_us, to_us):
    """Each frame of the clip has its own time."""
    answer = rig.footage(from_us, to_us)
    assert answer.status == 200, (answer.status, answer.body)
    with open(rig.path("stamped.mp4"), "wb") as clip:
        clip.write(answer.body)
    taken = {frame.number % COUNT: frame.wall_us for frame in rig.camera.frames()}
    reader, shown = Reader(), clip_numbers(rig.path("stamped.mp4"))
    for number, corner in zip(shown, corners(rig.path("stamped.mp4")), strict=True):
        second = taken[number] // US
        assert reader.read(corner, second) == text_of(second), (number, taken[number], reader.read(corner, second))
    return len(shown)


def test_each_frame_has_its_time_when_summer_time_ends(rig):
    rig.clock.set(SUMMER_ENDS - 4)  # only now, because a busy machine may take longer to start a recorder
    wait_for(lambda: rig.newest_indexed_us() > (SUMMER_ENDS + 3) * US, PATIENCE_S, "frames of both hours are recorded")
    assert assert_stamped(rig, (SUMMER_ENDS - 3) * US, (SUMMER_ENDS + 2) * US) > 60
    shown = [frame.wall_us for frame in rig.camera.frames()]
    assert any((SUMMER_ENDS - 3) * US < at_us < SUMMER_ENDS * US for at_us in shown), "there are frames of summer time"


def test_and_after_a_new_run_and_a_step_of_the_clock(rig):
    from_us = rig.camera.newest().wall_us // US * US
    os.kill(rig.children("ffmpeg")[0], signal.SIGKILL)
    rig.new_frames(40)
    rig.clock.step(7200.3)
    rig.new_frames(40)
    to_us = just_after(rig.camera.newest())
    rig.indexed()
    assert assert_stamped(rig, from_us, to_us) > 60


def test_snapshots_of_memory_have_none(rig):
    rig.new_frames(3)
    picture, now = rig.get("/snapshot"), rig.camera.newest().wall_us // US
    with open(rig.path("now.jpg"), "wb") as file:
        file.write(picture.body)
    corner, = corners(rig.path("now.jpg"))
    rig.indexed()
    frame = rig.camera.frames()[-30]
    assert assert_stamped(rig, frame.wall_us, frame.wall_us + 1)
    reader, stamped = Reader(), corners(rig.path("stamped.mp4"))[0]
    unlike = min(reader.unlike(corner, second) for second in range(now - 5, now + 1))
    like = reader.unlike(stamped, frame.wall_us // US)
    assert unlike > 2 * like, (unlike, like)


def test_an_ffmpeg_that_cannot_draw_records_without_it_and_health_says_so(_rig):
    with FaultyRig(SETTINGS) as rig:
        real = subprocess.run(["which", "ffmpeg"], capture_output=True, text=True, check=True).stdout.strip()
        script = rig.path("ffmpeg")
        with open(script, "w", encoding="ascii") as file:
            file.write(f"""#!/bin/sh
for word; do case $word in *drawtext*) echo "No such filter: 'drawtext'" >&2; exit 1;; esac; done
exec {real} "$@"
""")
        os.chmod(script, stat.S_IRWXU)
        rig.environment["PATH"] = rig.folder + ":" + rig.environment["PATH"]
        rig.start()
        wait_for(rig.newest_indexed_us, PATIENCE_S, "it records")
        assert re.search(r"record\.stamp.*drawtext", rig.warnings()), rig.warnings()


if __name__ == "__main__":
    with StampRig() as stamped:
        stamped.start()
        status = run_tests(globals(), stamped)
    sys.exit(status)
