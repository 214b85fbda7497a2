#!/usr/bin/env python3
"""File systems are mounted over the folders of recordings and clips, unmounted, and mounted again, while everything runs."""
import contextlib
import os
import shutil
import sys
import threading

from support.exact import assert_exact, just_after, second_after
from support.faulty_rig import assert_same
from support.mounted import MountedRig, is_allowed, numbers, run
from support.tap import run_tests
from support.times import PATIENCE_S, US, wait_for

OTHER_FOLDER = "is not the folder of the last run"


def a_second(rig):
    """The next whole second, once it is recorded."""
    second = second_after(rig.camera.newest()) // US
    wait_for(lambda: rig.camera.newest().wall_us > (second + 1) * US, PATIENCE_S, "the second is over")
    rig.indexed()
    return second


def a_clip(rig, name, second=None):
    """Keeps a clip of a recorded second."""
    second = second or a_second(rig)
    answer = rig.get(f"/clips?from={second}&to={second + 1}&name={name}", "POST")
    assert answer.status == 201, (answer.status, answer.body)


@contextlib.contextmanager
def never(rig, path, wrong):
    """Keeps asking: no answer with status 200 may be wrong. Errors are allowed while something cannot be read."""
    done, found = threading.Event(), []

    def ask():
        while not done.is_set():
            answer = rig.get(path)
            if answer.status == 200 and wrong(answer):
                found.append(answer.body)
    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in asking:
            thread.join()
    assert not found, found[:3]


def clips(rig):
    answer = rig.get("/clips")
    assert answer.status == 200, (answer.status, answer.body)
    return sorted(one["file"] for one in answer.json())


def identity(path):
    status = os.stat(path)
    return status.st_dev, status.st_ino


def test_a_disk_that_is_mounted_over_the_folder_is_recorded_into_and_loses_no_frame(rig):
    rig.records_into(os.path.join(rig.below, "recordings"))
    from_us = second_after(rig.camera.newest())
    rig.new_frames(30)
    disk = rig.new_file_system()
    with never(rig, "/recordings", lambda answer: answer.json() == []), never(rig, "/timeline", lambda answer: not answer.json()["from"]):
        disk.mount(rig.disk_path)
        rig.records_into(rig.recordings)
    rig.new_frames(30)
    to_us = just_after(rig.camera.newest())
    rig.indexed()
    assert_exact(rig, from_us, to_us)
    warning = rig.warnings()
    assert "leads to another folder" in warning and "1 segment in" in warning, warning
    assert rig.get("/health").status == 200
    below = os.path.join(rig.below, "recordings")
    wait_for(lambda: rig.listed_states(below) == (1, 1), PATIENCE_S, "the segment left behind is finished and listed")
    assert rig.statuses("/recordings") == rig.statuses("/clips") == {200}
    assert len(rig.files()) == 1 and rig.timeline(from_us, to_us)["gaps"] == []
    assert rig.stop_recorderd() == 0
    shown = rig.numbers_in(below) + rig.numbers_in(rig.recordings)
    assert_same(shown, numbers(rig.camera.frames())[:len(shown)])


def test_after_unmounting_hidden_segments_are_back_and_the_time_between_is_a_gap(rig):
    rig.records_into(rig.recordings)
    below = os.path.join(rig.below, "recordings")
    before = len(os.listdir(below))
    assert before > 0 and rig.files(), "there must be segments both below the mount and on the disk"
    rig.new_frames(30)
    gone_us = rig.camera.newest().wall_us
    rig.unmount("-l")
    rig.records_into(below)
    rig.new_frames(35)
    rig.indexed()
    wait_for(lambda: len(rig.files()) >= 2, PATIENCE_S, "both parts are listed")
    first, last = rig.segments()[0], rig.segments()[-1]
    gaps = rig.timeline(0, gone_us + 60 * US)["gaps"]
    assert [gap["cause"] for gap in gaps] == ["disk"], (gaps, first, last)
    assert rig.statuses(f"/recordings/{first['file']}") == {200}
    assert len(os.listdir(below)) >= before, "something was deleted"


def test_workers_find_a_file_system_that_is_mounted_again_with_the_same_inodes(rig):
    rig.bare()
    disk = rig.new_file_system()
    disk.mount(rig.disk_path)
    rig.start_recorderd()
    rig.records_into(rig.recordings)
    a_clip(rig, "kept")
    rig.no_recorder()
    assert clips(rig) == ["kept.mp4"] and rig.statuses("/clips/kept.mp4") == {200}
    file = rig.files()[-1]
    folders = rig.recordings, rig.clips
    were = [identity(folder) for folder in folders]
    rig.unmount()
    disk.mount(rig.disk_path)
    assert [identity(folder) for folder in folders] == were, "the device or inode numbers have changed"
    assert rig.statuses(f"/recordings/{file}") == {200}
    assert rig.statuses("/recordings") == rig.statuses("/timeline") == rig.statuses("/clips/kept.mp4") == {200}
    assert clips(rig) == ["kept.mp4"]
    rig.start_recorderd()
    rig.records_into(rig.recordings)
    a_clip(rig, "again")
    assert rig.get("/clips/again.mp4", "DELETE").status == 200 and clips(rig) == ["kept.mp4"]


def test_a_folder_of_clips_that_is_replaced_is_used(rig):
    rig.records_into(rig.recordings)
    second = a_second(rig)
    for number, replace in enumerate((deleted_and_created_again, renamed, mounted_over, bound, unmounted)):
        replace(rig.clips)
        a_clip(rig, f"one{number}", second)
        assert f"one{number}.mp4" in clips(rig), replace.__name__
        assert rig.statuses(f"/clips/one{number}.mp4") == {200}, replace.__name__


def deleted_and_created_again(path):
    shutil.rmtree(path, ignore_errors=True)
    os.mkdir(path)


def renamed(path):
    shutil.copytree(path, path + ".new")
    shutil.rmtree(path + ".old", ignore_errors=True)
    os.rename(path, path + ".old")
    os.rename(path + ".new", path)


def mounted_over(path):
    run("mount", "-t", "tmpfs", "-o", "size=16m", "none", path)


def bound(path):
    run("mount", "--bind", path + ".old", path)


def unmounted(path):
    run("umount", path)
    run("umount", path)


def test_a_read_only_folder_of_clips_is_an_error_with_the_reason(rig):
    rig.records_into(rig.recordings)
    a_clip(rig, "locked")
    run("mount", "--bind", rig.clips, rig.clips)
    run("mount", "-o", "remount,bind,ro", rig.clips)
    try:
        for answer in (rig.get("/clips/locked.mp4", "DELETE"), rig.get("/clips?from=-3s&to=-2s&name=no", "POST")):
            assert answer.status == 503 and "read-only" in answer.detail, (answer.status, answer.body)
        assert "locked.mp4" in clips(rig)
    finally:
        run("umount", rig.clips)
    assert rig.get("/clips/locked.mp4", "DELETE").status == 200


def test_no_list_is_wrongly_empty_while_folders_are_mounted(rig):
    rig.records_into(rig.recordings)
    a_clip(rig, "steady")
    with never(rig, "/clips", lambda answer: "steady.mp4" not in answer.body.decode()):
        for _ in range(10):
            run("mount", "--bind", rig.clips, rig.clips)
            run("umount", "-l", rig.clips)
    assert clips(rig)


def test_a_disk_that_is_mounted_late_gets_every_frame(rig):
    rig.bare()
    disk, below = rig.new_file_system(), rig.content_below()
    rig.configure(record={"require_mount": rig.need()}, clips={"require_mount": rig.need()})
    first = len(rig.camera.frames())
    rig.start_recorderd()
    wait_for(lambda: "no disk is mounted" in rig.reasons(), PATIENCE_S, "/health reports it")
    wait_for(lambda: rig.get("/camera_info").json()["recording"]["state"] == "disk", PATIENCE_S, "/camera_info reports it")
    wait_for(lambda: "Clips cannot be kept or listed" in rig.warnings(), PATIENCE_S, "/health reports it for the clips")
    rig.new_frames(35)
    assert_not_mounted(rig)
    from_us, to_us = second_after(rig.camera.frames()[first]), just_after(rig.camera.newest())
    disk.mount(rig.disk_path)
    rig.records_into(rig.recordings)
    rig.indexed()
    wait_for(lambda: rig.get("/health").status == 200 and "Clips" not in rig.warnings(), PATIENCE_S, "/health has no complaint")
    assert rig.timeline(from_us, to_us)["gaps"] == []
    assert_exact(rig, from_us, to_us)
    assert rig.content_below() == below, "something was written below the disk"
    a_clip(rig, "late")
    assert clips(rig) == ["late.mp4"]


def test_a_disk_that_is_unmounted_leaves_a_gap_and_nothing_below_it(rig):
    rig.bare()
    below = rig.content_below()
    rig.configure(record={"require_mount": rig.need()}, clips={"require_mount": rig.need()})
    disk = rig.new_file_system()
    disk.mount(rig.disk_path)
    rig.start_recorderd()
    rig.records_into(rig.recordings)
    rig.new_frames(30)
    from_us = rig.camera.newest().wall_us
    rig.unmount("-l")
    wait_for(lambda: "no disk is mounted" in rig.reasons(), PATIENCE_S, "/health reports it")
    assert_not_mounted(rig)
    wait_for(disk.is_free, PATIENCE_S, "the recorder no longer uses the disk")
    rig.new_frames(30)
    disk.mount(rig.disk_path)
    rig.records_into(rig.recordings, 2)
    rig.new_frames(30)
    rig.indexed()
    gaps = rig.timeline(from_us - US, just_after(rig.camera.newest()))["gaps"]
    assert [gap["cause"] for gap in gaps] == ["disk"], gaps
    assert rig.get("/health").status == 200 and rig.content_below() == below
    assert {one["state"] for one in rig.segments()[:-1]} == {"complete"}


def assert_not_mounted(rig):
    for path in ("/recordings", "/timeline", "/clips", "/clips/one.mp4", "/recordings/recording_20260101_000000.mp4"):
        answer = rig.get(path)
        assert answer.status == 503 and "not mounted" in answer.detail, (path, answer.status, answer.body)
    assert rig.get("/clips?from=-3s&to=-2s&name=no", "POST").status == 503
    assert rig.get("/snapshot").status == 200


def test_another_folder_than_in_the_last_run_is_a_warning(rig):
    rig.bare()
    disk = rig.new_file_system()
    disk.mount(rig.disk_path)
    for restart, warns in ((lambda: None, None), (lambda: None, False), (rig.unmount, True), (lambda: None, False),
                           (lambda: disk.mount(rig.disk_path), True), (lambda: None, False)):
        rig.no_recorder()
        restart()
        rig.start_recorderd()
        wait_for(rig.is_healthy, PATIENCE_S, "the recorder is healthy")
        if warns:
            wait_for(lambda: OTHER_FOLDER in rig.warnings(), PATIENCE_S, "/health reports it")
        rig.new_frames(80)  # the published state may be a second old
        assert warns is None or (OTHER_FOLDER in rig.warnings()) == warns, (warns, rig.warnings())


def usual(rig):
    """The recorder records, into whatever is mounted."""
    if rig.recorderd is None:
        rig.configure()
        rig.start_recorderd()
    if rig.web is None:
        rig.start_web()
    wait_for(rig.is_healthy, PATIENCE_S, "the recorder is in its usual state")


OF_WORKERS = (test_workers_find_a_file_system_that_is_mounted_again_with_the_same_inodes,)


def without_sandbox(test, stack):
    """The same test as if the kernel had no Landlock."""
    def one(_):
        if not stack.rigs:
            stack.rigs.append(stack.enter_context(MountedRig(sandbox=False)))
        usual(stack.rigs[0])
        assert stack.rigs[0].get("/health").json()["sandbox"]["landlock"] is None
        test(stack.rigs[0])
    one.__name__ = test.__name__ + "_without_Landlock"
    return one


def main():
    if not is_allowed():
        print("1..0 # SKIP needs root, to mount file systems, and mkfs.ext4 (e2fsprogs)")
        return 0
    with contextlib.ExitStack() as stack, MountedRig() as rig:
        stack.rigs = []
        tests = dict(globals(), **{f"test_more_{n}": without_sandbox(test, stack) for n, test in enumerate(OF_WORKERS)})
        return run_tests(tests, rig, usual)


if __name__ == "__main__":
    sys.exit(main())
