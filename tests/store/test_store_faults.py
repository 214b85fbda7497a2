#!/usr/bin/env python3
"""The faults of a store that take long: each is named in /health, and nothing is lost. make test has a short form (tests/e2e/test_store.py)."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from support.s3_server import FAILURES, S3Server, nobody_listens  # noqa: E402
from support.ship import ShippingRig, until  # noqa: E402
from support.tap import run_tests  # noqa: E402
from support.times import PATIENCE_S, wait_for  # noqa: E402

STORE = S3Server()


def usual(rig):
    """The store works again, and recorder-ship runs with the right key."""
    STORE.fail, STORE.clock_s, STORE.token = None, 0, None
    STORE.end_hanging()
    rig.write_key()
    if rig.ship is None or rig.ship.poll() is not None:
        rig.start_ship()


def test_every_fault_of_the_store_is_named_in_health_and_nothing_is_lost(rig):
    said = {"500": "the store failed", "503": "slow down", "301": "another address", "quota": "full", "denied": "may not put",
            "no-bucket": "does not exist", "digest": "other bytes", "inside": "error in it|store failed"}
    for failure in FAILURES:
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
    metrics = rig.get("/metrics").body.decode()
    assert re.search(r"^recorder_store_up\{.*\} 1$", metrics, re.M) and re.search(r"^recorder_store_objects_total\{.*\} [1-9]", metrics, re.M)


def test_a_store_that_is_not_there_costs_no_frame(rig):
    rig.stop_ship()
    rig.write_ini({"store": {"url": nobody_listens(), "piece_seconds": 1}})
    rig.start_ship()
    wait_for(lambda: "cannot reach the store" in rig.warnings(), PATIENCE_S, "/health says so")
    lost = rig.get("/camera_info").json()["recording"]["thinned"]
    assert lost == 0
    rig.stop_ship()
    rig.write_ini({"store": {"url": STORE.url, "piece_seconds": 1}})
    usual(rig)
    rig.wait_shipped()


if __name__ == "__main__":
    with STORE, ShippingRig(STORE) as recorder:
        recorder.start()
        sys.exit(run_tests(globals(), recorder, before=usual))
