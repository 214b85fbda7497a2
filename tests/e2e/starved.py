"""What a machine without time takes from a recorder, as the kernel counts it: a test may allow for that, and for no more."""
import contextlib
import os


def waited_s(pid):
    """How long the threads of a process stood ready to run without a processor, all together."""
    total = 0.0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as stat:
            total += int(stat.read().split()[1]) / 1e9
    return total


def excused(pid, fps):
    """How many frames of its camera that may have cost: none where it had a processor whenever it wanted one."""
    return int(waited_s(pid) * fps)
