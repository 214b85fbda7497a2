#!/usr/bin/env python3
"""Recordings on small file systems of their own, a tmpfs and an ext4, that are full, emptied, frozen, read-only or replaced."""
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

from support.disks import assert_all_on_disk, assert_gap, assert_none_missed, assert_served, deleted_but_open, fault, remove_tree, slow_reader
from support.exact import just_after, second_after
from support.faulty_rig import FaultyRig
from support.made_archive import make_archive
from support.tap import run_tests
from support.times import PATIENCE_S, wait_for

SIZE_MB = 64
MADE = 36  # segments of 0.9 MB; about as much remains for the camera
SETTINGS = {"record": {"quality": 1}, "clips": {"cache": "no"}, "retention": {"hours": 0, "min_free_gb": 0.012}}


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)


class SmallDisk(FaultyRig):
    """A rig whose recordings are on a file system of their own."""

    def __init__(self, kind):
        super().__init__(SETTINGS)
        self.kind, self.disk_path = kind, self.path("disk")
        os.mkdir(self.disk_path)
        self.mount()
        self.recordings = os.path.join(self.disk_path, "recordings")
        self.made = make_archive(self.recordings, MADE, link=False)
        self.made_files = sorted(name for name in os.listdir(self.recordings) if name.endswith(".mp4"))
        self.write_ini(SETTINGS)

    def write_ini(self, settings):
        super().write_ini({**settings, "record": {**settings.get("record", {}), "directory": self.recordings}})

    def mount(self):
        """Mounts it, over whatever is mounted there already."""
        if self.kind == "tmpfs":
            run("mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "none", self.disk_path)
            return
        image = tempfile.mktemp(dir=self.folder, suffix=".img")
        with open(image, "wb") as file:
            file.truncate(SIZE_MB << 20)
        run("mkfs.ext4", "-q", "-F", image)
        run("mount", "-o", "loop", image, self.disk_path)

    def __exit__(self, *why):
        self.stop()
        while os.path.ismount(self.disk_path):
            run("umount", "-l", self.disk_path)
        super().__exit__(*why)

    def restore(self):
        """Restores the usual state, whatever a failed case may have left on the disk."""
        if self.kind == "ext4":
            subprocess.run(["fsfreeze", "-u", self.disk_path], check=False, capture_output=True)
        if os.statvfs(self.disk_path).f_flag & os.ST_RDONLY:
            self.mount()
        with contextlib.suppress(FileNotFoundError):
            self.empty()
        super().restore()

    # -- what is wrong with it

    def free_bytes(self):
        disk = os.statvfs(self.disk_path)
        return disk.f_bavail * disk.f_frsize

    def other(self):
        return os.path.join(self.disk_path, "other")

    def take(self, size_bytes):
        """Another program writes a file of that size."""
        with open(self.other(), "wb") as file:
            os.posix_fallocate(file.fileno(), 0, size_bytes)

    def fill(self):
        """Fills the disk to the last byte, including what is reserved for root."""
        with open(self.other(), "wb", buffering=0) as file:
            for piece in (1 << 20, 4096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(piece))

    def empty(self):
        os.unlink(self.other())


def removed(rig):
    left = set(os.listdir(rig.recordings))
    return [name for name in rig.made_files if name not in left]


def test_room_is_made_before_the_disk_is_full_and_a_download_comes_out_whole(rig):
    path = f"/footage?from={rig.made[0]}&to={rig.made[0] + 20 * 600}"
    whole = rig.get(path).body
    connection = slow_reader(rig.port)
    connection.request("GET", path)
    response = connection.getresponse()
    got = response.read(1000)
    rig.take(rig.free_bytes() - (8 << 20))
    wait_for(lambda: len(removed(rig)) >= 4, PATIENCE_S, "the oldest segments are removed")
    rig.new_frames(90)
    gone = removed(rig)
    assert gone == rig.made_files[:len(gone)] and len(gone) < MADE - 10, gone
    assert deleted_but_open(gone[0]), "the download was over before"
    got += response.read()
    connection.close()
    assert got == whole, f"{len(got)} bytes, expected {len(whole)}"
    assert rig.get("/health").status == 200, rig.get("/health").body
    rig.empty()


def test_a_full_disk_where_nothing_may_be_deleted(rig):
    assert rig.stop_recorderd() == 0
    rig.write_ini({**SETTINGS, "retention": {"hours": 0, "min_free_gb": 0}})
    rig.start_recorderd()
    wait_for(lambda: rig.get("/health").status == 200, PATIENCE_S, "the recorder is healthy again")
    before = removed(rig)
    assert_gap(rig, *fault(rig, rig.fill, rig.empty, "No space left"))
    assert removed(rig) == before, "something was deleted"


def test_a_disk_that_hangs_for_ten_seconds_costs_no_frame_on_it(rig):
    began = time.monotonic()

    def end():
        time.sleep(max(0, began + 10 - time.monotonic()))  # the subject is how long it hangs
        run("fsfreeze", "-u", rig.disk_path)
    from_us, to_us = fault(rig, lambda: run("fsfreeze", "-f", rig.disk_path), end, "has not responded")
    assert rig.timeline(from_us, to_us)["gaps"] == []
    assert_served(rig, from_us, to_us, ("disk",))


def test_a_folder_that_is_deleted_is_made_again(rig):
    from_us = second_after(rig.camera.newest())
    rig.new_frames(30)
    remove_tree(rig.recordings)
    rig.new_frames(90)
    to_us = just_after(rig.camera.newest())
    rig.new_frames(30)
    wait_for(lambda: os.path.isdir(rig.recordings) and os.listdir(rig.recordings), PATIENCE_S, "the folder is there again")
    rig.indexed()
    assert_served(rig, from_us, to_us, ("disk, memory", "memory", "disk"))
    wait_for(lambda: rig.get("/health").status == 200, PATIENCE_S, "/health has no complaint")


def test_a_disk_that_turned_read_only_and_is_replaced(rig):
    from_us = second_after(rig.camera.newest())
    rig.new_frames(40)
    run("mount", "-o", "remount,abort", rig.disk_path)  # as the kernel does after an error
    wait_for(lambda: "Read-only" in rig.reasons(), PATIENCE_S, "/health reports it")
    rig.new_frames(60)
    to_us = just_after(rig.camera.newest())
    rig.new_frames(5)
    assert_served(rig, from_us, to_us, ("memory", "disk, memory"))
    rig.mount()
    wait_for(lambda: rig.get("/health").status == 200, PATIENCE_S, "/health has no complaint")
    rig.new_frames(30)
    rig.indexed()
    assert_served(rig, from_us, to_us, ("memory",))
    wait_for(lambda: all(os.path.exists(os.path.join(rig.recordings, one["file"])) for one in rig.segments()), PATIENCE_S, "only existing segments are listed")


def test_no_frame_was_lost_from_the_memory(rig):
    assert_none_missed(rig)


def test_everything_on_the_disk_is_whole(rig):
    assert rig.stop_recorderd() == 0
    assert_all_on_disk(rig)


TESTS_OF_EXT4 = (test_a_disk_that_hangs_for_ten_seconds_costs_no_frame_on_it, test_a_disk_that_turned_read_only_and_is_replaced)


class Disks:
    """Stands for the rig with the kind of file system whose tests are running."""

    def __init__(self, stack):
        self.stack, self.rig = stack, None

    def __getattr__(self, name):
        return getattr(self.rig, name)

    def on(self, kind, test):
        def one(_):
            if self.rig is None or self.rig.kind != kind:
                self.stack.close()
                self.rig = self.stack.enter_context(SmallDisk(kind))
                self.rig.start()
                self.rig.new_frames(30)
            self.rig.restore()
            test(self.rig)
        one.__name__ = f"test_{kind}_{test.__name__[len('test_'):]}"
        return one


def may_mount():
    folder = tempfile.mkdtemp()
    try:
        run("mount", "-t", "tmpfs", "none", folder)
        run("umount", folder)
        return bool(shutil.which("mkfs.ext4", path=os.environ["PATH"] + ":/usr/sbin:/sbin"))
    except (OSError, subprocess.CalledProcessError):
        return False
    finally:
        os.rmdir(folder)


def main():
    if not may_mount():
        print("1..0 # SKIP needs root, to mount file systems, and mkfs.ext4 (e2fsprogs)")
        return 0
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    cases = [value for name, value in globals().items() if name.startswith("test_")]
    with contextlib.ExitStack() as stack:
        disks = Disks(stack)
        tests = [disks.on(kind, case) for kind in ("tmpfs", "ext4") for case in cases if kind == "ext4" or case not in TESTS_OF_EXT4]
        return run_tests({test.__name__: test for test in tests}, disks)


if __name__ == "__main__":
    sys.exit(main())
