#!/usr/bin/env python3
"""Measures the recorder against other programs, and parts of it against the best possible.

usage: bench.py [-r ROUNDS] [-o FILE] [PART...]        (needs `make bench-tools`; parts: see PARTS of part_*.py)

Each figure is compared with another one taken alternately with it, in the same round on the same machine, so ratios hold even
where figures do not. Prints a line per figure, and writes all of them as JSON for table.py. Nothing is asserted.
"""
import argparse
import json
import os
import platform
import signal
import sys
import time

import part_api
import part_clips
import part_crowd
import part_events
import part_growth
import part_live
import part_motion
import part_page
import part_record
import part_ring
import part_video
from contestants import BUILD, Motion, Recorder, UStreamer, version
from report import Report

MODULES = (part_live, part_video, part_crowd, part_clips, part_record, part_ring, part_api, part_events, part_growth, part_page, part_motion)
NAMES = [name for module in MODULES for name in module.PARTS]


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        return next((line.split(":")[1].strip() for line in info if line.startswith("model name")), platform.machine())


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("-r", "--rounds", type=int, default=3)
    parser.add_argument("-o", "--output", default=os.path.join(BUILD, "bench.json"))
    parser.add_argument("parts", nargs="*", choices=[*NAMES, []], metavar="PART")
    return parser.parse_args()


def merge(path, results, parts):
    """Merges the results: a run of only some parts replaces these in the existing results."""
    try:
        with open(path, encoding="utf-8") as file:
            before = json.load(file)
    except (OSError, ValueError):
        return results
    kept = [row for row in before["rows"] if row["part"] not in parts]
    return dict(results, rows=sorted(kept + results["rows"], key=lambda row: NAMES.index(row["part"])))


def save(path, report, machine, parts):
    """Writes the results after each part, so that a part that fails does not lose the others."""
    results = {
        "taken": time.strftime("%Y-%m-%d %H:%M"), "machine": machine, "rows": report.rows, "skipped": sorted(set(report.words)),
        "versions": {kind.label: version(kind) for kind in (Recorder, UStreamer, Motion) if kind is Recorder or kind.program()},
    }
    results = merge(path, results, parts)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)


def main():
    chosen = arguments()
    parts = chosen.parts or NAMES
    say = lambda text: print(text, flush=True)
    report = Report(say)
    machine = {"processors": os.cpu_count(), "processor": processor(), "kernel": platform.release(), "load": os.getloadavg()[0]}
    began = time.monotonic()
    measured = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything that was started is stopped
    for module in MODULES:
        mine = [name for name in module.PARTS if name in parts]
        if mine:
            say(f"{', '.join(mine)} ({time.monotonic() - began:.0f} s so far)")
            module.run(report, chosen.rounds, mine)
            measured += mine
            save(chosen.output, report, machine, measured)
    say(f"{time.monotonic() - began:.0f} s. Written to {chosen.output}; as tables: tests/bench/table.py {chosen.output}")


if __name__ == "__main__":
    main()
