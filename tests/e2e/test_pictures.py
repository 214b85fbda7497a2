#!/usr/bin/env python3
"""Any second of the archive as a picture: the right one, made only once, one at a time, and the newest request first."""
import contextlib
import datetime
import http.client
import os
import subprocess
import threading
import time

from support.camera import jpeg_number, jpegs, jpegs_by_hash
from support.exact import EDGE_US
from support.rig import Answer
from support.tap import main
from support.times import US, wait_for

from clip_frames import clip_numbers

NUMBERS = jpegs_by_hash()
SECONDS = 14
NEAR_US = 60 * US
MS_US = 1000  # X-Timestamp has milliseconds
LEVELS = 6    # of 255, by which compression changes the average of a region; video taken for the wrong range is 16 off


def archive(rig):
    """[from, to) of whole seconds that are on the disk and no longer in the memory."""
    def taken_us():
        frames = rig.camera.frames()
        return frames[-1].wall_us - frames[0].wall_us if frames else 0
    wait_for(lambda: taken_us() > (SECONDS + 8) * US, SECONDS + 60, f"{SECONDS} s are recorded")
    first = -(-rig.camera.frames()[0].wall_us // US)
    return first, first + SECONDS


def timestamp_us(answer):
    return round(datetime.datetime.fromisoformat(answer.headers["X-Timestamp"]).timestamp() * US)


def assert_is_of(rig, answer, at_us):
    """The picture shows the first frame of that second, and X-Timestamp is its time."""
    path = rig.path(f"still-{threading.get_ident()}.jpg")
    with open(path, "wb") as file:
        file.write(answer.body)
    number, = clip_numbers(path)
    second = at_us // US * US
    firsts = {first.number: first for first in (next(frame for frame in rig.camera.frames() if frame.wall_us >= second + edge_us)
                                                for edge_us in (-EDGE_US, EDGE_US))}
    assert number in firsts, (number, list(firsts))
    assert abs(timestamp_us(answer) - firsts[number].wall_us) <= MS_US + EDGE_US, (answer.headers["X-Timestamp"], firsts[number].wall_us)


def test_a_second_that_is_no_longer_in_memory_is_shown_by_its_key_frame(rig):
    first, end = archive(rig)
    for at in (first + 0.1, first + 3.9, (first + end) // 2):
        for width in ("", "&width=160"):
            answer = rig.get(f"/snapshot?at={at:.3f}{width}")
            assert answer.status == 200 and jpeg_number(NUMBERS, answer.body) is None, answer.status
            assert_is_of(rig, answer, int(at * US))


def regions(rig, picture):
    """The average red, green and blue of each of 16 x 9 regions, as a player shows them."""
    path = rig.path("regions")
    with open(path, "wb") as file:
        file.write(picture)
    command = ["ffmpeg", "-v", "error", "-i", path, "-frames:v", "1", "-vf", "format=rgb24,scale=16:9:flags=area", "-f", "rawvideo", "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def test_footage_has_the_colours_of_the_jpegs(rig):
    first, _ = archive(rig)
    clip, still = rig.get(f"/footage?from={first + 1}&to={first + 2}"), rig.get(f"/snapshot?at={first + 1}")
    assert clip.headers["X-Clip-Source"] == "disk" and still.status == 200, (clip.status, still.status)
    for made in (clip.body, still.body):
        shown = regions(rig, made)
        number = clip_numbers(rig.path("regions"))[0]
        sent = regions(rig, jpegs()[number])
        differences = [abs(a - b) for a, b in zip(shown, sent)]
        assert len(sent) == 16 * 9 * 3 and min(sent) < 16 and max(sent) > 235 and max(differences) <= LEVELS, differences


def test_video_has_the_limited_range_that_every_browser_shows_right(rig):
    first, _ = archive(rig)
    path = rig.path("range.mp4")
    with open(path, "wb") as file:
        file.write(rig.get(f"/footage?from={first + 1}&to={first + 2}").body)
    command = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=pix_fmt,color_range,color_space", "-of", "csv=p=0", path]
    probed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert probed == "yuv420p,tv,smpte170m", probed


def decoders(rig):
    """How many FFmpegs the web server's workers run."""
    parents, names = {}, {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8") as stat:
                name, rest = stat.read().split("(", 1)[1].rsplit(")", 1)
        except OSError:
            continue
        parents[int(entry)], names[int(entry)] = int(rest.split()[1]), name
    below = {rig.web.pid}
    while True:
        more = {pid for pid, parent in parents.items() if parent in below} - below
        if not more:
            return sum(names.get(pid) == "ffmpeg" for pid in below)
        below |= more


class Watch(threading.Thread):
    def __init__(self, rig):
        super().__init__()
        self.rig, self.most, self.stop = rig, 0, False

    def run(self):
        while not self.stop:
            self.most = max(self.most, decoders(self.rig))
            time.sleep(0.005)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop = True
        self.join()


def sent(rig, path):
    """A connection with a request; its answer is read later."""
    connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=60)
    connection.request("GET", path)
    return connection


def answer_of(connection):
    response = connection.getresponse()
    return Answer(response.status, response.headers, response.read())


def test_a_picture_is_made_only_once(rig):
    first, _ = archive(rig)
    wanted = rig.get(f"/snapshot?at={first + 5}&width=192")
    with Watch(rig) as watch:
        answers = [rig.get(f"/snapshot?at={first + 5 + number / 50:.2f}&width=192") for number in range(40)]
    assert all(answer.body == wanted.body and answer.headers["X-Timestamp"] == wanted.headers["X-Timestamp"] for answer in answers)
    assert watch.most == 0, watch.most


def test_pictures_are_made_one_at_a_time_and_the_last_request_is_answered(rig):
    first, end = archive(rig)
    watch = Watch(rig)
    instants = [first + (end - first) * number / 60 for number in range(60)]
    with watch, contextlib.ExitStack() as stack:
        asked = []
        for at in instants:  # one after the other, as somebody drags along the timeline
            asked.append(stack.enter_context(contextlib.closing(sent(rig, f"/snapshot?at={at:.3f}&width=144"))))
            time.sleep(0.05)
        answers = [answer_of(one) for one in asked]
    assert watch.most == 1, watch.most
    for at, answer in zip(instants, answers):
        assert answer.status in (200, 503), (answer.status, answer.body)
        if answer.status == 503:
            assert answer.headers["Retry-After"] and "newest" in answer.detail.lower(), answer.detail
            continue
        assert abs(timestamp_us(answer) - at * US) < NEAR_US
        assert_is_of(rig, answer, timestamp_us(answer) + 1000)
    assert answers[-1].status == 200
    assert_is_of(rig, answers[-1], int(instants[-1] * US))


if __name__ == "__main__":
    main(globals(), settings={"memory": {"minutes": 0.1, "max_mb": 16}})
