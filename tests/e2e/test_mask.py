#!/usr/bin/env python3
"""What is masked is black in everything that the recorder gives out, and from the first frame of a new mask on."""
import os
import signal
import subprocess

from support.tap import main
from support.times import PATIENCE_S, US, time_us, wait_for

WIDTH, HEIGHT = 320, 180
STREET, WINDOW = "0.25,0.5,0.25,0.3", "0.6,0.4,0.1,0.5"
BLACK = 10  # of 255, which video may have instead of 0
EDGE = 6    # pixels at an edge that scaling and H.264 mix with those beside it


def settings(**masks):
    return {"mask": masks, "http": {"allow_control": "yes"}}


def region(path, area, options=()):
    """The grey values within an area of each picture, as one list per picture."""
    x, y, width, height = (round(float(number) * side) for number, side in zip(area.split(","), (WIDTH, HEIGHT, WIDTH, HEIGHT)))
    x, y, width, height = x + EDGE, y + EDGE, width - 2 * EDGE, height - 2 * EDGE
    crop = f"scale={WIDTH}:{HEIGHT},crop={width}:{height}:{x}:{y}:exact=1"
    grey = subprocess.run(["ffmpeg", "-v", "error", *options, "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-vf", f"format=gray,{crop}",
                           "-f", "rawvideo", "-"], capture_output=True, check=True).stdout
    size = width * height
    return [grey[at:at + size] for at in range(0, len(grey), size)]


def is_black(pixels):
    return max(pixels) <= BLACK


def assert_masked(rig, data, *areas, options=()):
    """In each picture, these areas are black, and the one beside them is not. Returns how many pictures there are."""
    path = rig.path("shown")
    with open(path, "wb") as file:
        file.write(data)
    for area in areas:
        assert all(is_black(pixels) for pixels in region(path, area, options)), area
    beside = region(path, "0.05,0.5,0.1,0.3", options)
    assert beside and not any(is_black(pixels) for pixels in beside)
    return len(beside)


def beginning(rig, path, size):
    """The first bytes of an answer without an end."""
    url = f"http://127.0.0.1:{rig.port}{path}"
    done = subprocess.run(f"curl -sN '{url}' | head -c {size}", shell=True, capture_output=True, check=True)
    return done.stdout


def whole_parts(data):
    """The complete pictures of a multipart stream."""
    return data[:data.rindex(b"\xff\xd9") + 2]


def test_the_camera_says_what_is_masked(rig):
    assert rig.get("/camera_info").json()["masks"] == [{"name": "street", "area": STREET}]


def test_live_pictures_and_snapshots_are_masked(rig):
    assert assert_masked(rig, whole_parts(beginning(rig, "/", 60000)), STREET, options=["-f", "mpjpeg", "-strict_mime_boundary", "1"]) > 1
    for path in ("/snapshot", "/snapshot?at=-1s", "/snapshot?at=-1s&width=160", "/snapshot.jpg"):
        answer = rig.get(path)
        assert answer.status == 200, (path, answer.status, answer.body)
        assert assert_masked(rig, answer.body, STREET) == 1


def test_live_video_is_masked(rig):
    assert assert_masked(rig, beginning(rig, "/live.mp4", 40000), STREET) > 1


def test_recordings_and_clips_are_masked(rig):
    rig.new_frames(40)
    rig.indexed()
    newest, *_ = rig.get("/recordings").json()
    assert assert_masked(rig, rig.get(f"/recordings/{newest['file']}").body, STREET) > 30
    last = rig.camera.newest().wall_us
    clip = rig.footage(last - 2 * US, last)
    assert clip.status == 200 and assert_masked(rig, clip.body, STREET) > 10


def test_a_frame_that_cannot_be_masked_is_dropped(rig):
    before = rig.streaming()["damaged"]
    rig.camera.fault("undecodable_next", 3)
    wait_for(lambda: rig.camera.fault_left("undecodable_next") == 0, PATIENCE_S, "damaged frames were sent")
    rig.new_frames(10)
    wait_for(lambda: rig.streaming() and rig.streaming()["damaged"] >= before + 3, PATIENCE_S, "they are counted")
    assert "impossible to mask or turn" in rig.log(), rig.log()


def reload(rig, **masks):
    before = len(rig.log())
    rig.write_ini(settings(**masks))
    rig.recorderd.send_signal(signal.SIGHUP)
    wait_for(lambda: "was read again" in rig.log()[before:], PATIENCE_S, "the configuration is read")
    wait_for(lambda: {one["name"] for one in rig.get("/camera_info").json().get("masks", [])} == set(masks) and rig.streaming(), PATIENCE_S,
             "the new masks are used")


def oldest_us(rig):
    return time_us(rig.get("/camera_info").json()["memory"]["from"])


def test_a_new_mask_empties_the_memory_and_records_on(rig):
    last = rig.camera.newest().wall_us
    video = os.stat(f"/dev/shm/recorder.{rig.name}.video").st_ino
    reload(rig, street=STREET, window=WINDOW)
    wait_for(lambda: oldest_us(rig) > last, PATIENCE_S, "only new frames are in memory")
    assert os.stat(f"/dev/shm/recorder.{rig.name}.video").st_ino != video
    assert assert_masked(rig, rig.get("/snapshot").body, STREET, WINDOW) == 1
    rig.new_frames(40)
    rig.indexed()
    first = -(-oldest_us(rig) // US) * US  # a clip begins at a whole second
    wait_for(lambda: rig.newest_indexed_us() > first + US, PATIENCE_S, "a second of it is recorded")
    clip = rig.footage(first, first + US)
    assert clip.status == 200 and assert_masked(rig, clip.body, STREET, WINDOW) > 10
    gaps = rig.get(f"/timeline?from={last / US - 1}&to={first / US + 1}").json()["gaps"]
    assert [gap["cause"] for gap in gaps] == ["format"], gaps


def test_a_recorder_that_starts_with_another_mask_forgets_what_memory_has(rig):
    last = rig.camera.newest().wall_us
    rig.stop_recorderd(signal.SIGKILL)
    rig.write_ini(settings(window=WINDOW))
    rig.start_recorderd()
    wait_for(lambda: rig.streaming() and oldest_us(rig) > last, PATIENCE_S, "only new frames are in memory")
    assert "[mask] has changed" in rig.log()
    assert assert_masked(rig, rig.get("/snapshot").body, WINDOW) == 1


def test_an_invalid_mask_prevents_the_start_and_a_reload(rig):
    before = len(rig.log())
    rig.write_ini(settings(window="0.9,0.9,0.2,0.2"))
    rig.recorderd.send_signal(signal.SIGHUP)
    wait_for(lambda: "the settings stay as they were" in rig.log()[before:], PATIENCE_S, "it is refused")
    assert "[mask] window= reaches past the edge" in rig.log()[before:]
    assert assert_masked(rig, rig.get("/snapshot").body, STREET) == 1
    checked = subprocess.run([rig.recorderd_path, "--check", "-c", rig.ini], capture_output=True, text=True, check=False)
    assert checked.returncode == 1 and "[mask] window=" in checked.stderr, checked


def as_at_first(rig):
    """Restores the first mask, whatever a previous case has left."""
    if rig.recorderd.poll() is not None:
        rig.start_recorderd()
    reload(rig, street=STREET)


if __name__ == "__main__":
    main(globals(), as_at_first, settings=settings(street=STREET))
