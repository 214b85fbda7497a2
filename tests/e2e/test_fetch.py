#!/usr/bin/env python3
"""recorder-fetch: footage of a store gets into the cache as a worker asks for it, exactly, once, and through every fault."""
import concurrent.futures
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import fetch as asked  # noqa: E402
from support.exact import assert_exact, second_after  # noqa: E402
from support.fetch import BLOCK, BYTES, CAMERAS, ENDLESS, INDEXES, SPAN, Fetch  # noqa: E402
from support.made_archive import make_archive  # noqa: E402
from support.rig import forget_memory, program  # noqa: E402
from support.s3_reads import ReadableS3Server  # noqa: E402
from support.ship import ShippingRig, until  # noqa: E402
from support.tap import run_tests  # noqa: E402
from support.times import PATIENCE_S, wait_for  # noqa: E402

STORE = ReadableS3Server()
ARCHIVE = "0123456789abcdef0123456789abcdef"
SECONDS = 60  # of a segment


class Viewer(Fetch):
    """A recorder-fetch that begins with an empty cache, and knows nothing yet."""

    def __enter__(self):
        self.start()
        wait_for(self.runs, PATIENCE_S, "recorder-fetch answers")
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder)


def viewer(rig, **settings):
    return Viewer(rig, STORE, **settings)


def usual(rig):
    STORE.read_fail = None
    STORE.end_hanging()
    STORE.reads.clear()
    STORE.hanging.clear()
    rig.entries = {name: (begin, end) for name, begin, end in entries(rig)}
    rig.files = sorted(rig.entries)


def entries(rig):
    data = rig.file("recording_index.bin")
    for at in range(192, len(data), 192):
        begin, end = struct.unpack_from("<qq", data, at + 16)
        yield data[at + 96:at + 160].rstrip(b"\0").decode(), begin, end


def gets(kind):
    """(name, range) of the objects of a kind that were given."""
    return [read for read in STORE.reads if read[0].endswith(kind) and not read[0].startswith("?")]


def span_of(rig, *files):
    return {"begin": min(rig.entries[file][0] for file in files), "end": max(rig.entries[file][1] for file in files)}


def fill(client, rig, file, begin=0, end=None):
    size = os.path.getsize(os.path.join(rig.recordings, file))
    assert client.ask(BYTES, camera=rig.name, file=file, begin=begin, end=end or size) == (asked.OK, "")


def check_blocks(fetch, rig, file):
    """What the bits say is there is what the recorder has; returns which blocks that are."""
    size, blocks = fetch.blocks(rig.name, file)
    whole, copy = rig.file(file), fetch.read(rig.name, file)
    assert size == len(whole) == len(copy)
    for block in blocks:
        assert copy[block * BLOCK:(block + 1) * BLOCK] == whole[block * BLOCK:(block + 1) * BLOCK], f"{file}: block {block} differs"
    return blocks


def test_a_span_has_the_recorder_s_segments_and_their_indexes_byte_for_byte(rig):
    with viewer(rig) as fetch, fetch.client() as client:
        first, second = rig.files[:2]
        assert client.ask(SPAN, camera=rig.name, what=INDEXES, **span_of(rig, first, second)) == (asked.OK, "")
        listed = fetch.entries(rig.name)
        assert set(listed) == set(rig.files), "the day is listed"
        for file, (begin, end) in rig.entries.items():
            assert struct.unpack_from("<qq", listed[file], 16) == (begin, end) and listed[file][184] & asked.PARTIAL
        for file in (first, second):
            assert fetch.read(rig.name, file[:-4] + ".idx") == rig.file(file[:-4] + ".idx")
            assert check_blocks(fetch, rig, file) == [0], "the first block has its moov"
        assert len(gets(".idx")) == 2 and len(gets(".mp4")) == 2, STORE.reads
        STORE.reads.clear()
        assert client.ask(SPAN, camera=rig.name, what=INDEXES, **span_of(rig, first, second)) == (asked.OK, "")
        assert not STORE.reads, "what is there costs nothing"


def test_four_workers_that_ask_for_one_block_cost_one_get(rig):
    file = rig.files[1]
    with viewer(rig) as fetch:
        def ask(_):
            with fetch.client() as client:
                return client.ask(BYTES, camera=rig.name, file=file, begin=BLOCK, end=BLOCK + 1)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            assert list(pool.map(ask, range(4))) == [(asked.OK, "")] * 4
        assert gets(".mp4") == [(gets(".mp4")[0][0], (BLOCK, 2 * BLOCK - 1))]
        assert check_blocks(fetch, rig, file) == [1]


def test_a_cache_at_its_limit_stays_below_it_and_every_answer_is_right(rig):
    with viewer(rig, cache_gb=0.01) as fetch, fetch.client() as client:
        sizes = [os.path.getsize(os.path.join(rig.recordings, file)) for file in rig.files]
        assert max(sizes) < 9e6 and sum(sizes) > 15e6, f"the cache holds one of them, and not all: {sizes}"
        for turn in range(2):
            for file in rig.files:
                fill(client, rig, file)
                assert check_blocks(fetch, rig, file)[0] == 0
            there = os.listdir(fetch.path(rig.name, ""))
            assert rig.files[0] not in there and rig.files[-1] in there, "what was not used for longest goes first"
            used = sum(os.stat(fetch.path(rig.name, name)).st_blocks * 512 for name in there)
            assert used < 11e6, f"turn {turn}: {used} bytes"


def test_a_cache_that_is_deleted_is_filled_again(rig):
    file = rig.files[0]
    with viewer(rig) as fetch, fetch.client() as client:
        for delete in ("*.mp4", "*.blocks", "*.idx", "recording_index.bin", "."):
            fill(client, rig, file, 0, BLOCK)
            subprocess.run(f"rm -rf {fetch.path(rig.name, '')}{delete.removeprefix('.') if delete == '.' else delete}", shell=True, check=True)
            assert client.ask(SPAN, camera=rig.name, what=INDEXES, **span_of(rig, file)) == (asked.OK, "")
            fill(client, rig, file, 0, BLOCK)
            assert 0 in check_blocks(fetch, rig, file), delete
            assert fetch.read(rig.name, file[:-4] + ".idx") == rig.file(file[:-4] + ".idx"), delete


def test_recordings_below_the_cache_stay_as_they_are(rig):
    with viewer(rig) as fetch:
        fetch.stop()
        shutil.rmtree(fetch.path(rig.name, ""), ignore_errors=True)
        kept = shutil.copytree(rig.recordings, fetch.path(rig.name, ""))
        open(os.path.join(kept, ".lock"), "wb").close()  # as each recorder makes it
        before = {name: rig.file(name) for name in os.listdir(rig.recordings)}
        started = rig.log(fetch.log_name).count("serves")
        fetch.start()
        wait_for(lambda: rig.log(fetch.log_name).count("serves") > started, PATIENCE_S, "recorder-fetch runs")
        with fetch.client() as client:
            outcome, reason = client.ask(SPAN, camera=rig.name, what=INDEXES, end=ENDLESS)
        assert outcome != asked.OK and "cache" in reason, (outcome, reason)
        assert rig.files[0] in before and not [name for name in before if fetch.read(rig.name, name) != before[name]]
        assert set(os.listdir(kept)) == {*before, ".lock"}, os.listdir(kept)


def test_a_fault_of_the_store_is_a_sentence_and_never_a_gap(rig):
    file = rig.files[0]
    with viewer(rig) as fetch, fetch.client() as client:
        assert client.ask(SPAN, camera=rig.name, what=INDEXES, **span_of(rig, file)) == (asked.OK, "")
        for failure, words in (("500", "status 500|store failed"), ("503", "slow down"), ("denied", "may not read"), ("no-bucket", "bucket does not exist"),
                               ("short", "connection|failed"), ("inside", "list|not understood|failed|bytes")):
            STORE.read_fail = failure
            outcome, reason = client.ask(BYTES, camera=rig.name, file=file, begin=BLOCK, end=2 * BLOCK)
            assert outcome == asked.UNAVAILABLE and reason, (failure, outcome, reason)
            assert re.search(words, reason), (failure, reason)
            assert not fetch.flags(rig.name, file) & asked.EXPIRED
            assert client.ask(BYTES, camera=rig.name, file=file, begin=0, end=BLOCK) == (asked.OK, ""), "what is there is there"
            STORE.read_fail = None
            wait_for(lambda: client.ask(BYTES, camera=rig.name, file=file, begin=BLOCK, end=2 * BLOCK)[0] == asked.OK, PATIENCE_S, "it works again")
            shutil.rmtree(fetch.path(rig.name, ""))
            assert client.ask(SPAN, camera=rig.name, what=INDEXES, **span_of(rig, file)) == (asked.OK, "")


def test_while_the_store_hangs_what_is_there_is_answered(rig):
    file, other = rig.files[:2]
    with viewer(rig) as fetch, fetch.client() as client, fetch.client() as waiting:
        assert client.ask(SPAN, camera=rig.name, what=INDEXES, **span_of(rig, file)) == (asked.OK, "")
        STORE.read_fail = "hang"
        for number in range(50):
            waiting.send(BYTES, camera=rig.name, file=other, begin=number % 3 * BLOCK, end=number % 3 * BLOCK + 1)
        wait_for(lambda: len(STORE.hanging) > 0, PATIENCE_S, "the store is asked")
        for _ in range(100):
            assert client.ask(SPAN, camera=rig.name, what=INDEXES, **span_of(rig, file)) == (asked.OK, "")
            assert client.ask(BYTES, camera=rig.name, file=file, begin=0, end=BLOCK) == (asked.OK, "")
        STORE.read_fail = None
        STORE.end_hanging()
        outcomes = [waiting.receive()[1] for _ in range(50)]
        assert set(outcomes) <= {asked.OK, asked.UNAVAILABLE}


def test_while_the_store_hangs_what_was_known_a_minute_ago_is_answered(rig):
    file, other = rig.files[:2]
    fetch = viewer(rig)
    clock = fetch.with_clock()
    with fetch, fetch.client() as client, fetch.client() as waiting:
        known = {"camera": rig.name, "what": INDEXES, **span_of(rig, file)}
        assert client.ask(SPAN, **known) == (asked.OK, "")
        clock.age(100)
        STORE.read_fail = "hang"
        for number in range(50):
            waiting.send(BYTES, camera=rig.name, file=other, begin=number % 3 * BLOCK, end=number % 3 * BLOCK + 1)
        recent = waiting.send(SPAN, camera=rig.name, begin=0, end=ENDLESS)
        wait_for(lambda: len(STORE.hanging) > 0, PATIENCE_S, "the store is asked")
        for _ in range(100):
            assert client.ask(SPAN, **known) == (asked.OK, "")
        assert not select.select([waiting.socket], [], [], 0)[0], "nothing else was answered, and the store was not given up, before"
        STORE.read_fail = "500"
        STORE.end_hanging()
        outcomes = {number: outcome for number, outcome, *_ in (waiting.receive() for _ in range(51))}
        assert outcomes[recent] == asked.UNAVAILABLE, "the store may have newer footage"
        assert client.ask(SPAN, **known) == (asked.OK, "")
        STORE.read_fail = None
        STORE.reads.clear()
        wait_for(lambda: client.ask(SPAN, **known) == (asked.OK, "") and f"?v1/days/{rig.name}/" in dict(STORE.reads), PATIENCE_S, "the days are listed again")
        clock.age(3001)
        STORE.read_fail = "500"
        wait_for(lambda: client.ask(SPAN, **known)[0] == asked.UNAVAILABLE, PATIENCE_S, "what is too old is no answer")


def test_an_object_that_is_gone_leaves_an_entry_that_has_expired(rig):
    file, other = rig.files[:2]
    with viewer(rig) as fetch, fetch.client() as client:
        fill(client, rig, file, 0, BLOCK)
        STORE.read_fail = lambda name: "missing" if name.endswith(".mp4") else None
        outcome, reason = client.ask(BYTES, camera=rig.name, file=file, begin=BLOCK, end=2 * BLOCK)
        assert outcome == asked.UNAVAILABLE and "lists" in reason, "a store that is only partly there may say so of an object that it has"
        STORE.read_fail, kept = None, dict(STORE.objects)
        for name in [name for name in kept if name.endswith(".mp4")]:
            del STORE.objects[name]
        wait_for(lambda: client.ask(BYTES, camera=rig.name, file=file, begin=BLOCK, end=2 * BLOCK)[0] != asked.UNAVAILABLE, PATIENCE_S, "it is asked")
        outcome, reason = client.ask(BYTES, camera=rig.name, file=file, begin=BLOCK, end=2 * BLOCK)
        assert outcome == asked.GONE
        assert fetch.flags(rig.name, file) & asked.EXPIRED and not fetch.flags(rig.name, other) & asked.EXPIRED
        assert client.ask(BYTES, camera=rig.name, file=file, begin=0, end=1)[0] == asked.GONE, "what is left of it is not shown"
        assert not os.path.exists(fetch.path(rig.name, file)), "it has left the cache"
        assert client.ask(SPAN, camera=rig.name, what=INDEXES, **span_of(rig, file, other)) == (asked.OK, "")
        assert fetch.flags(rig.name, other) & asked.EXPIRED, "its beginning is not there either"
        STORE.objects.update(kept)


def test_a_request_that_is_none_is_refused_and_a_packet_that_is_none_ends_the_connection(rig):
    file = rig.files[0]
    with viewer(rig) as fetch, fetch.client() as client:
        bad = [dict(kind=7), dict(kind=SPAN, camera="../x", begin=0, end=1), dict(kind=SPAN, camera="", begin=0, end=1),
               dict(kind=SPAN, camera=rig.name, begin=5, end=5), dict(kind=SPAN, camera=rig.name, begin=-1, end=5), dict(kind=SPAN, camera=rig.name, what=4, end=5),
               dict(kind=BYTES, camera=rig.name, file="../recording_20260517_102300.mp4", end=1),
               dict(kind=BYTES, camera=rig.name, file=file, begin=0, end=16 * BLOCK + 1), dict(kind=BYTES, camera=rig.name, file=file, begin=0, end=1, what=1),
               dict(kind=BYTES, camera=rig.name, file=file, begin=0, end=1 << 40), dict(kind=CAMERAS, camera=rig.name)]
        for what in bad:
            assert client.ask(what.pop("kind"), **what)[0] == asked.INVALID, what
        assert client.ask(SPAN, camera="nobody", end=5)[0] == asked.UNKNOWN
        assert client.ask(BYTES, camera=rig.name, file="recording_20200101_000000.mp4", end=1)[0] == asked.UNKNOWN
        client.socket.send(b"x" * 135)
        assert client.socket.recv(1) == b""
        with fetch.client() as another:
            assert another.ask(CAMERAS) == (asked.OK, "")


def test_a_restored_folder_has_the_recorder_s_files(rig):
    with viewer(rig) as fetch:
        folder = rig.path("restored")
        begin, end = rig.entries[rig.files[1]]
        command = [program("recorder-fetch"), "-c", fetch.ini, "--restore", rig.name, str(begin / 1e6), str(end / 1e6 - 1), folder]
        for _ in range(2):
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            assert result.returncode == 0, result
            assert sorted(os.listdir(folder)) == sorted([rig.files[1], rig.files[1][:-4] + ".idx"]), os.listdir(folder)
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as file:
                assert file.read() == rig.file(name), name
        subprocess.run(["ffprobe", "-v", "error", os.path.join(folder, rig.files[1])], check=True)
        with open(os.path.join(folder, "archive.id"), "w", encoding="utf-8") as file:
            file.write(ARCHIVE)
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 1 and "uses this folder" in result.stderr, result


def test_a_segment_that_is_being_recorded_grows_and_becomes_the_whole_one(rig):
    with ShippingRig(STORE) as live:
        live.start_recorderd()
        live.start_ship()
        until(lambda: any(name.startswith(f"v1/live/{live.name}/") for name in STORE.objects), STORE)  # cameras are listed once in 60 s
        with viewer(rig) as fetch, fetch.client() as client:
            follow(live, fetch, client)
            take_restored(live, fetch)


def follow(live, fetch, client):
    def frames():
        """File -> (state, frames) of the list."""
        assert client.ask(SPAN, camera=live.name, what=INDEXES, begin=0, end=ENDLESS) == (asked.OK, "")
        return {file: (entry[92], struct.unpack_from("<Q", entry, 64)[0]) for file, entry in fetch.entries(live.name).items()}

    seen = wait_for(lambda: {file: one for file, one in frames().items() if one[0] == 0 and one[1] > 0}, PATIENCE_S, "an open segment is there")
    file, (_, first) = seen.popitem()
    index, whole, copy = fetch.read(live.name, file[:-4] + ".idx"), live.file(file), fetch.read(live.name, file)
    assert index == live.file(file[:-4] + ".idx")[:len(index)]
    size, blocks = fetch.blocks(live.name, file)
    assert size == len(copy) and blocks == list(range((size + BLOCK - 1) // BLOCK))
    free_at = whole.find(b"uuid") - 4
    free_at += struct.unpack_from(">I", whole, free_at)[0]
    assert copy[:free_at] == whole[:free_at] and copy[free_at + 16:] == whole[free_at + 16:size]
    assert client.ask(BYTES, camera=live.name, file=file, begin=0, end=size) == (asked.OK, "")
    assert client.ask(BYTES, camera=live.name, file=file, begin=0, end=size + 5 * BLOCK)[0] == asked.UNKNOWN

    shutil.rmtree(fetch.path(live.name, ""))
    assert frames()[file][1] >= first and fetch.blocks(live.name, file)[0] >= size, "what was deleted is joined again"
    wait_for(lambda: frames()[file][1] > first, PATIENCE_S, "it grows")
    wait_for(lambda: frames()[file][0] == 1, PATIENCE_S, "it is closed")
    size = os.path.getsize(os.path.join(live.recordings, file))
    assert client.ask(BYTES, camera=live.name, file=file, begin=0, end=min(size, 16 * BLOCK)) == (asked.OK, "")
    assert fetch.read(live.name, file) == live.file(file) and fetch.read(live.name, file[:-4] + ".idx") == live.file(file[:-4] + ".idx")


def take_restored(live, fetch):
    """The recorder is lost, its last segment open. Another one gets the restored folder, and has every frame of it."""
    number = live.open_segment()[1]
    until(lambda: len(live.joined(number)[1]) > 64, STORE)
    live.stop_ship()
    live.stop_recorderd(signal.SIGKILL)
    forget_memory(live.name)
    before, first = dict(STORE.objects), live.camera.frames()[0]
    assert len(live.joined(number)[1]) > 64 and number not in live.listed(), "the newest segment is in pieces only"
    folder, ended_us = live.path("restored"), live.camera.newest().wall_us
    command = [program("recorder-fetch"), "-c", fetch.ini, "--restore", live.name, str(first.wall_us / 1e6), str(ended_us / 1e6 + 1), folder]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert not [name for name in os.listdir(folder) if not name.startswith("recording_")], os.listdir(folder)

    archive, live.recordings = live.archive(), folder
    live.write_ini({"record": {"directory": folder}, "store": {"url": STORE.url, "piece_seconds": 1}})
    live.start_recorderd()
    live.start_web()
    wait_for(live.recording, PATIENCE_S, "frames are recorded")
    restored = [entry for entry in entries(live) if entry[1] < ended_us]
    assert len(restored) == number, "each segment is there, the open one too"
    assert live.file("archive.id").split()[0].decode() != archive, "the lost recorder may be found, and ship what it has"
    begin, end = second_after(first), restored[-1][2]
    assert live.footage(begin, end).headers["X-Clip-Source"] == "disk"
    assert_exact(live, begin, end)
    live.start_ship()
    live.wait_shipped()
    assert {name: STORE.objects[name] for name in before} == before, "what the lost recorder shipped stays as it was"


if __name__ == "__main__":
    with STORE, ShippingRig(STORE) as recorder:
        make_archive(recorder.recordings, 3, seconds=SECONDS, fps=30, size="640x360", link=False)
        with open(os.path.join(recorder.recordings, "archive.id"), "w", encoding="utf-8") as identity:
            identity.write(f"{ARCHIVE} {'0' * 64}\n")
        recorder.start_ship()
        recorder.wait_shipped()
        recorder.stop_ship()
        sys.exit(run_tests(globals(), recorder, before=usual))
