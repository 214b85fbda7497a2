#!/usr/bin/env python3
"""Footage younger than retention.hours stays, even if a backup is restored; older footage goes, also from clips/cache, the memory and clients."""
import glob
import os
import re
import struct
import time

from support.exact import just_after, second_after
from support.faulty_rig import main
from support.times import PATIENCE_S, US, wait_for

SETTINGS = {"retention": {"hours": 72}, "memory": {"minutes": 1, "max_mb": 16}, "http": {"allow_control": "yes"}}
HOUR_S = 3600
BACKUP, BOX, CRC_AT = b"\x42" * 16, b"SCRsegment-info1", 124


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def copy_segment(data, folder, number, start_s, boot=None):
    """Writes a segment as if it had been recorded at another time, in another boot (shared/segment/segment_info.c has the box)."""
    copied = bytearray(data)
    box = data.index(BOX) - 8
    struct.pack_into(">QQqq", copied, box + 24, number, number, start_s * US, number * 1000 * US)
    struct.pack_into(">q", copied, box + 56, 0)
    copied[box + 76:box + 92] = boot or BACKUP
    struct.pack_into(">I", copied, box + CRC_AT, crc32c(copied[box:box + CRC_AT]))
    name = time.strftime("recording_%Y%m%d_%H%M%S.mp4", time.localtime(start_s))
    with open(os.path.join(folder, name), "wb") as file:
        file.write(copied)
    return name


def usual(rig):
    """Restores the clock and the limits, whatever a previous case has done to them."""
    rig.clock.synchronised(True)
    if rig.clock.offset_us:
        rig.stop()
        rig.clock.set_offset(0)
    rig.write_ini(SETTINGS)
    if rig.recorderd is not None and rig.recorderd.poll() is None:
        reload(rig, SETTINGS)
    rig.restore()


def reload(rig, settings):
    """Reloads the recorder with other settings, and waits until it has logged that."""
    before = rig.log().count("was read again")
    rig.write_ini(settings)
    rig.recorderd.send_signal(1)
    wait_for(lambda: rig.log().count("was read again") > before, PATIENCE_S, "the configuration is read again")


def with_hours(hours):
    return {**SETTINGS, "retention": {"hours": hours}}


def a_recording(rig):
    """The bytes of a complete segment of at least a second."""
    def complete():
        done = [one for one in rig.segments() if one["state"] == "complete" and one["duration"] > 1]
        return done[0]["file"] if done else None
    with open(os.path.join(rig.recordings, wait_for(complete, PATIENCE_S, "a complete segment")), "rb") as file:
        return file.read()


def test_restoring_a_backup_deletes_no_newer_recording(rig):
    data = a_recording(rig)
    rig.stop_recorderd()
    now_s = int(time.time())
    for path in glob.glob(os.path.join(rig.recordings, "*.*")):
        os.unlink(path)
    tonight = bytes(range(16))
    names = {copy_segment(data, rig.recordings, 100 + 2 * number, now_s - 50 * HOUR_S + 600 * number) for number in range(12)}
    names |= {copy_segment(data, rig.recordings, 101 + 2 * number, now_s - 3 * HOUR_S + 600 * number, tonight) for number in range(12)}
    past = copy_segment(data, rig.recordings, 99, now_s - 73 * HOUR_S)
    rig.clock.synchronised(False)
    rig.start_recorderd()
    wait_for(lambda: past not in os.listdir(rig.recordings), PATIENCE_S, "the expired segment is deleted")
    rig.new_frames(20)
    wait_for(rig.is_healthy, PATIENCE_S, "the recorder is healthy")
    listed = [one["file"] for one in rig.segments()]
    assert names <= set(os.listdir(rig.recordings)), f"{len(names - set(os.listdir(rig.recordings)))} of 24 are deleted"
    assert listed[:24] == sorted(names), listed
    assert rig.warnings() == "", rig.warnings()
    assert not [gap for gap in rig.timeline((now_s - 60 * HOUR_S) * US, (now_s - 40 * HOUR_S) * US)["gaps"] if gap["cause"] == "deleted"]


def cached(rig, from_us, to_us):
    return os.path.exists(os.path.join(rig.clips, "cache", f"{from_us}_{to_us}_1.mp4"))


def answered(rig):
    """A range of the past whose clip is in the cache."""
    from_us = second_after(rig.camera.newest())
    rig.new_frames(75)
    to_us = just_after(rig.camera.newest())
    rig.indexed()
    assert rig.footage(from_us, to_us).status == 200
    wait_for(lambda: cached(rig, from_us, to_us), PATIENCE_S, "the clip is stored")
    return from_us, to_us


def test_a_cached_clip_is_deleted_with_its_footage(rig):
    from_us, to_us = answered(rig)
    kept = rig.get(f"/clips?from={from_us / US:.6f}&to={to_us / US:.6f}&name=kept", "POST")
    assert kept.status in (201, 409), kept.body
    part = os.path.join(rig.clips, ".left.mp4.part")
    with open(part, "wb") as file:
        file.write(b"left by a killed writer")
    reload(rig, with_hours(5 / HOUR_S))
    wait_for(lambda: not cached(rig, from_us, to_us), PATIENCE_S, "the cached clip is deleted")
    wait_for(lambda: rig.footage(from_us, to_us).status == 404, PATIENCE_S, "it is gone from disk, cache and memory")
    wait_for(lambda: not os.path.exists(part), PATIENCE_S, "its temporary file is gone, too")
    assert rig.get("/clips/kept.mp4").status == 200, "kept clips stay"


def test_frames_in_memory_expire_as_well(rig):
    from_us, to_us = answered(rig)
    assert rig.get("/control?recording=off", "POST").status == 200
    reload(rig, with_hours(5 / HOUR_S))
    wait_for(lambda: rig.footage(from_us, to_us).status == 404, PATIENCE_S, "it is gone from disk, cache and memory")
    wait_for(lambda: rig.get(f"/snapshot?at={from_us / US:.6f}").status == 404, PATIENCE_S, "there is no picture of it either")
    assert rig.get("/snapshot").status == 200


def test_without_a_recorder_nothing_past_its_hours_is_served_from_the_cache(rig):
    from_us, to_us = answered(rig)
    rig.stop_recorderd()
    for path in glob.glob(os.path.join(rig.recordings, "recording_*")):
        os.unlink(path)  # as if deleted for space
    assert rig.footage(from_us, to_us).status == 200, "a clip that has not expired is served"
    rig.clock.step(71 * HOUR_S)
    answer = rig.footage(from_us, to_us)
    assert answer.status == 200, "a clip that has not expired is served"
    rig.clock.step(2 * HOUR_S)
    assert rig.footage(from_us, to_us).status == 404
    assert cached(rig, from_us, to_us), "nothing is deleted while no recorder runs"
    rig.start_recorderd()
    wait_for(lambda: not cached(rig, from_us, to_us), PATIENCE_S, "the recorder deletes it when it starts")


def test_no_client_may_keep_an_answer_for_longer_than_its_footage_lives(rig):
    def life(hours, path):
        reload(rig, with_hours(hours))
        def has_age():
            cache = rig.get(path).headers["Cache-Control"]
            found = re.fullmatch(r"private, max-age=(\d+), no-transform", cache)
            if hours == 72:
                return found and int(found.group(1)) == 3600
            return found and int(found.group(1)) <= hours * HOUR_S
        wait_for(has_age, PATIENCE_S, f"{path}: an age within {hours} hours")
    from_us, to_us = answered(rig)
    for path in (f"/footage?from={from_us / US:.6f}&to={to_us / US:.6f}", f"/snapshot?at={from_us / US:.6f}"):
        life(72, path)
        life(0.5, path)


if __name__ == "__main__":
    main(globals(), before=usual, settings=SETTINGS, fps="30")
