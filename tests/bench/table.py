#!/usr/bin/env python3
"""Prints the results of a run (build/bench.json) as tables in Markdown; or puts them where they belong in the project.

usage: table.py [-s] [-d] FILE [PART...]        -s: the figures that have a target alone
                                                -d: all of them into docs/measured.md, ten of them into README.md, between the marks
"""
import argparse
import contextlib
import io
import json
import os
import re

from report import figure

PROJECT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BEGIN, END = "<!-- measured: tests/bench/table.py -->\n", "<!-- end -->"
TITLES = {
    "live": "Live view: 1280x720 at 60 frames per second, about 80 KB per frame",
    "slow": "Live view, a tenth of the viewers at 200 KB/s",
    "video": "Live video: the same camera, recorded with libx264 superfast",
    "crowd": "Many viewers at once",
    "clips": "Clips",
    "record": "Recording",
    "ring": "The ring: a frame of 80 KB to N processes",
    "api": "The API while 100 viewers watch",
    "events": "When something moved, and where",
    "growth": "As archive and range grow",
    "page": "The page in a browser",
    "motion": "What moved: five pictures per second",
}
# The figures of the README, by the beginning of what was measured.
HEADLINES = [
    ("live", "1 viewer, median age"), ("live", "100 viewers, median age"), ("live", "50 viewers, CPU"), ("live", "100 viewers, CPU"),
    ("slow", "50 viewers, 99 % age of a frame of the slow"), ("crowd", "500 viewers at 15 fps"), ("clips", "18 s of the open segment, until"),
    ("clips", "498 MB"), ("record", "1280x720, superfast"), ("record", "1920x1080 at 60 fps: lost"),
]
# What a reader would ask about the figures.
NOTES = {
    "clips": "A plain file goes from lighttpd's page cache to the network without a copy. A clip goes from the worker to lighttpd without one (where the "
             "kernel is 6.5 or later), but lighttpd reads it and writes it: these two copies are two thirds of its cost (0.31 CPU seconds per GB in lighttpd, "
             "0.15 in the worker), and FFmpeg, which is recording meanwhile, needs the same processors. lighttpd reads less than 64 KB at a time: from that size on "
             "it would use a temporary file.",
    "record": "FFmpeg alone needs more for a frame at the camera's pace than at full speed: processors fall asleep between two frames, and caches are used by others. "
              "The recorder's own share is 0.15 ms per frame (its main thread 0.11, storage 0.03).",
}


def print_rows(rows):
    print("\n| what | recorder | compared with | ratio | target |\n|---|---|---|---|---|")
    for row in rows:
        beside = f"{row['their_name']}: {figure(row['theirs'])}" if row["theirs"] else ""
        target = f"{row['target']} {'met' if row['met'] else '**not met**'}" if row["target"] else ""
        print(f"| {row['what']}, {row['unit']} | {figure(row['ours'])} | {beside} | {figure(row['ratio']) if row['ratio'] else ''} | {target} |")


def print_part(part, rows):
    print(f"\n**{TITLES.get(part, part)}**")
    print_rows(rows)
    if part in NOTES:
        print(f"\n{NOTES[part]}")


def headlines(results):
    """The rows of the README, in its order: the first of each beginning."""
    rows = (next((row for row in results["rows"] if row["part"] == part and row["what"].startswith(what)), None) for part, what in HEADLINES)
    return [row for row in rows if row]


def print_origin(results):
    machine = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    print(f"Measured {results['taken']} on {machine['processors']} × {machine['processor']} (a shared virtual machine), Linux {machine['kernel']}, "
          f"load {machine['load']:.1f} before the run. {versions}.\n"
          "Medians of several rounds (lowest–highest); a ratio compares two neighbouring measurements of one round.")


def print_tables(results, parts=(), short=False):
    print_origin(results)
    for part in parts or dict.fromkeys(row["part"] for row in results["rows"]):
        rows = [row for row in results["rows"] if row["part"] == part and (row["target"] or not short)]
        if rows:
            print_part(part, rows)
    for sentence in results["skipped"]:
        print(f"\n{sentence[0].upper()}{sentence[1:]}.")


def printed(*steps):
    """What these (function, arguments...) print."""
    with contextlib.redirect_stdout(io.StringIO()) as text:
        for function, *arguments in steps:
            function(*arguments)
    return text.getvalue()


def between_marks(name, table):
    """Puts a table between the marks of a document. What is written by hand around them stays."""
    path = os.path.join(PROJECT, name)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: f"{BEGIN}{table}{END}", text, flags=re.S))


def into_documents(results):
    between_marks(os.path.join("docs", "measured.md"), printed((print_tables, results)))
    between_marks("README.md", printed((print_origin, results), (print_rows, headlines(results))))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", "--short", action="store_true")
    parser.add_argument("-d", "--documents", action="store_true")
    parser.add_argument("file")
    parser.add_argument("parts", nargs="*")
    chosen = parser.parse_args()
    with open(chosen.file, encoding="utf-8") as file:
        results = json.load(file)
    if chosen.documents:
        into_documents(results)
    else:
        print_tables(results, chosen.parts, chosen.short)


if __name__ == "__main__":
    main()
