#!/usr/bin/env python3
"""More connections than there are descriptors for: the programs wait until some are free, log it once, and use no processor time meanwhile."""
import os
import socket
import struct
import time

from support.rig import Rig, program
from support.tap import run_tests
from support.times import PATIENCE_S, wait_for

DESCRIPTORS, CONNECTIONS, WORKERS = 30, 400, 4
WORDS = "cannot accept connections"


def record(kind, content):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def pair(name, value):
    return bytes((len(name), len(value))) + name.encode() + value.encode()


BEGIN = record(1, struct.pack(">HB5x", 1, 0))


def request(path):
    params = pair("REQUEST_METHOD", "GET") + pair("REQUEST_URI", path)
    return BEGIN + record(4, params) + record(4, b"") + record(5, b"")


def processes(root):
    """The process ids of a process and its descendants."""
    found = [root]
    with open(f"/proc/{root}/task/{root}/children", encoding="ascii") as children:
        for child in map(int, children.read().split()):
            found += processes(child)
    return found


def cpu_seconds(root):
    ticks = 0
    for pid in processes(root):
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            ticks += sum(map(int, stat.read().rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def crowd(name, path, lines_max):
    with Rig() as rig:
        address = rig.path("own.sock")
        command = ["prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}", program(name), "-s", address]
        worker = rig.spawn(command, "own.log", dict(rig.environment, RECORDER_CONFIG=rig.ini))
        try:
            wait_for(lambda: os.path.exists(address), PATIENCE_S, f"{name} listens")
            crowded(rig, worker, address, lines_max)
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(PATIENCE_S)
                client.connect(address)
                client.sendall(request(path))
                assert client.recv(4096)[8:].startswith(b"Status: "), "it answers once descriptors are free"
        finally:
            rig.stop_process(worker)


def crowded(rig, worker, address, lines_max):
    idle = []
    for _ in range(CONNECTIONS):
        client = socket.socket(socket.AF_UNIX)
        client.connect(address)
        client.sendall(BEGIN)
        idle.append(client)
    wait_for(lambda: WORDS in rig.log("own.log"), PATIENCE_S, "it logs that there are too many")
    began, before = time.monotonic(), cpu_seconds(worker.pid)
    time.sleep(1)  # the processor time in this time is measured
    used, passed = cpu_seconds(worker.pid) - before, time.monotonic() - began
    for client in idle:
        client.close()
    assert used < passed / 4, f"{used:.2f} s of processor time in {passed:.2f} s"
    lines = rig.log("own.log").count(WORDS)
    assert lines <= lines_max, f"it is logged {lines} times"


def test_the_api_waits_for_descriptors():
    crowd("recorder-api", "/recordings", WORKERS)


def test_the_live_view_waits_for_descriptors():
    crowd("recorder-live", "/stream", 1)


if __name__ == "__main__":
    raise SystemExit(run_tests(globals()))
