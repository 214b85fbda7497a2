"""What has to keep working while the disk of the recordings has a fault, and afterwards."""
import contextlib
import glob
import http.client
import os
import shutil
import socket

from support import starved
from support.exact import assert_numbers, just_after, second_after
from support.faulty_rig import COUNT, assert_in_order
from support.live_video import assert_follows, live_video
from support.times import PATIENCE_S, time_us, wait_for
from support.viewer import placed

LIVE_FRAMES = 25
EDGE_US = 10000  # less than the time between two frames


def assert_live(rig):
    """Most steps from one frame of the live view to the next skip at most one frame. Live video has every frame."""
    with placed(rig, "/stream") as viewer:
        numbers = viewer.numbers(LIVE_FRAMES)
    steps = sorted(after - before for before, after in zip(numbers, numbers[1:]))
    assert steps[0] > 0 and steps[len(steps) // 2] <= 2, numbers
    with live_video(rig) as viewer:
        assert viewer.read(LIVE_FRAMES)
    assert_follows(viewer.numbers())


def assert_served(rig, from_us, to_us, sources):
    """The clip of a range has every frame, wherever it comes from."""
    answer = rig.footage(from_us, to_us)
    assert answer.status == 200, answer.body
    assert_numbers([number for _, number in rig.frames_of(answer.body)], rig.camera.frames(), from_us, to_us, COUNT)
    assert answer.headers["X-Clip-Source"] in sources, answer.headers["X-Clip-Source"]


def fault(rig, begin, end, sentence):
    """Breaks the disk, checks that everything continues, and heals it. Returns the range of time around the fault, with nothing before it."""
    rig.indexed()
    from_us = second_after(rig.camera.newest())
    rig.new_frames(40)
    begin()
    wait_for(lambda: sentence in rig.reasons(), PATIENCE_S, f"/health reports {sentence}")
    assert_live(rig)
    to_us = just_after(rig.camera.newest())
    rig.new_frames(5)
    assert_served(rig, from_us, to_us, ("memory", "disk, memory"))
    end()
    wait_for(lambda: rig.get("/health").status == 200, PATIENCE_S, "/health has no complaint")
    rig.new_frames(30)
    end_us = just_after(rig.camera.newest())
    rig.indexed()
    assert_served(rig, from_us, to_us, ("disk", "memory", "disk, memory"))
    return from_us, end_us


def assert_all_on_disk(rig):
    """Everything since the archive begins is on the disk, in order, except for gaps that the timeline names."""
    frames, numbers = rig.camera.frames(), rig.archive_numbers()
    listed = [gap for gap in rig.timeline(frames[0].wall_us, just_after(frames[-1]))["gaps"] if gap["cause"] in ("disk", "deleted")]
    gaps = [(time_us(gap["from"]) - EDGE_US, time_us(gap["to"]) - EDGE_US) for gap in listed]
    wanted = [frame.number % COUNT for frame in frames if not any(from_us <= frame.wall_us < to_us for from_us, to_us in gaps)]
    assert_in_order(numbers, wanted[wanted.index(numbers[0]):], missing=2)


def assert_none_missed(rig):
    """Every frame was taken from the camera, and the recorder counts none as lost."""
    assert rig.get("/camera_info").json()["lost"] <= len(rig.camera.frames("missed"))
    starved.assert_none_missed(rig.camera, rig.delays)


def assert_gap(rig, from_us, to_us):
    causes = {gap["cause"] for gap in rig.timeline(from_us, to_us)["gaps"]}
    assert causes == {"disk"}, causes


def slow_reader(port):
    """A connection that buffers little until it is read."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.sock = socket.socket()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sock.settimeout(PATIENCE_S)
    connection.sock.connect(("127.0.0.1", port))
    return connection


def remove_tree(path):
    """Removes a folder, even if the recorder creates or renames a file in it at the same time."""
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
