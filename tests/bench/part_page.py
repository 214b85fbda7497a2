"""How fast the page reacts, in the browsers that are installed."""
import json
import os
import subprocess

from contestants import PROJECT
from measure import median, percentile

PARTS = ("page",)
BROWSERS = {"chrome": "Chromium", "firefox": "Firefox"}
BROWSER_TESTS = os.path.join(PROJECT, "tests", "browser")
WATCH_S = 60


def measure(program, kind, argument):
    """What the program found, or {why: reason} if it found nothing."""
    try:
        output = subprocess.run(["node", os.path.join(BROWSER_TESTS, program), kind, str(argument)], capture_output=True, text=True, check=True, timeout=600).stdout
    except (OSError, subprocess.SubprocessError) as error:
        return {"why": str(error)}
    return json.loads(output)


def live_rows(report, browser, found):
    near, far, too_far = found["near"], found.get("far"), found.get("too_far")
    report.row("page", f"{browser}: from the camera's timestamp to the picture on the page, median of {WATCH_S} s", "ms", [median(near["age_ms"])], at_most=150)
    report.row("page", f"{browser}: the same, 99 %", "ms", [percentile(near["age_ms"], 0.99)])
    report.row("page", f"{browser}: live pictures per second, of 60", "fps", [near["fps"]])
    if far:
        report.row("page", f"{browser} over 1.5 Mbit/s and 100 ms, video of 1.2 Mbit/s: live pictures per second", "fps", [far["fps"]], at_least=24)
        report.row("page", f"{browser} over that line: their age, 99 %", "ms", [percentile(far["age_ms"], 0.99)], at_most=1000)
        report.row("page", f"{browser} over that line: the longest time without a new one", "ms", [far["pause_ms"]], at_most=1000)
    if too_far:
        report.row("page", f"{browser} over that line, video of 2.7 Mbit/s: live pictures per second", "fps", [too_far["fps"]])
        report.row("page", f"{browser} over that line, video of 2.7 Mbit/s: their age, median", "ms", [median(too_far["age_ms"])])


def run(report, rounds, _parts):
    for kind, browser in BROWSERS.items():
        found = measure("measure.mjs", kind, rounds)
        if "why" in found:
            report.skipped(f"the page in {browser} was skipped: {found['why']}")
            continue
        report.row("page", f"{browser}: from the address to the live picture, with a cold cache", "ms", found["view"], found["snapshot"], "/snapshot alone")
        report.row("page", f"{browser}: the same, by itself", "ms", found["view"], at_most=500)
        report.row("page", f"{browser}: from a click on the timeline to that picture", "ms", found["click"], at_most=300)
        report.row("page", f"{browser}: a frame of zoom and pan over 72 hours, 95 % within", "ms", [percentile(found["frame"], 0.95)], at_most=16)
        live = measure("measure_live.mjs", kind, WATCH_S)
        if "why" in live:
            report.skipped(f"live video in {browser} was skipped: {live['why']}")
        else:
            live_rows(report, browser, live)
