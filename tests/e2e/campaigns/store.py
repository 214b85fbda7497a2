#!/usr/bin/env python3
"""How much footage is lost if the recorder and recorder-ship are killed together: N times, with an uplink of FACTOR x the bitrate.

Usage: campaigns/store.py [N] [FACTOR] (root: the network is a namespace of its own, whose loopback carries no more than that). What is lost
lies between the kill and the end of the newest footage in the store. Segments of a minute are going out half of the time.
"""
import glob
import os
import random
import statistics
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from support.s3_server import S3Server  # noqa: E402
from support.ship import ShippingRig, until  # noqa: E402
from support.times import PATIENCE_S, wait_for  # noqa: E402

PIECE_S = 5
RECORD = 32
BITRATE_S = 10  # for as long it is measured


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
    until(lambda: shipped_until_us(store, wait_for(opened, PATIENCE_S, "a segment is open")), store, 2 * PATIENCE_S)


def lost(rig, store, former):
    """(seconds that were lost, the segment that was open)"""
    live_again(rig, store, former)
    time.sleep(random.uniform(1, 3 * PIECE_S))
    _, number = wait_for(rig.open_segment, PATIENCE_S, "a segment is open")
    for process in (rig.ship, rig.recorderd):
        process.kill()
    killed_us = time.time() * 1e6
    rig.stop_ship()
    rig.stop_recorderd()
    time.sleep(0.5)  # what the kernel has been given is still sent: without it nothing can be received
    until_us = shipped_until_us(store, number) or shipped_until_us(store, number - 1)
    rig.start_recorderd()
    rig.start_ship()
    return (killed_us - until_us) / 1e6, number


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    factor = float(sys.argv[2]) if len(sys.argv) > 2 else 3
    subprocess.run(["ip", "link", "set", "lo", "mtu", "1500", "up"], check=True)
    with S3Server() as store, ShippingRig(store, {"store": {"piece_seconds": PIECE_S}, "record": {"segment_seconds": 60}}) as rig:
        rig.start_recorderd()
        rate = bitrate(rig)
        limit(int(rate * factor))
        rig.start_ship()
        losses, open_one = [], None
        for number in range(count):
            seconds, open_one = lost(rig, store, open_one)
            losses.append(seconds)
            segments = sum(1 for name in store.order if name.endswith(".mp4"))
            print(f"{number + 1}: {losses[-1]:.1f} s ({segments} segments in the store)", flush=True)
        print(f"bitrate {rate / 1e3:.0f} kbit/s, uplink {factor:g} times that: lost {min(losses):.1f} to {max(losses):.1f} s, median "
              f"{statistics.median(losses):.1f} s, in {count} kills")


if __name__ == "__main__":
    if os.environ.get("OWN_NETWORK") != "yes":
        os.execvpe("unshare", ["unshare", "-n", sys.executable, *sys.argv], dict(os.environ, OWN_NETWORK="yes"))
    main()
