#!/usr/bin/env python3
"""A camera that lies on its side: everything that the recorder gives out is upright, and masks are those of the upright picture."""
import subprocess

from support.tap import main
from support.times import US

from clip_frames import clip_numbers

WIDTH, HEIGHT = 176, 320  # 180 lines do not fill blocks of 16
DOOR = "0,0.6,0.5,0.4"


def back(rig, data):
    """A file of the pictures as the camera sent them, without a change to their pixels."""
    shown, turned = rig.path("shown"), rig.path("turned.nut")
    with open(shown, "wb") as file:
        file.write(data)
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", shown, "-map", "0:v:0", "-fps_mode", "passthrough", "-vf", "transpose=2", "-c:v", "ffv1", turned],
                   check=True)
    return turned


def size_of(path):
    probe = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "csv=p=0", path]
    return subprocess.run(probe, capture_output=True, text=True, check=True).stdout.strip()


def assert_upright(rig, data):
    numbers = clip_numbers(back(rig, data))
    assert size_of(rig.path("shown")) == f"{WIDTH},{HEIGHT}"
    assert numbers and -1 not in numbers and numbers == list(range(numbers[0], numbers[0] + len(numbers))), numbers
    return numbers


def test_the_size_is_that_of_the_upright_picture(rig):
    assert rig.get("/camera_info").json()["resolution"] == {"width": WIDTH, "height": HEIGHT}


def test_snapshots_are_upright(rig):
    rig.new_frames(60)  # two seconds
    for path in ("/snapshot", "/snapshot?at=-1s"):
        assert_upright(rig, rig.get(path).body)


def test_recordings_and_live_video_are_upright(rig):
    rig.new_frames(60)
    rig.indexed()
    last = rig.camera.newest().wall_us
    assert len(assert_upright(rig, rig.footage(last - US, last).body)) > 20
    live = subprocess.run(f"curl -sN 'http://127.0.0.1:{rig.port}/live.mp4' | head -c 40000", shell=True, capture_output=True, check=True).stdout
    assert len(assert_upright(rig, live)) > 1


def test_a_mask_is_where_people_see_it(rig):
    back(rig, rig.get("/snapshot").body)
    grey = subprocess.run(["ffmpeg", "-v", "error", "-i", rig.path("shown"), "-vf", "format=gray", "-f", "rawvideo", "-"],
                          capture_output=True, check=True).stdout
    left, right = ([max(grey[at + x:at + x + WIDTH // 2 - 16]) for at in range(0, len(grey), WIDTH)] for x in (0, WIDTH // 2 + 16))
    below = HEIGHT * 6 // 10
    assert len(left) == HEIGHT and max(left[below:]) == 0 and min(left[:below - 16]) > 0 and min(right) > 0, (left, right)


if __name__ == "__main__":
    main(globals(), settings={"camera": {"rotate": 90}, "mask": {"door": DOOR}})
