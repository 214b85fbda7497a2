#!/usr/bin/env python3
"""How much footage is lost if the recorder and recorder-ship are killed together, and what shipping costs, at 720p60.

Usage: campaigns/store.py [N] [UPLINK] (root: the network is a namespace of its own, whose loopback carries no more than that)

UPLINK: so many times the bitrate, or so many Mbit/s (1mbit); 0: no limit, and what shipping costs is measured instead, for N times ten seconds.

What is lost lies between the kill and the end of the newest footage in the store. A segment of 100 MB is going out all the time: it is the
oldest one, and never arrives as a whole, since each start begins with it again.
"""
import glob
import os
import random
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from support import BUILD  # noqa: E402
from support.certificate import certificate  # noqa: E402
from support.made_archive import make_archive  # noqa: E402
from support.s3_server import S3Server  # noqa: E402
from support.ship import ShippingRig, until  # noqa: E402
from support.times import PATIENCE_S, wait_for  # noqa: E402

PIECE_S = 5
RECORD = 32
BITRATE_S = 10  # for as long it is measured
LARGE_BYTES = 100e6
HD = os.path.join(BUILD, "tests", "frames", "hd.frames")
SETTINGS = {"camera": {"width": 1280, "height": 720, "fps": 60}, "store": {"piece_seconds": PIECE_S}, "memory": {"minutes": 1, "max_mb": 512}}


def rig_of(store, segment_seconds, **keys):
    return ShippingRig(store, {**SETTINGS, "store": {**SETTINGS["store"], **keys}, "record": {"segment_seconds": segment_seconds}}, fps="60", frames=HD)


def make_large(rig):
    """A closed segment, older than what is recorded."""
    made = make_archive(rig.path("sample"), 1, seconds=10, fps=30, size="1280x720", link=False)
    bytes_per_s = sum(os.path.getsize(path) for path in glob.glob(rig.path("sample", "*.mp4"))) / (made[1] - made[0])
    make_archive(rig.recordings, 1, seconds=round(LARGE_BYTES / bytes_per_s), fps=30, size="1280x720", link=False)


def shipped_until_us(store, number):
    """The end of the newest frame of that segment in the store."""
    newest = 0
    for name, body in store.named("live").items():
        if f"/{number:012}-" in name:
            wall_us, _, _, duration_us = struct.unpack_from("<qQII", body, len(body) - RECORD)
            newest = max(newest, wall_us + duration_us)
    return newest


def limit(bits_per_s):
    subprocess.run(["tc", "qdisc", "replace", "dev", "lo", "root", "tbf", "rate", f"{bits_per_s}bit", "burst", "16k", "latency", "100ms"], check=True)


def bitrate(rig):
    """Bits per second of the footage."""
    def recorded():
        return sum(os.path.getsize(path) for path in glob.glob(os.path.join(rig.recordings, "*.mp4")))
    wait_for(rig.open_segment, PATIENCE_S, "a segment is open")
    before = recorded()
    time.sleep(BITRATE_S)
    return (recorded() - before) * 8 / BITRATE_S


def live_again(rig, store, former):
    """Waits until pieces of a segment that is open now, and not the former one, are in the store."""
    def opened():
        number = rig.open_segment()[1]
        return number if number != former else None
    until(lambda: shipped_until_us(store, wait_for(opened, PATIENCE_S, "a segment is open")), store, 10 * PATIENCE_S)  # over a thin line


def lost(rig, store, former):
    """(seconds that were lost, the segment that was open, how much of the shipper's memory was its own)"""
    live_again(rig, store, former)
    time.sleep(random.uniform(1, 3 * PIECE_S))
    _, number = wait_for(rig.open_segment, PATIENCE_S, "a segment is open")
    memory_kb = anonymous_kb(rig.ship)
    for process in (rig.ship, rig.recorderd):
        process.kill()
    killed_us = time.time() * 1e6
    rig.stop_ship()
    rig.stop_recorderd()
    time.sleep(0.5)  # what the kernel has been given is still sent: without it nothing can be received
    until_us = shipped_until_us(store, number) or shipped_until_us(store, number - 1)
    rig.start_recorderd()
    rig.start_ship()
    return (killed_us - until_us) / 1e6, number, memory_kb


def kill(count, uplink):
    with S3Server() as store, rig_of(store, 600) as rig:
        make_large(rig)
        rig.start_recorderd()
        rate = bitrate(rig)
        limit(int(float(uplink[:-4]) * 1e6 if uplink.endswith("mbit") else rate * float(uplink)))
        rig.start_ship()
        losses, memory, open_one = [], [], None
        for number in range(count):
            seconds, open_one, memory_kb = lost(rig, store, open_one)
            losses.append(seconds)
            memory.append(memory_kb)
            parts = sum(len(parts) for _, parts in store.uploads.values())
            print(f"{number + 1}: {losses[-1]:.1f} s ({parts} parts of the large segment have arrived so far)", flush=True)
        print(f"bitrate {rate / 1e3:.0f} kbit/s, uplink {uplink}: lost {min(losses):.1f} to {max(losses):.1f} s, median {statistics.median(losses):.1f} s, "
              f"in {count} kills; RssAnon at most {max(memory)} kB", flush=True)


def anonymous_kb(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"RssAnon:\s*(\d+) kB", status.read())[1])


def cpu_s(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cost(count):
    """With TLS. Segments of a minute, so that as much goes out in whole as in pieces, as in the long run of any length."""
    with tempfile.TemporaryDirectory() as folder:
        context, ca_file = certificate(lambda name: os.path.join(folder, name), "store", "IP:127.0.0.1")
        with S3Server(context) as store, rig_of(store, 60, ca_file=ca_file) as rig:
            measure(store, rig, count)


def measure(store, rig, count):
    rig.start()
    rig.start_ship()
    until(lambda: [name for name in store.order if name.endswith(".mp4")], store, 3 * PATIENCE_S)
    ship = rig.ship
    before, began, memory = cpu_s(ship), time.monotonic(), 0
    sent = sum(len(body) for body in store.objects.values())
    for _ in range(count):
        time.sleep(10)
        memory = max(memory, anonymous_kb(ship))
    used, wall_s = cpu_s(ship) - before, time.monotonic() - began
    sent = sum(len(body) for body in store.objects.values()) - sent
    recording = rig.get("/camera_info").json()["recording"]
    print(f"{wall_s:.0f} s: {sent * 8 / wall_s / 1e3:.0f} kbit/s were sent; recorder-ship used {100 * used / wall_s:.2f} % of a core, {used / sent * 1e9:.1f} s "
          f"of processor time per GB; RssAnon at most {memory} kB; thinned {recording['thinned']}", flush=True)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    uplink = sys.argv[2] if len(sys.argv) > 2 else "3"
    subprocess.run(["ip", "link", "set", "lo", "mtu", "1500", "up"], check=True)
    if uplink == "0":
        cost(count)
    else:
        kill(count, uplink)


if __name__ == "__main__":
    if os.environ.get("OWN_NETWORK") != "yes":
        os.execvpe("unshare", ["unshare", "-n", sys.executable, *sys.argv], dict(os.environ, OWN_NETWORK="yes"))
    main()
