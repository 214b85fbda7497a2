#!/usr/bin/env python3
"""A recorder-motion that behaves as a test says, in the place of the real one: recorderd runs the one beside itself.

As a program it is that recorder-motion; its behaviour is the text of the file `behaviour` beside it:

    works, covered    a record of each second, shortly after its end
    moves             the same, with a cell that moves clearly; from "works" and back it changes without a new start
    garbage           bytes that are no record
"""
import os
import struct
import sys
import time

RECORD = struct.Struct("<q72s72sBBbBHBbHH")  # struct motion_record without its CRC


def crc32c(data, seed=0):
    crc = ~seed & 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def record(second, sharpness=60, likeness=127, clear=0):
    """`clear` of the first eight cells move clearly."""
    text = RECORD.pack(second, bytes(72), bytes([(1 << clear) - 1]) + bytes(71), 80, sharpness, likeness, 0, clear, 5, 0, 300, 0)
    return text + struct.pack("<I", crc32c(text))


def send(data):
    while data:
        data = data[os.write(1, data):]


def read_behaviour():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "behaviour"), encoding="ascii") as file:
        return file.read()


def main():
    behaviour = read_behaviour()
    second = int(time.time())
    while True:
        time.sleep(max(0, second + 1.3 - time.time()))
        now = read_behaviour()
        if {behaviour, now} == {"works", "moves"}:
            behaviour = now
        if behaviour == "works":
            send(record(second))
        elif behaviour == "moves":
            send(record(second, clear=3))
        elif behaviour == "covered":
            send(record(second, sharpness=2, likeness=0))
        while behaviour == "garbage":
            send(b"garbage!" * 512)
        second += 1


class FalseMotion:
    """Puts it, and a recorderd beside it, into the folder of a rig that has not been started."""

    def __init__(self, rig, behaviour):
        self.folder = rig.path("programs")
        os.mkdir(self.folder)
        rig.run_from(self.folder)
        with open(__file__, encoding="utf-8") as source, open(self.path("recorder-motion"), "w", encoding="utf-8") as to:
            to.write(f"#!{sys.executable} -I\n" + source.read().partition("\n")[2])
        os.chmod(self.path("recorder-motion"), 0o755)
        self.become(behaviour)

    def path(self, name):
        return os.path.join(self.folder, name)

    def become(self, behaviour):
        """From the next start on; works and moves at once."""
        self.behaviour = behaviour
        with open(self.path("behaviour"), "w", encoding="ascii") as file:
            file.write(behaviour)


if __name__ == "__main__":
    sys.exit(main())
