"""Viewers that come and go, and what the programs still hold after that."""
import contextlib
import os
import socket

from support.times import PATIENCE_S, wait_for

AT_ONCE = 50
RESET = b"\1\0\0\0\0\0\0\0"  # SO_LINGER of 0 s: the connection is reset


def below(parent):
    """Process ids of all descendants of a process."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{entry}/stat", encoding="utf-8") as stat:
                if int(stat.read().rsplit(")", 1)[1].split()[1]) == parent:
                    found += [int(entry), *below(int(entry))]
    return found


def started(rig, name):
    """Process ids of a program that the web server has started, parents before their children."""
    found = []
    for pid in below(rig.web.pid):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/comm", encoding="utf-8") as comm:
            if comm.read().strip() == name:
                found.append(pid)
    return found


def serving(rig):
    """lighttpd and recorder-live."""
    return [rig.web.pid, *started(rig, "recorder-live")]


def descriptors(pids):
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)


def private_kb(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            total += next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))
    return total


def come_and_go(rig, times):
    """Clients that ask for the stream. Most read some of it, and every other one resets its connection."""
    for first in range(0, times, AT_ONCE):
        with contextlib.ExitStack() as stack:
            for number in range(first, min(first + AT_ONCE, times)):
                client = stack.enter_context(socket.create_connection(("127.0.0.1", rig.port), 10))
                client.sendall(b"GET /stream HTTP/1.0\r\nHost: localhost\r\n\r\n")
                if number % 3:
                    client.recv(1 << 16)
                if number % 2:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def settle(rig, most):
    """Waits until the programs hold no more descriptors than that."""
    pids = serving(rig)
    wait_for(lambda: descriptors(pids) <= most, PATIENCE_S, f"at most {most} descriptors: {descriptors(pids)}")
