#!/usr/bin/env python3
"""Large crowds of hostile clients, behind each web server in turn: what they get, and what others notice.

usage: crowd.py [COUNT]        (10000 connections by default; about 45 s per server)
"""
import contextlib
import os
import time

from arguments import amount
from support import webserver
from support.cases_hostile import alive, connections
from support.rig import Rig
from support.viewer import Viewer

HEADERS = b"GET /camera_info HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
BODY = b"POST /control?recording=on HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n"
WATCH_S = 40


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def others(rig, viewer, seconds):
    """What another client sees meanwhile: milliseconds per answer, and pictures per second."""
    until, begun = time.monotonic() + seconds, time.monotonic()
    times, pictures = [], 0
    while time.monotonic() < until:
        asked = time.monotonic()
        assert rig.get("/camera_info", timeout=30).status == 200
        times.append((time.monotonic() - asked) * 1000)
        viewer.part()
        pictures += 1
    return f"answers to others: {percentile(times, 0.5):.0f} ms median, {max(times):.0f} ms at most; {pictures / (time.monotonic() - begun):.0f} pictures/s"


def crowd(rig, name, count, sent, drip):
    """Opens `count` connections that send `sent`, then a byte per second (or nothing), until the server has closed all of them or WATCH_S are over."""
    with Viewer(rig) as viewer, contextlib.ExitStack() as stack:
        begun = time.monotonic()
        clients = connections(rig, stack, count, sent)
        print(f"{name}: {count} connected within {time.monotonic() - begun:.1f} s; {others(rig, viewer, 3)}", flush=True)
        while (left := alive(clients)) and time.monotonic() - begun < WATCH_S:
            for client in clients if drip else ():
                with contextlib.suppress(OSError):
                    client.send(b"a")
            others(rig, viewer, 1)
        closed = f"all closed after {time.monotonic() - begun:.0f} s" if not left else f"{left} still open after {WATCH_S} s"
        print(f"{name}: {closed}", flush=True)


def main():
    count = amount(10000)
    for name, server in webserver.SERVERS.items():
        if not server.installed():
            continue
        os.environ["WEB_SERVER"] = name
        with Rig({"http": {"allow_control": "yes"}}) as rig:
            rig.start()
            crowd(rig, f"{name}, idle", count, b"", False)
            crowd(rig, f"{name}, headers at a byte per second", min(count, 500), HEADERS, True)
            crowd(rig, f"{name}, a body at a byte per second", min(count, 500), BODY, True)


main()
