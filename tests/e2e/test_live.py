#!/usr/bin/env python3
"""Live view: every viewer gets every frame, byte by byte as the camera sent it."""
import socket
import threading
import time

from rig import jpeg_number, jpegs_by_hash, main, wait_for

NUMBERS = jpegs_by_hash()
VIEWERS = 4


class Viewer:
    """Reads parts of a multipart/x-mixed-replace answer from its socket."""

    def __init__(self, rig, path="/"):
        self.socket = socket.create_connection(("127.0.0.1", rig.port), 10)
        self.socket.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        self.stream = self.socket.makefile("rb")
        self.status = int(self.stream.readline().split()[1])
        self.headers = self.read_headers()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def read_headers(self):
        headers = {}
        while True:
            line = self.stream.readline().decode("latin-1").rstrip("\r\n")
            if not line:
                return headers
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()

    def part(self):
        """(headers, JPEG) of the next part."""
        boundary = self.headers["content-type"].split("boundary=")[1].strip('"')
        line = self.stream.readline()
        while line in (b"\r\n", b"\n"):
            line = self.stream.readline()
        assert line.rstrip() == b"--" + boundary.encode(), line
        headers = self.read_headers()
        return headers, self.stream.read(int(headers["content-length"]))

    def numbers(self, count):
        return [jpeg_number(NUMBERS, self.part()[1]) for _ in range(count)]


def assert_contiguous(numbers):
    assert None not in numbers, f"not the camera's bytes: {numbers}"
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), numbers


def watch(rig, count, seconds_frames, path="/"):
    """Numbers that `count` viewers saw at the same time."""
    seen = [None] * count

    def look(at):
        with Viewer(rig, path) as viewer:
            seen[at] = viewer.numbers(seconds_frames)
    threads = [threading.Thread(target=look, args=(at,)) for at in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def test_a_part_is_one_whole_jpeg_with_its_length(rig):
    with Viewer(rig) as viewer:
        assert viewer.status == 200 and viewer.headers["content-type"].startswith("multipart/x-mixed-replace")
        assert "no-store" in viewer.headers["cache-control"] or "no-cache" in viewer.headers["cache-control"]
        for _ in range(5):
            headers, jpeg = viewer.part()
            assert headers["content-type"] == "image/jpeg"
            assert jpeg[:2] == b"\xff\xd8" and jpeg[-2:] == b"\xff\xd9"


def test_stream_is_another_name_of_it(rig):
    with Viewer(rig, "/stream") as viewer:
        assert_contiguous(viewer.numbers(10))


def test_two_viewers_both_get_every_frame(rig):
    for numbers in watch(rig, 2, 60):
        assert_contiguous(numbers)


def test_fps_thins_evenly(rig):
    with Viewer(rig, "/?fps=10") as viewer:
        viewer.numbers(2)
        begun = time.monotonic()
        numbers = viewer.numbers(20)
        took = time.monotonic() - begun
    steps = [after - before for before, after in zip(numbers, numbers[1:])]
    assert all(2 <= step <= 4 for step in steps), steps
    assert took > 1.2, f"20 frames at 10 fps took {took:.2f} s"


def test_one_viewer_too_many_is_told_so(rig):
    viewers = [Viewer(rig) for _ in range(VIEWERS)]
    for viewer in viewers:
        viewer.part()
    with Viewer(rig) as extra:
        assert extra.status == 503 and "retry-after" in extra.headers, (extra.status, extra.headers)
    assert rig.get("/health").status == 200, "viewers never cost the API its answer"
    for viewer in viewers:
        viewer.__exit__()

    def place_is_free():
        with Viewer(rig) as viewer:
            return viewer.status == 200
    wait_for(place_is_free, 10, "the places of viewers that went are free again")


def test_bad_rates_and_cameras_are_refused(rig):
    for query, status in (("fps=0", 400), ("fps=x", 400), ("fps=-1", 400), ("camera=other", 404)):
        assert rig.get("/?" + query).status == status, query


def test_other_methods_are_refused(rig):
    assert rig.get("/", "POST").status == 405
    assert rig.get("/", "HEAD").status == 200


def test_a_viewer_stays_while_the_camera_is_away(rig):
    with Viewer(rig) as viewer:
        viewer.part()
        rig.camera.fault("unplugged")
        wait_for(lambda: rig.get("/health").status == 503, 10, "/health says that the camera is away")
        rig.camera.fault("unplugged", 0)
        newest = rig.camera.counter("number")
        wait_for(lambda: (jpeg_number(NUMBERS, viewer.part()[1]) or 0) > newest, 20, "the picture goes on")


def test_a_stopped_recorder_is_said(rig):
    rig.stop_recorderd()
    with Viewer(rig) as viewer:
        assert viewer.status == 503, viewer.status
    rig.start_recorderd()
    wait_for(rig.recording, 15, "the recorder is back")
    with Viewer(rig) as viewer:
        assert_contiguous(viewer.numbers(10))


if __name__ == "__main__":
    main(globals(), settings={"http": {"max_viewers": VIEWERS}})
