#!/usr/bin/env python3
"""Cached clips outlive recordings that were deleted for space. Answers that may still change are never stored, and kept clips stay."""
import glob
import os
import time

from support.rig import Rig
from support.tap import main
from support.times import PATIENCE_S, US, wait_for
from test_clips import past

CACHE_MB = 8


def cached(rig):
    return sorted(os.path.basename(path) for path in glob.glob(os.path.join(rig.clips, "cache", "*.mp4")))


def name_of(from_us, to_us, speed=1):
    return f"{from_us}_{to_us}_{speed}.mp4"


def past_of(rig, case, seconds=3):
    """[from_us, to_us) of the past that no other case asks for, so that it is not cached yet."""
    from_us, to_us = past(rig, seconds)
    return from_us, to_us - case * 1000


def query(from_us, to_us):
    return f"from={from_us / US:.6f}&to={to_us / US:.6f}"


def footage_stored(rig, from_us, to_us):
    """The answer to a request, once it is in the cache."""
    answer = rig.footage(from_us, to_us)
    wait_for(lambda: name_of(from_us, to_us) in cached(rig), PATIENCE_S, "the clip is stored")
    return answer


def test_an_answered_clip_is_stored_and_one_that_moves_is_not(rig):
    from_us, to_us = past_of(rig, 1)
    before = set(cached(rig))
    assert rig.get("/footage?from=-3s&to=-1s").status == 200 and rig.get("/footage?from=-3s&to=now").status == 200
    assert rig.get(f"/footage?{query(from_us, to_us)}", "HEAD").status == 200
    footage_stored(rig, from_us, to_us)
    assert set(cached(rig)) - before == {name_of(from_us, to_us)}, (cached(rig), before)
    assert rig.get("/clips").json() == [], "only kept clips are listed"


def test_as_long_as_there_is_a_recording_the_cache_is_not_used(rig):
    from_us, to_us = past_of(rig, 2)
    wanted = footage_stored(rig, from_us, to_us)
    path = os.path.join(rig.clips, "cache", name_of(from_us, to_us))
    with open(path, "r+b") as file:
        file.write(b"\0" * 1000)
    assert rig.footage(from_us, to_us).body == wanted.body
    os.unlink(path)


def test_clips_of_ranges_and_timelapses_are_stored_too(rig):
    from_us, to_us = past_of(rig, 3)
    path = f"/footage?{query(from_us, to_us)}"
    assert rig.get(path, headers={"Range": "bytes=100-199"}).status == 206
    assert rig.get(path + "&speed=2").status == 200
    wait_for(lambda: {name_of(from_us, to_us), name_of(from_us, to_us, 2)} <= set(cached(rig)), PATIENCE_S, "both are stored")


def test_the_oldest_cached_clips_are_evicted_and_kept_clips_stay(rig):
    from_us, to_us = past(rig, 6)
    assert rig.get(f"/clips?from={from_us // US}&to={to_us // US}&name=stays", "POST").status == 201
    oldest = name_of(from_us - 3600 * US, from_us - 3599 * US)
    with open(os.path.join(rig.clips, "cache", oldest), "wb") as old:
        old.truncate(CACHE_MB << 20)
    os.utime(old.name, (1000, 1000))
    footage_stored(rig, from_us, from_us + 5 * US)
    wait_for(lambda: oldest not in cached(rig), PATIENCE_S, "the oldest is evicted")
    assert [one["file"] for one in rig.get("/clips").json()] == ["stays.mp4"]
    assert rig.get("/clips/stays.mp4").status == 200


def restart_web(rig, max_mb):
    rig.stop_web()
    rig.write_ini({**SETTINGS, "clips": {"max_mb": max_mb}})
    rig.start_web()


def test_a_clip_larger_than_its_share_of_the_cache_is_not_stored(rig):
    from_us, to_us = past_of(rig, 5, 6)
    restart_web(rig, max_mb=1)
    try:
        assert len(rig.footage(from_us, to_us).body) > 1 << 17
        time.sleep(1)  # long enough to store it
        assert name_of(from_us, to_us) not in cached(rig), cached(rig)
    finally:
        restart_web(rig, CACHE_MB)
    footage_stored(rig, from_us, to_us)


def test_the_same_request_still_gets_footage_that_is_gone_from_the_disk(rig):
    from_us, to_us = past_of(rig, 6)
    path = f"/footage?{query(from_us, to_us)}"
    lapse = rig.get(path + "&speed=2")
    wanted = footage_stored(rig, from_us, to_us)
    wait_for(lambda: name_of(from_us, to_us, 2) in cached(rig), PATIENCE_S, "the timelapse is stored")
    rig.stop_recorderd()
    for file in glob.glob(os.path.join(rig.recordings, "recording_*")):
        os.unlink(file)
    rig.start_recorderd()
    wait_for(rig.recording, PATIENCE_S, "frames are recorded")
    wait_for(lambda: rig.footage(from_us - 10 * US, to_us).status == 404, PATIENCE_S, "it is gone from the memory as well")
    again = rig.footage(from_us, to_us)
    assert again.status == 200 and again.body == wanted.body, (
        again.status, len(again.body), len(wanted.body), list(again.headers.items()), list(wanted.headers.items()))
    for name in ("ETag", "X-Clip-Spans", "X-Clip-Start", "X-Clip-Source", "Content-Disposition"):
        assert again.headers[name] == wanted.headers[name], name
    part = rig.footage(from_us, to_us, {"Range": "bytes=1000-1999", "If-Range": wanted.headers["ETag"]})
    assert part.status == 206 and part.body == wanted.body[1000:2000]
    assert rig.get(path + "&speed=2").body == lapse.body


def test_health_says_that_a_cached_clip_cannot_be_deleted(rig):
    """The clip has expired, but its name is that of a folder, which cannot be unlinked."""
    cache = os.path.join(rig.clips, "cache")
    blocked = os.path.join(cache, name_of(1000 * US, 1001 * US))
    os.makedirs(blocked)
    try:
        wait_for(lambda: any("cannot be deleted (Is a directory)" in warning for warning in rig.get("/health").json()["warnings"]), PATIENCE_S,
                 "/health reports that it cannot be deleted")
        assert rig.get("/health").status == 200
        assert rig.log().count("cannot be deleted (Is a directory)") == 1, "it is logged once"
    finally:
        os.rmdir(blocked)


SETTINGS = {"clips": {"max_mb": CACHE_MB}, "http": {"allow_control": "yes"}, "memory": {"minutes": 0.1, "max_mb": 16}}

if __name__ == "__main__":
    main(globals(), before=Rig.restore, settings=SETTINGS)
