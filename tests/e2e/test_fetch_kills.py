#!/usr/bin/env python3
"""recorder-fetch is killed while it fills the cache: nothing in it is ever wrong, and the next run answers.

    tests/e2e/test_fetch_kills.py           some calls; EVERY=1: after each call that changes something
"""
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.fetch import Fetch  # noqa: E402
from support.fetch_kills import ask_for_everything, check_cache, kill_after  # noqa: E402
from support.made_archive import make_archive  # noqa: E402
from support.s3_reads import ReadableS3Server  # noqa: E402
from support.ship import ShippingRig  # noqa: E402
from support.tap import run_tests  # noqa: E402
from support.times import PATIENCE_S, wait_for  # noqa: E402

STORE = ReadableS3Server()
EVERY = int(os.environ.get("EVERY", "23"))


def test_a_kill_after_any_call_leaves_nothing_wrong_and_the_next_run_goes_on(rig):
    files, spans = [], []
    data = rig.file("recording_index.bin")
    for at in range(192, len(data), 192):
        files.append(data[at + 96:at + 160].rstrip(b"\0").decode())
        spans += struct.unpack_from("<qq", data, at + 16)
    span = {"begin": min(spans), "end": max(spans)}
    fetch = Fetch(rig, STORE)
    count, kills, most = 1, 0, 0
    while (left := kill_after(fetch, rig, count, files, span)) is not None:
        most, kills, count = max(most, left), kills + 1, count + EVERY
    print(f"# {kills} kills, up to {most} blocks were there")
    assert kills > 3 and most > 0, "some of them were while it filled blocks"
    fetch.start()
    wait_for(fetch.runs, PATIENCE_S, "recorder-fetch answers")
    assert ask_for_everything(fetch, rig.name, files, span) and check_cache(fetch, rig, files) == 3 * len(files)
    fetch.stop()


if __name__ == "__main__":
    with STORE, ShippingRig(STORE) as recorder:
        make_archive(recorder.recordings, 2, seconds=60, fps=30, size="640x360", link=False)
        with open(os.path.join(recorder.recordings, "archive.id"), "w", encoding="utf-8") as identity:
            identity.write(f"{'0123456789abcdef' * 2} {'0' * 64}\n")
        recorder.start_ship()
        recorder.wait_shipped()
        recorder.stop_ship()
        sys.exit(run_tests(globals(), recorder))
