#!/usr/bin/env python3
"""The faults of a store that take long: each is named in /health, and nothing is lost. make test has a short form (tests/e2e/test_store.py)."""
import os
import re
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from support.false_motion import crc32c  # noqa: E402
from support.faulty_rig import FaultyRig  # noqa: E402
from support.prepared import PreparedRig  # noqa: E402
from support.rig import program, sanitizer_of  # noqa: E402
from support.s3_server import FAILURES, S3Server, nobody_listens  # noqa: E402
from support.ship import HEADER, ShippingRig, until  # noqa: E402
from support.tap import run_tests  # noqa: E402
from support.times import PATIENCE_S, wait_for  # noqa: E402

STORE = S3Server()
DAY_S = 86400
RSS_ANON_KB = 16384
RETENTION = {"retention": {"hours": 72, "min_free_gb": 0}}


class FaultyShippingRig(ShippingRig, FaultyRig):
    """Its programs have a clock of their own."""


def anonymous_kb(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"RssAnon:\s*(\d+) kB", status.read())[1])


def usual(rig):
    """The store works again, and recorder-ship runs with the right key."""
    STORE.fail, STORE.clock_s, STORE.token = None, 0, None
    STORE.end_hanging()
    rig.clock.set_offset(0)
    rig.write_key()
    if rig.ship is None or rig.ship.poll() is not None:
        rig.start_ship()


def test_every_fault_of_the_store_is_named_in_health_and_nothing_is_lost(rig):
    said = {"500": "the store failed", "503": "slow down", "301": "another address", "quota": "full", "denied": "may not put",
            "no-bucket": "does not exist", "digest": "other bytes", "inside": "error in it|store failed",
            "wrong": "other bytes"}
    for failure in (*FAILURES, "wrong"):
        STORE.fail = failure
        wait_for(lambda sentence=said[failure]: re.search(sentence, rig.warnings()), PATIENCE_S, f"/health names {failure}")
        assert rig.get("/health").json()["status"] == "warning", "recording goes on"
    usual(rig)
    rig.wait_shipped()
    wait_for(rig.is_ok, PATIENCE_S, "/health is content again")


def test_a_store_that_hangs_is_given_up_and_asked_again(rig):
    before = len(STORE.failed)
    STORE.fail = "hang"
    until(lambda: len(STORE.failed) > before + 1, STORE)
    wait_for(lambda: "hangs" in rig.warnings(), PATIENCE_S, "/health says that the store hangs")
    usual(rig)
    rig.wait_shipped()


def test_without_what_it_noted_everything_is_put_again_under_the_same_names(rig):
    rig.wait_shipped()
    rig.stop_ship()
    before = dict(STORE.named("segments"))
    for name in os.listdir(rig.state):
        os.unlink(os.path.join(rig.state, name))
    count = len(STORE.order)
    rig.start_ship()
    until(lambda: {name for name in before if name.endswith(".mp4")} <= set(STORE.order[count:]), STORE)
    assert all(STORE.objects[name] == body for name, body in before.items())


def test_recorder_ship_that_does_not_run_is_named_in_health(rig):
    rig.stop_ship()
    wait_for(lambda: "recorder-ship is not running" in rig.warnings(), PATIENCE_S, "/health says so")
    rig.start_ship()
    wait_for(rig.is_ok, PATIENCE_S, "/health is content again")
    info = rig.get("/camera_info").json()["store"]
    assert info["state"] == "shipping" and info["until"] and info["error"] is None, info
    for line in (r"^recorder_store_up\{.*\} 1$", r"^recorder_store_objects_total\{.*\} [1-9]"):  # since it was started
        wait_for(lambda wanted=line: re.search(wanted, rig.get("/metrics").body.decode(), re.M), PATIENCE_S, f"/metrics has {line}")


def test_a_store_that_is_not_there_costs_no_frame(rig):
    rig.stop_ship()
    rig.write_ini({**RETENTION, "store": {"url": nobody_listens(), "piece_seconds": 1}})
    rig.start_ship()
    wait_for(lambda: "cannot reach the store" in rig.warnings(), PATIENCE_S, "/health says so")
    lost = rig.get("/camera_info").json()["recording"]["thinned"]
    assert lost == 0
    rig.stop_ship()
    rig.write_ini({**RETENTION, "store": {"url": STORE.url, "piece_seconds": 1}})
    usual(rig)
    rig.wait_shipped()


def test_a_long_outage_is_made_up_for_oldest_first_and_in_little_memory(_):
    """A folder with sixty closed segments, which were recorded while the store refused everything."""
    with S3Server() as store, PreparedRig(store, closed=60) as rig:
        store.fail = "503"
        rig.start_ship()
        until(lambda: len([name for name, _ in store.failed if "/segments/" in name]) > 3, store)
        assert not store.objects
        store.fail = None
        until(rig.is_done, store)
        assert sanitizer_of(program("recorder-ship")) or anonymous_kb(rig.ship) <= RSS_ANON_KB, anonymous_kb(rig.ship)
        put = [name.rsplit("/", 1)[1] for name in store.order if name.endswith(".mp4")]
        assert put == sorted(put) and len(put) == 60, put
        assert "/live/" in store.order[0], "what is being recorded goes first"


def test_a_segment_and_a_clip_that_never_arrive_as_they_are_let_the_others_pass(_):
    with S3Server() as store, PreparedRig(store, closed=4) as rig:
        numbers = sorted(rig.closed().values())
        os.makedirs(rig.clips)
        for name in ("bad.mp4", "good.mp4"):
            with open(os.path.join(rig.clips, name), "wb") as clip:
                clip.write(name.encode())
        store.fail = lambda name: "wrong" if f"segments/{rig.name}" in name and f"/{numbers[1]:012}-" in name or "bad.mp4" in name else None
        rig.start_ship()
        until(lambda: rig.listed() == [numbers[0], *numbers[2:]] and b"good.mp4" in store.named("clips").values(), store)


def test_clocks_that_are_set_back_and_forward_leave_every_segment_in_the_store_once(rig):
    for seconds in (-3600, -DAY_S, 2 * DAY_S, -DAY_S):
        count = len(rig.closed())
        rig.clock.step(seconds)
        wait_for(lambda before=count: len(rig.closed()) > before, PATIENCE_S, "the step has ended a segment")
    usual(rig)
    rig.wait_shipped()
    assert len(rig.listed()) == len(set(rig.listed())), "no segment is listed twice"
    days = {name.rsplit("/", 1)[1] for name in rig.named("days")}
    assert len(days) >= 3, days


def test_two_recorders_with_one_name_never_meet(_):
    with S3Server() as store, PreparedRig(store) as one, PreparedRig(store, archive="f" * 32, name=one.name) as other:
        one.start_ship()
        other.start_ship()
        until(lambda: one.is_done() and other.is_done(), store)
        assert not [name for name, times in store.versions.items() if times > 1 and "/days/" not in name]
        assert len(one.named("segments")) == len(other.named("segments")) == len(store.named("segments")) / 2


def test_a_clone_of_a_whole_machine_replaces_no_footage_of_the_other(_):
    """Both have one archive id, since nothing tells them apart, and one name; what they have recorded since then differs."""
    with S3Server() as store, PreparedRig(store) as one, PreparedRig(store, closed=3, name=one.name) as other:
        for rig in (one, other):
            rig.start_ship()
            for kind in ("mp4", "idx"):
                for file in rig.closed():
                    content = rig.file(file[:-3] + kind)
                    until(lambda wanted=content: wanted in store.named("segments").values(), store)
            rig.stop_ship()
        assert not [name for name, times in store.versions.items() if times > 1 and "/days/" not in name]


def test_with_another_bucket_everything_that_is_here_goes_there(_):
    with S3Server() as store, S3Server() as second, PreparedRig(store) as rig:
        clip = b"a clip" * 1000
        os.makedirs(rig.clips)
        with open(os.path.join(rig.clips, "kept.mp4"), "wb") as file:
            file.write(clip)
        rig.start_ship()
        until(lambda: rig.is_done() and clip in store.named("clips").values(), store)
        rig.stop_ship()
        rig.store = second
        rig.write_ini({"store": {"url": second.url, "piece_seconds": 1}})
        rig.start_ship()
        until(lambda: rig.is_done() and clip in second.named("clips").values(), second)
        assert "of another bucket" in rig.log("ship.log")


def test_a_list_of_the_former_version_is_replaced_and_nothing_is_put_again(_):
    with S3Server() as store, PreparedRig(store) as rig:
        rig.start_ship()
        until(rig.is_done, store)
        rig.stop_ship()
        shipped, versions = os.path.join(rig.state, "shipped.bin"), dict(store.versions)
        with open(shipped, "r+b") as file:
            new = file.read()
            header = bytearray(new[:HEADER])
            header[:8], header[89:121] = b"SCSHIP1\n", bytes(32)
            header[-4:] = struct.pack("<I", crc32c(header[:-4]))
            file.seek(0)
            file.write(header)
        rig.start_ship()
        days = [name for name in versions if "/days/" in name]
        until(lambda: all(store.versions[name] > versions[name] for name in days), store)  # which each start puts again
        rig.stop_ship()
        with open(shipped, "rb") as file:
            assert file.read() == new, "it names the bucket now"
        assert not [name for name in versions if "/segments/" in name and store.versions[name] > versions[name]]


if __name__ == "__main__":
    with STORE, FaultyShippingRig(STORE, RETENTION) as recorder:
        recorder.start()
        sys.exit(run_tests(globals(), recorder, before=usual))
