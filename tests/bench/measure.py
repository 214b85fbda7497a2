"""Processor time, memory and descriptors of processes; medians."""
import os


def median(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def family(pid):
    """A process and all its descendants."""
    parents = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8") as stat:
                parents[int(entry)] = int(stat.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
    found, wave = [pid], [pid]
    while wave:
        wave = [one for one, parent in parents.items() if parent in wave]
        found += wave
    return found


def command(pid):
    with open(f"/proc/{pid}/comm", encoding="utf-8") as comm:
        return comm.read().strip()


def cpu_of_threads(pids, without=None):
    """The CPU seconds that each of their threads has used so far, to the nanosecond (a process's own clock ticks are 10 ms).
    without: the name of threads that do not count."""
    used = {}
    for pid in pids:
        try:
            threads = os.listdir(f"/proc/{pid}/task")
        except FileNotFoundError:
            continue
        for thread in threads:
            try:
                with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="utf-8") as stat, \
                        open(f"/proc/{pid}/task/{thread}/comm", encoding="utf-8") as comm:
                    if comm.read().strip() != without:
                        used[pid, thread] = int(stat.read().split()[0]) / 1e9
            except FileNotFoundError:
                continue
    return used


def cpu_since(before, pids, without=None):
    """CPU seconds since cpu_of_threads() returned `before`. A thread that has ended since then does not count."""
    return sum(used - before.get(thread, 0) for thread, used in cpu_of_threads(pids, without).items())


def rss_anon_bytes(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            total += next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon"))
    return total


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))
