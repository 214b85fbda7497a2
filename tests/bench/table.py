#!/usr/bin/env python3
"""Prints the results of a run (build/bench.json) as tables in Markdown.

usage: table.py FILE [PART...]
"""
import json
import sys

from report import figure

TITLES = {
    "live": "Live view: 1280x720 at 60 frames a second, about 80 KB a frame",
    "slow": "Live view, a tenth of the viewers at 200 KB/s",
    "crowd": "Many viewers at once",
    "clips": "Clips",
    "record": "Recording",
    "ring": "The ring: a frame of 80 KB to N processes",
    "api": "The API while 100 viewers watch",
    "growth": "As archive and range grow",
}


def print_part(part, rows):
    print(f"\n**{TITLES.get(part, part)}**\n\n| what | recorder | beside it | ratio | target |\n|---|---|---|---|---|")
    for row in rows:
        beside = f"{row['their_name']}: {figure(row['theirs'])}" if row["theirs"] else ""
        target = f"{row['target']} {'met' if row['met'] else '**not met**'}" if row["target"] else ""
        print(f"| {row['what']}, {row['unit']} | {figure(row['ours'])} | {beside} | {figure(row['ratio']) if row['ratio'] else ''} | {target} |")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        results = json.load(file)
    machine = results["machine"]
    print(f"Taken {results['taken']} on {machine['processors']} × {machine['processor']}, Linux {machine['kernel']}, "
          f"load {machine['load']:.1f} before it; {', '.join(f'{name} {version}' for name, version in results['versions'].items())}.")
    print("Medians of the rounds (lowest–highest); a ratio is taken between neighbours of the same round.")
    parts = sys.argv[2:] or list(dict.fromkeys(row["part"] for row in results["rows"]))
    for part in parts:
        print_part(part, [row for row in results["rows"] if row["part"] == part])
    for sentence in results["left_out"]:
        print(f"\n{sentence[0].upper()}{sentence[1:]}.")


if __name__ == "__main__":
    main()
