"""The measuring programs as functions."""
import json
import os
import subprocess

from contestants import BUILD
from measure import cpu_of_threads, cpu_since

BENCH = os.path.join(BUILD, "tests", "bench")


class Viewers:
    """A running tests/bench/viewers; result() returns what it has printed, and the CPU seconds of the server meanwhile."""

    def __init__(self, contestant, count, seconds, slow=0, path=None, warm_up=1):
        self.contestant = contestant
        command = [os.path.join(BENCH, "viewers"), "-n", count, "-t", seconds, "-w", warm_up, "-s", slow, "-p",
                   path or contestant.path_of_stream, contestant.port]
        self.process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)

    def result(self):
        self.process.stdout.readline()
        pids = self.contestant.serving()
        before = cpu_of_threads(pids)
        result = json.loads(self.process.stdout.readline())
        result["cpu_s"] = cpu_since(before, pids)
        self.process.wait()
        result["cpu_s_per_gb"] = result["cpu_s"] / (result["bytes"] / 1e9) if result["bytes"] else float("inf")
        return result


def fetch(port, path, times=1, interval_ms=0):
    """One {status, first_ms, total_ms, bytes} per request."""
    output = subprocess.run([os.path.join(BENCH, "fetch"), "-n", str(times), "-i", str(interval_ms), str(port), path],
                            capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def ring_readers(readers, seconds, pipes):
    command = [os.path.join(BENCH, "ring_readers"), "-n", str(readers), "-t", str(seconds)] + (["-p"] if pipes else [])
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
