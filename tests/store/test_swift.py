#!/usr/bin/env python3
"""recorder-ship against a real Swift: what is recorded is there as it is, nodes that die, and objects that Swift deletes by itself."""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
sys.path.insert(0, HERE)
from bucket import Bucket  # noqa: E402
from life import keep_a_large_clip, open_segment_is_there, ship_with_a_wrong_clock  # noqa: E402
from support.faulty_rig import FaultyRig  # noqa: E402
from support.ship import ShippingRig  # noqa: E402
from support.tap import run_tests  # noqa: E402
from support.times import PATIENCE_S, wait_for  # noqa: E402
from swift import Swift  # noqa: E402

SWIFT = []
USUAL = {"retention": {"hours": 72, "min_free_gb": 0}}


class SwiftRig(ShippingRig, FaultyRig):
    """Its programs have a clock of their own."""


def usual(rig):
    rig.clock.set_offset(0)
    rig.write_key()
    for node in range(3):
        if f"object-{node}" not in SWIFT[0].running:
            SWIFT[0].start_node(node)
    SWIFT[0].wait(lambda: SWIFT[0].nodes_up() == 3)
    if rig.ship is None or rig.ship.poll() is not None:
        rig.start_ship()


def test_footage_is_there_as_it_is_while_it_is_recorded_and_afterwards(rig):
    open_segment_is_there(rig)
    rig.wait_shipped()
    assert set(rig.closed().values()) <= set(rig.listed())


def test_a_kept_clip_of_many_parts_is_there_as_it_is(rig):
    keep_a_large_clip(rig)


def test_a_wrong_clock_and_a_wrong_key_are_named_and_cost_nothing(rig):
    ship_with_a_wrong_clock(rig)
    rig.write_key((rig.store.key[0], "wrong"))
    wait_for(lambda: "the secret or the region is wrong" in rig.warnings(), PATIENCE_S, "/health names the wrong secret")
    rig.write_key()
    wait_for(rig.is_ok, PATIENCE_S, "/health is content again")


def test_one_node_of_three_that_dies_costs_nothing(rig):
    SWIFT[0].kill_node(2)
    count = len(rig.closed())
    wait_for(lambda: len(rig.closed()) > count, PATIENCE_S, "another segment is closed")
    rig.wait_shipped()


def test_while_two_nodes_are_dead_the_recorder_says_so_and_everything_arrives_once_they_are_back(rig):
    SWIFT[0].kill_node(1)
    SWIFT[0].kill_node(2)
    wait_for(lambda: re.search("the store (fails|is not available|hangs)|ServiceUnavailable", rig.warnings()), 2 * PATIENCE_S, "/health says that the store fails")
    assert rig.get("/camera_info").json()["recording"]["state"] == "recording"
    usual(rig)
    rig.wait_shipped()
    wait_for(rig.is_ok, PATIENCE_S, "/health is content again")


def test_swift_deletes_after_expire_hours_what_it_was_given_but_not_kept_clips(rig):
    """Swift has no lifecycle rules for S3. It answers 404 from that time on, whenever the bytes go."""
    rig.wait_shipped()
    rig.stop_ship()
    rig.write_ini({**USUAL, "store": {"url": rig.store.url, "piece_seconds": 1, "expire_hours": 20 / 3600}})
    for name in os.listdir(rig.state):
        os.unlink(os.path.join(rig.state, name))
    rig.start_ship()
    wait_for(lambda: "is in the store" in rig.log("ship.log").splitlines()[-1], PATIENCE_S, "a segment is put again")
    number = min(rig.closed().values())
    wait_for(lambda: rig.segment_object(number, "mp4") is None, PATIENCE_S, "the segment is gone")
    assert rig.named("clips"), "what is kept by name stays"
    rig.stop_ship()
    rig.write_ini({**USUAL, "store": {"url": rig.store.url, "piece_seconds": 1}})


if __name__ == "__main__":
    if Swift.missing():
        print(f"1..0 # SKIP not installed: {' '.join(Swift.missing())}")
        sys.exit(0)
    with Swift() as cluster:
        SWIFT.append(cluster)
        bucket = Bucket(cluster.url, cluster.key, cluster.key)
        with SwiftRig(bucket, USUAL) as recorder:
            assert bucket.admin.request("PUT")[0] == 200, "a bucket is made"
            recorder.start()
            sys.exit(run_tests(globals(), recorder, before=usual))
