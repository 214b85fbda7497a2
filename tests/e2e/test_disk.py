#!/usr/bin/env python3
"""The disk fills up, turns read-only, breaks, hangs or loses its folder: capture and live view continue, and recording resumes by itself."""
import os
import time
from urllib.parse import quote

from support.disks import assert_all_on_disk, assert_gap, assert_none_missed, assert_served, deleted_but_open, fault, remove_tree, slow_reader
from support.exact import just_after, second_after
from support.faulty_rig import FaultyRig, main
from support.times import PATIENCE_S, wait_for

SETTINGS = {"record": {"quality": 1}, "clips": {"cache": "no"}}  # makes files larger than what a connection buffers


def test_a_full_disk_costs_neither_capture_nor_memory(rig):
    assert_gap(rig, *fault(rig, rig.disk.full, lambda: rig.disk.full(False), "No space left"))


def test_a_disk_that_turned_read_only(rig):
    assert_gap(rig, *fault(rig, rig.disk.read_only, lambda: rig.disk.read_only(False), "Read-only"))


def test_a_broken_disk(rig):
    assert_gap(rig, *fault(rig, rig.disk.broken, lambda: rig.disk.broken(False), "Input/output error"))


def test_a_disk_that_hangs_for_ten_seconds_costs_no_frame_on_it(rig):
    def end():
        assert rig.disk.get("HELD") > 0, "nobody is waiting for the disk"
        time.sleep(max(0, began + 10 - time.monotonic()))  # the subject is how long it hangs
        rig.disk.hangs(False)
    began = time.monotonic()
    from_us, to_us = fault(rig, rig.disk.hangs, end, "has not responded")
    assert rig.timeline(from_us, to_us)["gaps"] == []
    assert_served(rig, from_us, to_us, ("disk",))


def test_room_is_made_before_the_disk_is_full_and_a_download_comes_out_whole(rig):
    wait_for(lambda: len([one for one in rig.segments() if one["state"] == "complete"]) >= 3, PATIENCE_S, "three segments")
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
    wait_for(lambda: not any(os.path.exists(os.path.join(rig.recordings, one["file"])) for one in complete), PATIENCE_S, "all of them are deleted")
    rig.disk.set("FREE_MB", 0)
    assert deleted_but_open(complete[-1]["file"]), f"the download of {len(whole)} bytes was over before"
    got += response.read()
    connection.close()
    assert got == whole, f"{len(got)} bytes, expected {len(whole)}"
    assert oldest["file"] not in [one["file"] for one in rig.segments()]
    assert rig.get("/recordings/" + oldest["file"]).status == 404
    wait_for(lambda: rig.get("/health").status == 200, PATIENCE_S, "/health has no complaint")


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

    def all_there():
        return all(os.path.exists(os.path.join(rig.recordings, one["file"])) for one in rig.segments())
    wait_for(all_there, PATIENCE_S, "only existing segments are listed")
    wait_for(lambda: rig.get("/health").status == 200, PATIENCE_S, "/health has no complaint")


def test_no_frame_was_lost_from_the_memory(rig):
    assert_none_missed(rig)


def test_everything_on_the_disk_is_whole(rig):
    assert rig.stop_recorderd() == 0
    assert_all_on_disk(rig)


if __name__ == "__main__":
    main(globals(), before=FaultyRig.restore, settings=SETTINGS)
