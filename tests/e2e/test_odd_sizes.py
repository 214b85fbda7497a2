#!/usr/bin/env python3
"""A camera of 321x191, as thermal cameras and loopback feeds have them: video has even sizes, so one column and one line are cropped."""
import json
import os
import subprocess
import tempfile

from support import BUILD
from support.exact import assert_exact, frames_within
from support.tap import main
from support.times import PATIENCE_S, US, wait_for

WIDTH, HEIGHT, COUNT = 321, 191, 1200
SECONDS = 4


def make_frames(folder):
    path = os.path.join(folder, "odd.frames")
    subprocess.run([os.path.join(BUILD, "tests/tools/make_frames"), "-s", f"{WIDTH}x{HEIGHT}", "-b", "7000", "-n", str(COUNT), path], check=True)
    return path


def size_of(rig, data):
    path = rig.path("picture")
    with open(path, "wb") as file:
        file.write(data)
    output = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=width,height", "-of", "json", path],
                            capture_output=True, check=True).stdout
    stream, = json.loads(output)["streams"]
    return stream["width"], stream["height"]


def whole_span(rig):
    """SECONDS whole seconds of frames that the camera has sent."""
    wait_for(lambda: rig.camera.frames()[-1].wall_us - rig.camera.frames()[0].wall_us > (SECONDS + 2) * US, 60, f"{SECONDS} s of frames")
    first = -(-rig.camera.frames()[0].wall_us // US) * US
    return first, first + SECONDS * US


def test_it_is_recorded_exactly_in_an_even_size(rig):
    from_us, to_us = whole_span(rig)
    wait_for(lambda: rig.newest_indexed_us() > to_us, PATIENCE_S, "the seconds are recorded")
    assert_exact(rig, from_us, to_us, COUNT)
    answer = rig.footage(from_us, to_us)
    assert answer.headers["X-Clip-Source"] == "disk", answer.headers["X-Clip-Source"]
    assert size_of(rig, answer.body) == (WIDTH - 1, HEIGHT - 1)
    assert rig.get("/health").status == 200


def test_live_pictures_are_as_the_camera_sent_them(rig):
    assert rig.get("/camera_info").json()["resolution"] == {"width": WIDTH, "height": HEIGHT}
    assert size_of(rig, rig.get("/snapshot").body) == (WIDTH, HEIGHT)


def test_snapshots_of_any_width_have_its_shape(rig):
    from_us, _ = whole_span(rig)
    for at in ("now", f"{from_us // US}"):
        for width in (160, 161):
            answer = rig.get(f"/snapshot?at={at}&width={width}")
            assert answer.status == 200, answer.body
            wide, high = size_of(rig, answer.body)
            assert wide == width and abs(high - width * HEIGHT / WIDTH) <= 2, (wide, high)


def test_a_timelapse_has_the_even_size(rig):
    from_us, to_us = whole_span(rig)
    answer = rig.get(f"/footage?from={from_us // US}&to={to_us // US}&speed=2")
    assert answer.status == 200, answer.body
    assert size_of(rig, answer.body) == (WIDTH - 1, HEIGHT - 1)


def test_what_only_memory_has_joins_what_is_on_disk(rig):
    """The part from memory is cropped as the recording is, so that the recording need not be encoded again."""
    rig.get("/control?recording=off", method="POST", body=b"")
    off_us = rig.camera.newest().wall_us
    wait_for(lambda: rig.camera.newest().wall_us > off_us + 4 * US, 60, "frames that are not recorded")
    from_us, to_us = off_us // US * US - US, off_us // US * US + 3 * US
    answer = rig.footage(from_us, to_us)
    assert answer.status == 200 and "memory" in answer.headers["X-Clip-Source"], (answer.status, answer.headers.items())
    assert_exact(rig, from_us, to_us, COUNT)
    assert size_of(rig, answer.body) == (WIDTH - 1, HEIGHT - 1)
    assert frames_within(rig.camera.frames(), from_us, to_us)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="recorder-odd-") as own:
        main(globals(), settings={"http": {"allow_control": "yes"}}, frames=make_frames(own))
