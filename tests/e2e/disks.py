"""What has to go on while the disk below the recordings is in trouble, and afterwards."""
import contextlib
import glob
import http.client
import os
import shutil
import socket
import time

from exact import frames_within
from faulty_rig import COUNT, assert_same
from rig import US, wait_for


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


def slow_reader(port):
    """A connection that takes little before it is read from."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.sock = socket.socket()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sock.settimeout(20)
    connection.sock.connect(("127.0.0.1", port))
    return connection


def remove_tree(path):
    """Whole, also where the recorder puts a file into it, or renames one, in the middle of that."""
    for _ in range(100):
        try:
            shutil.rmtree(path)
            return
        except OSError as error:
            last = error
    raise last


def deleted_but_open(name):
    for link in glob.glob("/proc/[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(link).endswith(name + " (deleted)"):
                return True
    return False
