#!/usr/bin/env python3
"""recorder-fetch against a real Ceph: footage as the recorder has it, a key that can only read, disks that die; and how long a cold clip takes."""
import importlib.machinery
import importlib.util
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
sys.path.insert(0, HERE)
from ceph import Ceph  # noqa: E402
from support import fetch as asked  # noqa: E402
from support.fetch import BLOCK, BYTES, ENDLESS, INDEXES, SPAN, Fetch  # noqa: E402
from support.made_archive import make_archive  # noqa: E402
from support.ship import ShippingRig  # noqa: E402
from support.tap import run_tests  # noqa: E402
from support.times import PATIENCE_S, wait_for  # noqa: E402

SETUP = os.path.join(HERE, "..", "..", "deploy", "store-setup")
CEPH, FETCH = [], []
SEGMENTS = 6


class Store:
    """What a rig and a viewer have to know of a bucket."""

    def __init__(self, url, key):
        self.url, self.key = url, key


def listed(client, rig):
    """The files in the list; None while the store does not give it."""
    outcome, reason = client.ask(SPAN, camera=rig.name, what=INDEXES, begin=0, end=ENDLESS)
    assert outcome in (asked.OK, asked.UNKNOWN, asked.UNAVAILABLE), (outcome, reason)
    return FETCH[0].entries(rig.name) if outcome == asked.OK else None


def all_there(client, rig):
    found = listed(client, rig)
    return found and len(found) == SEGMENTS


def check(client, rig, file):
    size = os.path.getsize(os.path.join(rig.recordings, file))
    for begin in range(0, size, 8 * BLOCK):
        assert client.ask(BYTES, camera=rig.name, file=file, begin=begin, end=min(size, begin + 8 * BLOCK)) == (asked.OK, "")
    assert FETCH[0].read(rig.name, file) == rig.file(file) and FETCH[0].read(rig.name, file[:-4] + ".idx") == rig.file(file[:-4] + ".idx")


def empty(rig):
    """An empty cache, of which recorder-fetch knows nothing."""
    FETCH[0].stop()
    FETCH[0].start()
    wait_for(FETCH[0].answers, PATIENCE_S, "recorder-fetch answers")
    assert not [name for name in os.listdir(FETCH[0].path(rig.name, "")) if name.endswith(".mp4")]


def test_every_segment_is_the_recorder_s_byte_for_byte(rig):
    with FETCH[0].client() as client:
        wait_for(lambda: all_there(client, rig), PATIENCE_S, "all segments are listed")
        for file in listed(client, rig):
            check(client, rig, file)


def test_a_cold_span_and_its_first_blocks_are_there_soon(rig):
    with FETCH[0].client() as client:
        file = sorted(listed(client, rig))[1]
    times = {"cold": [], "warm": []}
    for _ in range(5):
        empty(rig)
        with FETCH[0].client() as client:
            for kind in ("cold", "warm"):
                begun = time.monotonic()
                assert client.ask(SPAN, camera=rig.name, what=INDEXES, begin=1, end=ENDLESS // 2) == (asked.OK, "")
                assert client.ask(BYTES, camera=rig.name, file=file, begin=0, end=3 * BLOCK) == (asked.OK, "")
                times[kind].append((time.monotonic() - begun) * 1000)
    print("# " + ", ".join(f"{kind}: median {statistics.median(took):.1f} ms ({min(took):.1f} to {max(took):.1f})" for kind, took in times.items()))


def test_the_key_can_only_read(rig):
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("setup", SETUP)
    setup = importlib.util.module_from_spec(importlib.util.spec_from_loader("setup", loader))
    loader.exec_module(setup)
    options = type("Options", (), {"url": rig.store.url, "region": "us-east-1", "ca_file": None})
    store = setup.Store(options, os.path.join(FETCH[0].folder, "store-read.key"))
    assert store.request("GET", query="list-type=2")[0] == 200
    name = f"v1/live/{rig.name}/{'0' * 32}/000000000000-0000000000000000/tried"
    assert store.request("PUT", name, body=b"x")[0] == 403 and store.request("DELETE", name)[0] == 403


def test_one_disk_of_three_that_dies_costs_nothing_and_two_are_a_sentence(rig):
    ceph = CEPH[0]
    empty(rig)
    with FETCH[0].client() as client:
        ceph.kill_disk(2)
        files = sorted(wait_for(lambda: listed(client, rig), 2 * PATIENCE_S, "the list comes"))
        check(client, rig, files[0])
        ceph.kill_disk(1)
        outcomes = {client.ask(BYTES, camera=rig.name, file=file, begin=0, end=BLOCK)[0] for file in files}
        assert outcomes <= {asked.OK, asked.UNAVAILABLE}, "nothing is ever gone"
        assert not any(entry[184] & asked.EXPIRED for entry in FETCH[0].entries(rig.name).values())
        ceph.start_disk(1)
        ceph.start_disk(2)
        ceph.wait(lambda: ceph.disks_up() == 3)
        wait_for(lambda: all(client.ask(BYTES, camera=rig.name, file=file, begin=0, end=BLOCK)[0] == asked.OK for file in files), 2 * PATIENCE_S,
                 "the store answers again")
        for file in files:
            check(client, rig, file)


def write_key(path, key):
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(key) + "\n")
    os.chmod(path, 0o400)


if __name__ == "__main__":
    if Ceph.missing():
        print(f"1..0 # SKIP not installed: {' '.join(Ceph.missing())}")
        sys.exit(0)
    with Ceph() as cluster:
        CEPH.append(cluster)
        with ShippingRig(Store(cluster.url, cluster.user("ship"))) as recorder:
            write_key(recorder.path("admin.key"), cluster.user("admin"))
            reader = Store(cluster.url, cluster.user("view"))
            subprocess.run([SETUP, "--url", cluster.url, "--admin", recorder.path("admin.key"), "--recorder", "arn:aws:iam:::user/ship",
                            "--reader", "arn:aws:iam:::user/view", "--camera", recorder.name], check=True, stdout=subprocess.DEVNULL)
            make_archive(recorder.recordings, SEGMENTS, seconds=60, fps=30, size="640x360", link=False)
            with open(os.path.join(recorder.recordings, "archive.id"), "w", encoding="utf-8") as identity:
                identity.write(f"{'0123456789abcdef' * 2} {'0' * 64}\n")
            recorder.start_ship()
            FETCH.append(Fetch(recorder, reader))
            FETCH[0].start()
            wait_for(FETCH[0].answers, PATIENCE_S, "recorder-fetch answers")
            try:
                status = run_tests(globals(), recorder)
            finally:
                FETCH[0].stop()
        sys.exit(status)
