"""How fast the page reacts, in the browsers that are installed."""
import json
import os
import subprocess

from contestants import PROJECT
from measure import percentile

PARTS = ("page",)
BROWSERS = {"chrome": "Chromium", "firefox": "Firefox"}
MEASURE = os.path.join(PROJECT, "tests", "browser", "measure.mjs")


def measure(kind, rounds):
    """{what: milliseconds}, or {why: reason} if there are none."""
    try:
        output = subprocess.run(["node", MEASURE, kind, str(rounds)], capture_output=True, text=True, check=True, timeout=300).stdout
    except (OSError, subprocess.SubprocessError) as error:
        return {"why": str(error)}
    return json.loads(output)


def run(report, rounds, _parts):
    for kind, browser in BROWSERS.items():
        found = measure(kind, rounds)
        if "why" in found:
            report.skipped(f"the page in {browser} was skipped: {found['why']}")
            continue
        report.row("page", f"{browser}: from the address to the live picture, with a cold cache", "ms", found["view"], found["snapshot"], "/snapshot alone")
        report.row("page", f"{browser}: the same, by itself", "ms", found["view"], at_most=500)
        report.row("page", f"{browser}: from a click on the timeline to that picture", "ms", found["click"], at_most=300)
        report.row("page", f"{browser}: a frame of zoom and pan over 72 hours, 95 % within", "ms", [percentile(found["frame"], 0.95)], at_most=16)
