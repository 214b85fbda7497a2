#!/usr/bin/env python3
"""A machine without a camera: what it serves from the store is what the recorder would serve, and a fault of the store is no gap."""
import os
import shutil
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.remote import RemoteRig, both, fill_store  # noqa: E402
from support.s3_reads import ReadableS3Server  # noqa: E402
from support.ship import ShippingRig  # noqa: E402
from support.tap import run_tests  # noqa: E402
from support.times import PATIENCE_S, US, time_us, wait_for  # noqa: E402

STORE = ReadableS3Server()
SECONDS = 60  # of a segment


def usual(rig):
    STORE.read_fail = None
    STORE.end_hanging()
    STORE.reads.clear()
    STORE.hanging.clear()
    if rig.remote.fetch.process is None:
        rig.remote.fetch.start()
    wait_for(lambda: rig.remote.info(rig.name)["state"] == "remote", PATIENCE_S, "the store is served")


def empty_cache(rig):
    shutil.rmtree(rig.remote.fetch.path(rig.name, ""), ignore_errors=True)


def entries(rig):
    """(file, start_us, end_us) of the recorder's segments."""
    data = rig.file("recording_index.bin")
    return [(data[at + 96:at + 160].rstrip(b"\0").decode(), *struct.unpack_from("<qq", data, at + 16)) for at in range(192, len(data), 192)]


def seconds(us):
    return f"{us / US:.6f}"


def test_every_answer_about_the_archive_is_the_recorder_s_own(rig):
    (first, start, end), (second, *_), (_, _, last) = entries(rig)
    across = f"from={seconds(end - 9 * US)}&to={seconds(end + 9 * US)}"
    for path in (f"/footage?{across}", f"/footage?{across}&speed=4", f"/playlist.m3u8?{across}", f"/timeline?{across}", f"/timeline?to={seconds(last)}", "/recordings",
                 f"/recordings?{across}", f"/recordings/{first}", f"/recordings/{second}/init.mp4", f"/snapshot?at={seconds(start + 7 * US)}",
                 f"/events?{across}", f"/motion?{across}&step=1", f"/motion/heatmap?{across}", f"/footage?{across}&only=motion",
                 f"/footage?from={seconds(last + 3600 * US)}&to={seconds(last + 3605 * US)}", f"/footage?from={seconds(start - 60 * US)}&to={seconds(start - 50 * US)}",
                 "/recordings/recording_20200101_000000.mp4", "/recordings/x.mp4", "/footage?from=bad&to=now", f"/footage?from={seconds(start)}&to={seconds(last)}"):
        both(rig, path)


def test_parts_of_a_clip_are_the_same_bytes(rig):
    _, start, end = entries(rig)[0]
    path = f"/footage?from={seconds(start + 3 * US)}&to={seconds(end - 2 * US)}"
    whole = both(rig, path)
    size = len(whole.body)
    for first, last in ((0, 0), (size // 2, size // 2 + 70000), (size - 5, size - 1)):
        empty_cache(rig)
        part = both(rig, path, {"Range": f"bytes={first}-{last}"})
        assert part.status == 206 and part.body == whole.body[first:last + 1]
    assert both(rig, path, {"If-None-Match": whole.headers["ETag"]}).status == 304


def test_a_clip_of_seconds_costs_few_requests_and_is_then_there(rig):
    _, start, end = entries(rig)[1]
    path = f"/footage?from={seconds(start + 20 * US)}&to={seconds(end - 30 * US)}"
    empty_cache(rig)
    STORE.reads.clear()
    both(rig, path)
    media = [read for read in STORE.reads if read[0].endswith(".mp4")]
    assert len(media) < 8, media
    STORE.reads.clear()
    both(rig, path)
    assert not [read for read in STORE.reads if not read[0].startswith("?")], STORE.reads


def test_a_fault_of_the_store_is_a_503_and_no_gap(rig):
    _, start, end = entries(rig)[1]
    clip = f"from={seconds(start + US)}&to={seconds(end - US)}&camera={rig.name}"
    for failure in ("500", "denied"):
        for path in (f"/footage?{clip}", f"/snapshot?at={seconds(start + 5 * US)}&camera={rig.name}"):
            empty_cache(rig)
            STORE.read_fail = failure
            answer = rig.remote.get(path)
            assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0 and "store" in answer.detail, (failure, path, answer.body)
            STORE.read_fail = None
    wait_for(lambda: rig.remote.get(f"/footage?{clip}").status == 200, PATIENCE_S, "the store is asked again")
    both(rig, f"/footage?from={seconds(start + US)}&to={seconds(end - US)}")


def test_without_recorder_fetch_the_answer_is_a_503_that_says_so(rig):
    _, start, _ = entries(rig)[0]
    rig.remote.fetch.stop()
    answer = rig.remote.get(f"/footage?from={seconds(start)}&to={seconds(start + US)}&camera={rig.name}")
    assert answer.status == 503 and "recorder-fetch" in answer.detail, answer.body


def test_what_needs_a_recorder_is_a_404_in_words(rig):
    for path in ("/", "/live.mp4", "/live.m3u8", "/events/live", "/stream"):
        answer = rig.remote.get(f"{path}?camera={rig.name}")
        assert answer.status == 404 and "store" in answer.detail, (path, answer.body)
    for method, path in (("POST", "/control?recording=off"), ("GET", "/clips"), ("POST", "/clips?from=-2s&to=-1s")):
        answer = rig.remote.get(f"{path}{'&' if '?' in path else '?'}camera={rig.name}", method=method)
        assert answer.status == 404 and "recorder" in answer.detail, (path, answer.body)


def test_the_state_says_that_it_comes_from_the_store_and_how_old_it_is(rig):
    info = rig.remote.info(rig.name)
    assert info["state"] == "remote" and info["source"] == "store" and info["remote"]["text"].startswith("From the store, "), info
    health = rig.remote.get("/health").json()
    assert health["cameras"] == [rig.name] and health["remote"][0]["camera"] == rig.name, health
    assert health["remote"][0]["text"].startswith("From the store, ") and health["status"] == "ok", health
    assert f'recorder_remote_timestamp_seconds{{camera="{rig.name}"}}' in rig.remote.get("/metrics").body.decode()
    unknown = rig.remote.get("/footage?from=-2s&to=-1s&camera=nobody")
    assert unknown.status == 404 and "nobody" in unknown.detail


def test_a_segment_that_the_store_no_longer_has_is_a_gap_with_that_cause(rig):
    (_, start, _), (file, begin, end), (_, _, last) = entries(rig)
    names = [name for name in STORE.named("segments") if f"/{rig.closed()[file]:012}-" in name]
    taken = {name: STORE.objects.pop(name) for name in names}
    empty_cache(rig)
    try:
        answer = rig.remote.get(f"/footage?from={seconds(start)}&to={seconds(last)}&camera={rig.name}")
        assert answer.status in (200, 503), answer.body
        wait_for(lambda: rig.remote.get(f"/footage?from={seconds(begin + US)}&to={seconds(end - US)}&camera={rig.name}").status == 404,
                 PATIENCE_S, "nothing of it is left")
        gaps = rig.remote.get(f"/timeline?from={seconds(start)}&to={seconds(last)}&camera={rig.name}").json()["gaps"]
        assert [gap["cause"] for gap in gaps] == ["expired"], gaps
    finally:
        STORE.objects.update(taken)


def open_in_store(rig, frames):
    """(start_us, file) of an open segment of which more than that is in pieces."""
    def found():
        file, number = rig.open_segment()
        return len(rig.joined(number)[1]) > 32 * (1 + frames) and (entries(rig)[-1][1], file)
    return wait_for(found, PATIENCE_S, f"more than {frames} frames of an open segment are in the store")


def test_what_is_being_recorded_is_served_up_to_the_last_piece(rig):
    rig.start_recorderd()
    rig.start_ship()
    try:
        start, _ = open_in_store(rig, 100)
        second = start // US + 1
        path = f"/footage?from={second}&to={second + 1}"
        wait_for(lambda: rig.remote.get(f"{path}&camera={rig.name}").status == 200, PATIENCE_S, "the open segment is served")
        clip = both(rig, path)
        assert len(rig.frames_of(clip.body)) > 10
        newest = wait_for(lambda: rig.remote.get(f"/snapshot?camera={rig.name}").headers.get("X-Timestamp"), PATIENCE_S, "there is a newest picture")
        assert time_us(newest) >= second * US, newest
        remote = rig.remote.info(rig.name)["remote"]
        assert time_us(remote["newest"]) > second * US and remote["failing_since"] is None, remote
        open_end = rig.remote.get(f"/footage?from={second}&to=now&camera={rig.name}")
        assert open_end.status == 200 and open_end.headers["Cache-Control"].startswith("no-cache"), open_end.headers.items()
    finally:
        rig.stop_ship()
        rig.stop_recorderd()


if __name__ == "__main__":
    with STORE, ShippingRig(STORE) as recorder, RemoteRig(STORE) as remote:
        recorder.remote = remote
        fill_store(recorder, 3, SECONDS)
        remote.start(recorder.name)
        sys.exit(run_tests(globals(), recorder, before=usual))
