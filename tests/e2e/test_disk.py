#!/usr/bin/env python3
"""The disk fills up, turns read-only, breaks, hangs, loses its folder: capture and live view go on, and recording resumes by itself."""
import contextlib
import glob
import http.client
import os
import shutil
import socket
import time
from urllib.parse import quote

from exact import frames_within
from faulty_rig import COUNT, assert_in_order, assert_same, main
from rig import US, wait_for

SETTINGS = {"record": {"quality": 1}, "clips": {"cache": "no"}}  # files that are larger than what a connection holds


def live_frames(rig, seconds):
    """How many pictures the live view shows in that time."""
    connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=10)
    connection.request("GET", "/stream")
    response = connection.getresponse()
    deadline, data = time.monotonic() + seconds, b""
    while time.monotonic() < deadline:
        data += response.read1(65536)
    connection.close()
    return data.count(b"Content-Type: image/jpeg")


def assert_served(rig, from_us, to_us, sources):
    """Every frame of a range, wherever it comes from."""
    answer = rig.footage(from_us, to_us)
    assert answer.status == 200, answer.body
    wanted = [frame.number % COUNT for frame in frames_within(rig.camera.frames(), from_us, to_us)]
    assert_same([number for _, number in rig.frames_of(answer.body)], wanted)
    assert answer.headers["X-Clip-Source"] in sources, answer.headers["X-Clip-Source"]


def fault(rig, begin, end, said):
    """Breaks the disk, looks whether all goes on, heals it. Returns the range of time, in whole seconds, that has it inside."""
    rig.new_frames(40)
    from_us = rig.clock.now_us() // US * US
    begin()
    wait_for(lambda: said in rig.reasons(), 8, f"/health says {said}")
    assert live_frames(rig, 1) > 20, "the live view stands still"
    to_us = rig.clock.now_us() // US * US
    rig.new_frames(5)
    assert_served(rig, from_us, to_us, ("memory", "disk, memory"))
    end()
    wait_for(lambda: rig.get("/health").status == 200, 15, "/health is content")
    rig.new_frames(30)
    rig.indexed()
    assert_served(rig, from_us, to_us, ("disk", "memory", "disk, memory"))
    return from_us, rig.clock.now_us() // US * US


def assert_gap(rig, from_us, to_us):
    told = {gap["cause"] for gap in rig.timeline(from_us, to_us)["gaps"]}
    assert told == {"disk"}, told


def test_a_full_disk_costs_neither_capture_nor_memory(rig):
    assert_gap(rig, *fault(rig, rig.disk.full, lambda: rig.disk.full(False), "No space left"))


def test_a_disk_that_turned_read_only(rig):
    assert_gap(rig, *fault(rig, rig.disk.read_only, lambda: rig.disk.read_only(False), "Read-only"))


def test_a_broken_disk(rig):
    assert_gap(rig, *fault(rig, rig.disk.broken, lambda: rig.disk.broken(False), "Input/output error"))


def test_a_disk_that_hangs_for_ten_seconds_costs_no_frame_on_it(rig):
    def end():
        assert rig.disk.get("HELD") > 0, "nobody wrote"
        time.sleep(max(0, began + 10 - time.monotonic()))
        rig.disk.hangs(False)
    began = time.monotonic()
    from_us, to_us = fault(rig, rig.disk.hangs, end, "has not answered")
    assert rig.timeline(from_us, to_us)["gaps"] == []
    assert_served(rig, from_us, to_us, ("disk",))


def slow_reader(port):
    """A connection that takes little before it is read from."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.sock = socket.socket()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sock.settimeout(20)
    connection.sock.connect(("127.0.0.1", port))
    return connection


def deleted_but_open(name):
    for link in glob.glob("/proc/[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(link).endswith(name + " (deleted)"):
                return True
    return False


def test_room_is_made_before_the_disk_is_full_and_a_download_comes_out_whole(rig):
    wait_for(lambda: len([one for one in rig.segments() if one["state"] == "complete"]) >= 3, 15, "three segments")
    complete = [one for one in rig.segments() if one["state"] == "complete"]
    oldest = complete[0]
    path = f"/footage?from={quote(oldest['start'])}&to={quote(complete[-1]['end'])}"
    whole = rig.get(path).body
    connection = slow_reader(rig.port)
    connection.request("GET", path)
    response = connection.getresponse()
    got = response.read(1000)
    rig.stop_recorderd()
    rig.write_ini({**SETTINGS, "retention": {"min_free_gb": 0.5}})
    rig.disk.set("FREE_MB", 400)
    rig.start_recorderd()
    wait_for(lambda: not any(os.path.exists(os.path.join(rig.recordings, one["file"])) for one in complete), 15, "all of it is deleted")
    rig.disk.set("FREE_MB", 0)
    assert deleted_but_open(complete[-1]["file"]), f"the download of {len(whole)} bytes was over before"
    got += response.read()
    connection.close()
    assert got == whole, f"{len(got)} bytes, not {len(whole)}"
    assert oldest["file"] not in [one["file"] for one in rig.segments()]
    assert rig.get("/recordings/" + oldest["file"]).status == 404
    wait_for(lambda: rig.get("/health").status == 200, 10, "/health is content")


def test_a_folder_that_is_deleted_is_made_again(rig):
    rig.new_frames(30)
    from_us = rig.clock.now_us() // US * US
    shutil.rmtree(rig.recordings)
    deleted_us = rig.clock.now_us()
    rig.new_frames(120)
    wait_for(lambda: os.path.isdir(rig.recordings) and os.listdir(rig.recordings), 5, "it is there again")
    rig.indexed()
    assert_served(rig, from_us, deleted_us // US * US + 3 * US, ("disk, memory", "memory", "disk"))

    def all_there():
        return all(os.path.exists(os.path.join(rig.recordings, one["file"])) for one in rig.segments())
    wait_for(all_there, 10, "only what is there is listed")
    wait_for(lambda: rig.get("/health").status == 200, 10, "/health is content")


def test_no_frame_was_lost_to_the_memory(rig):
    missed = rig.camera.frames("missed")
    assert not missed, [frame.number for frame in missed]
    assert rig.get("/camera_info").json()["lost"] == 0


def test_what_is_on_the_disk_is_whole(rig):
    assert rig.stop_recorderd() == 0
    numbers, taken = rig.archive_numbers(), rig.taken()
    assert_in_order(numbers, taken[taken.index(numbers[0]):], missing=2)


if __name__ == "__main__":
    main(globals(), settings=SETTINGS)
