#!/usr/bin/env python3
"""Files of limited size (RLIMIT_FSIZE in place of FAT's 4 GiB): no gap and no alarm, and a larger clip is refused with the reason."""
import os
import resource

from support.exact import assert_exact, just_after, second_after
from support.faulty_rig import FaultyRig, main
from support.times import PATIENCE_S, US, wait_for

RECORDING_LIMIT, CLIP_LIMIT = 150000, 80000
SETTINGS = {"record": {"segment_seconds": 3600}, "http": {"allow_control": "yes"}, "clips": {"cache": "no"}}


def limit(rig, size):
    resource.prlimit(rig.recorderd.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def form(path):
    """The type of the box after ftyp and uuid: mdat if the segment is finished."""
    with open(path, "rb") as file:
        head = file.read(256)
    ftyp = int.from_bytes(head[:4], "big")
    return head[ftyp + 128 + 4:ftyp + 128 + 8]


def test_recording_continues_in_another_file_without_a_gap_or_an_alarm(rig):
    limit(rig, RECORDING_LIMIT)
    try:
        from_us = second_after(rig.camera.newest())
        count, alarms = len(rig.segments()), []

        def enough():
            health = rig.get("/health")
            alarms.extend([health.body] if health.status != 200 else [])
            return len([one for one in rig.segments()[count - 1:] if one["state"] == "complete"]) >= 3
        wait_for(enough, PATIENCE_S, "three files are finished")
        to_us = just_after(rig.camera.newest())
        rig.indexed()
    finally:
        limit(rig, resource.RLIM_INFINITY)
    assert not alarms, alarms
    assert rig.timeline(from_us, to_us)["gaps"] == []
    assert_exact(rig, from_us, to_us)
    for one in rig.segments()[count:-1]:
        path = os.path.join(rig.recordings, one["file"])
        assert os.path.getsize(path) <= RECORDING_LIMIT, one
        if one["state"] == "complete":
            assert form(path) == b"mdat", one


def test_a_clip_that_is_too_large_for_a_file_is_refused_with_the_reason(rig):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    rig.stop_web()
    resource.setrlimit(resource.RLIMIT_FSIZE, (CLIP_LIMIT, hard))
    try:
        rig.start_web()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    rig.new_frames(120)
    rig.indexed()
    frames = rig.camera.frames()
    from_us, to_us = second_after(frames[-115]), just_after(frames[-1])
    answer = rig.get(f"/clips?from={from_us / US:.6f}&to={to_us / US:.6f}&name=large", method="POST", body=b"")
    assert answer.status == 507 and "does not allow such a large file" in answer.detail, (answer.status, answer.body)
    answer = rig.get(f"/clips?from={from_us / US:.6f}&duration=1&name=small", method="POST", body=b"")
    assert answer.status == 201, (answer.status, answer.body)
    assert [name for name in os.listdir(rig.clips) if name.endswith("mp4")] == ["small.mp4"]
    assert rig.get("/recordings").status == 200


if __name__ == "__main__":
    main(globals(), before=FaultyRig.restore, settings=SETTINGS)
