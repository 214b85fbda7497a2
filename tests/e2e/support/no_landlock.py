#!/usr/bin/env python3
"""Runs a command as if the kernel had no Landlock: a seccomp filter returns ENOSYS.

    no_landlock.py COMMAND [ARGUMENT]...
"""
import ctypes
import os
import struct
import sys

LANDLOCK_CREATE_RULESET = 444


def without_landlock(command):
    """The command, wrapped in this program."""
    return [sys.executable, os.path.abspath(__file__), *command]


def forget_landlock():
    instructions = [(0x20, 0, 0, 0), (0x15, 0, 1, LANDLOCK_CREATE_RULESET), (0x06, 0, 0, 0x00050026), (0x06, 0, 0, 0x7fff0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *one) for one in instructions))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(instructions), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "no filter")


if __name__ == "__main__":
    forget_landlock()
    os.execvp(sys.argv[1], sys.argv[1:])
