#!/usr/bin/env python3
"""A machine without a camera: random questions have the recorder's own answers, and a store that hangs holds nobody else up: remote.py [NUMBER] [SEED]"""
import random
import select
import socket
import statistics
import struct
import time

from arguments import amount, random_seed
from support.fetch import BLOCK
from support.remote import RemoteRig, both, fill_store
from support.s3_reads import ReadableS3Server
from support.ship import ShippingRig
from support.times import PATIENCE_S, US, wait_for

SEGMENTS, SECONDS = 6, 60
DOWNLOADS, PROBES = 100, 500


def ends(rig):
    data = rig.file("recording_index.bin")
    entries = [struct.unpack_from("<qq", data, at + 16) for at in range(192, len(data), 192)]
    return entries[0][0], entries[-1][1]


def question(chance, first, last):
    """(path, headers) of a question that has one answer: what is after the last recording depends on when it is asked."""
    begin = chance.randrange(first - 5 * US, last - 1)
    end = min(begin + int(chance.choice((0.05, 1, 10, 100)) * US * chance.random()) + 1, last)
    span = f"from={begin / US:.6f}&to={end / US:.6f}"
    kind = chance.choice(("footage",) * 6 + ("speed", "range", "range", "snapshot", "playlist", "timeline", "recordings"))
    if kind == "speed":
        return f"/footage?{span}&speed={chance.choice((2, 8, 30))}", None
    if kind == "range":
        at = chance.randrange(0, 3 * BLOCK)
        return f"/footage?{span}", {"Range": f"bytes={at}-{at + chance.randrange(1, 2 * BLOCK)}"}
    if kind == "snapshot":
        return f"/snapshot?at={begin / US:.6f}", None
    return (f"/{kind}.m3u8?{span}" if kind == "playlist" else f"/{kind}?{span}"), None


def ask_random(rig, number, seed):
    chance, (first, last), counts = random.Random(seed), ends(rig), {}
    for _ in range(number):
        path, headers = question(chance, first, last)
        answer = both(rig, path, headers)
        counts[answer.status] = counts.get(answer.status, 0) + 1
    print(f"seed {seed}: {number} questions, all answered as by the recorder: {counts}")


def stall(rig, store):
    """
    Downloads of what is not in the cache while the store hangs, and what is known is old enough to be asked for again. Returns how long other
    answers take, in milliseconds: before, while the downloads are taken, and after that.
    """
    first, last = ends(rig)
    warm = f"/footage?from={(last - 5 * US) / US:.6f}&to={(last - 3 * US) / US:.6f}&camera={rig.name}"
    cold = f"/footage?from={first / US:.6f}&to={(first + 50 * US) / US:.6f}&camera={rig.name}"
    assert rig.remote.get(warm).status == 200 and rig.remote.get(cold, headers={"Range": "bytes=0-1"}).status == 206
    quiet = times_of(rig, warm)
    store.read_fail = "hang"
    rig.remote.fetch.clock.age(100)
    sockets = []
    for number in range(DOWNLOADS):
        connection = socket.create_connection(("127.0.0.1", rig.remote.port))
        at = 2 * BLOCK + number
        connection.sendall(f"GET {cold} HTTP/1.1\r\nHost: localhost\r\nRange: bytes={at}-\r\n\r\n".encode())
        sockets.append(connection)
    wait_for(lambda: store.hanging, PATIENCE_S, "the store is asked, and hangs")
    taken, stalled = times_of(rig, warm), times_of(rig, warm)
    assert not select.select(sockets, [], [], 0)[0], "the downloads wait still"
    for connection in sockets:
        connection.close()
    store.read_fail = None
    store.end_hanging()
    return quiet, taken, stalled


def times_of(rig, path):
    times = []
    for _ in range(PROBES):
        begun = time.monotonic()
        assert rig.remote.get(path).status == 200
        times.append((time.monotonic() - begun) * 1000)
    return times


def figures(times):
    return f"median {statistics.median(times):.1f} ms, 99 % within {sorted(times)[len(times) * 99 // 100]:.1f} ms, longest {max(times):.1f} ms"


def campaign(number, seed):
    with ReadableS3Server() as store, ShippingRig(store) as rig, RemoteRig(store, http={"max_downloads": 1000}, cache_gb=0.1) as rig.remote:
        fill_store(rig, SEGMENTS, SECONDS)
        rig.remote.fetch.with_clock()
        rig.remote.start(rig.name)
        ask_random(rig, number, seed)
        quiet, taken, stalled = stall(rig, store)
        print(f"answers from the cache: {figures(quiet)}")
        print(f"the same while {DOWNLOADS} downloads of a store that hangs are taken: {figures(taken)}")
        print(f"the same while they wait for it: {figures(stalled)}")


if __name__ == "__main__":
    campaign(amount(1000), random_seed())
