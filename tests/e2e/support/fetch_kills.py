"""recorder-fetch is killed after a system call (tests/tools/kill_after.c), while it fills the cache.

Whatever its cache holds then is what the recorder has: a bit is set only for bytes that are there, an index and a list are whole.
"""
import os
import subprocess

from support import BUILD
from support.fetch import BLOCK, BYTES, INDEXES, OK, SPAN
from support.rig import program
from support.times import PATIENCE_S, wait_for

KILL_AFTER = os.path.join(BUILD, "tests", "tools", "kill_after")
KILLED = 137


def ask_for_everything(fetch, camera, files, span):
    """As a worker does. Returns False if the connection ends before."""
    try:
        with fetch.client() as client:
            if client.ask(SPAN, camera=camera, what=INDEXES, **span)[0] != OK:
                return False
            return all(client.ask(BYTES, camera=camera, file=file, begin=0, end=3 * BLOCK)[0] == OK for file in files)
    except (OSError, AssertionError):
        return False


def check_cache(fetch, rig, files):
    """Returns how many blocks are there."""
    found = 0
    folder = fetch.path(rig.name, "")
    for file in files:
        if os.path.exists(folder + file + ".blocks"):
            size, blocks = fetch.blocks(rig.name, file)
            whole, copy = rig.file(file), fetch.read(rig.name, file)
            assert size == len(whole) == len(copy), f"{file}: {size}, {len(copy)} of {len(whole)} bytes"
            for block in blocks:
                assert copy[block * BLOCK:(block + 1) * BLOCK] == whole[block * BLOCK:(block + 1) * BLOCK], f"{file}: block {block}"
            found += len(blocks)
        index = file[:-4] + ".idx"
        assert not os.path.exists(folder + index) or fetch.read(rig.name, index) == rig.file(index), f"{index} is not whole"
    if os.path.exists(folder + "recording_index.bin"):
        assert len(fetch.read(rig.name, "recording_index.bin")) % 192 == 0
    return found


def listens(fetch):
    """Whether somebody does at the socket, which a killed run leaves there."""
    try:
        with fetch.client():
            return True
    except OSError:
        return False


def kill_after(fetch, rig, count, files, span):
    """Returns the number of blocks that a killed run left; None if it got everything before its `count`-th call."""
    process = rig.spawn([KILL_AFTER, "-e", str(count), program("recorder-fetch"), "--config", fetch.ini], "killed.log", rig.environment)
    try:
        wait_for(lambda: process.poll() is not None or listens(fetch), PATIENCE_S, "it listens, or is killed")
        whole = ask_for_everything(fetch, rig.name, files, span)
        if whole:
            return None
        assert process.wait(PATIENCE_S) == KILLED
        return check_cache(fetch, rig, files)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
