#!/usr/bin/env python3
"""/metrics has Prometheus' format, counts what happens, and has everything that the dashboard in docs/ asks for."""
import contextlib
import json
import os
import re
import shutil
import subprocess

from support import PROJECT
from support.starved import assert_none_missed
from support.tap import main
from support.times import wait_for
from support.viewer import Viewer

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="[^"\\]*",?)*)\})? ([-+0-9.eE]+)')
CAMERA = re.compile(r'camera="[^"]*",?')


def read(text):
    """{name: {labels without the camera's: value}}. Each sample is there once, after its # TYPE line."""
    types, samples = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name not in types and kind in ("counter", "gauge", "histogram"), line
            types[name] = kind
        elif not line.startswith("# HELP "):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            family = next((name[:-len(end)] for end in ("_bucket", "_sum", "_count") if name.endswith(end)), name)
            assert types.get(name, types.get(family)) is not None, f"before its # TYPE: {line}"
            assert types.get(name) != "counter" or name.endswith("_total"), line
            labels = CAMERA.sub("", labels or "")
            assert labels not in samples.setdefault(name, {}), f"twice: {line}"
            samples[name][labels] = float(value)
    return samples


def metrics(rig):
    answer = rig.get("/metrics")
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return read(answer.body.decode())


def one(samples, name):
    assert list(samples[name]) == [""], samples.get(name)
    return samples[name][""]


def test_prometheus_parses_all_of_it(rig):
    text = rig.get("/metrics").body
    reader = ("import sys; from prometheus_client.parser import text_string_to_metric_families as read; "
              "print(len(list(read(sys.stdin.read()))))")
    there = os.path.exists("/usr/bin/python3") and subprocess.run(
        ["/usr/bin/python3", "-c", "import prometheus_client"], capture_output=True, check=False).returncode == 0
    if there:
        read_by = subprocess.run(["/usr/bin/python3", "-c", reader], input=text, capture_output=True, check=True)
        assert int(read_by.stdout) == text.decode().count("# TYPE"), read_by.stdout
    if shutil.which("promtool"):
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def listed(rig):
    """The metrics, once there is a segment and the frame rate is measured; else None."""
    samples = metrics(rig)
    there = one(samples, "recorder_segments") >= 1 and 25 < one(samples, "recorder_frames_per_second") < 35
    return samples if there and one(samples, "recorder_recording") and one(samples, "recorder_memory_seconds") > 0 else None


def test_the_camera_and_the_recording_are_counted(rig):
    first = wait_for(lambda: listed(rig), 60, "a segment is counted and the frame rate is measured")
    assert one(first, "recorder_up") == one(first, "recorder_streaming") == one(first, "recorder_recording") == 1
    assert 25 < one(first, "recorder_frames_per_second") < 35
    lost = one(first, "recorder_frames_lost_total")
    assert one(first, "recorder_memory_seconds") > 0 and one(first, "recorder_memory_bytes") == 64 << 20
    assert one(first, "recorder_disk_free_bytes") > 0
    gaps = first["recorder_gaps_total"]
    assert gaps['cause="start"'] == 1, gaps
    told = first["recorder_notifications_total"]
    assert told['event="started"'] == 1 and told['event="stopping"'] == 0, told
    wait_for(lambda: one(metrics(rig), "recorder_frames_encoded_total") > one(first, "recorder_frames_encoded_total"), 60, "more frames")
    rig.camera.fault("unplugged")
    try:
        wait_for(lambda: one(metrics(rig), "recorder_streaming") == 0, 60, "the camera is gone")
    finally:
        rig.camera.fault("unplugged", 0)
    wait_for(lambda: metrics(rig)["recorder_gaps_total"]['cause="unplugged"'] == gaps['cause="unplugged"'] + 1, 60, "the gap is counted")
    assert lost <= len(rig.camera.frames("missed")), lost
    assert_none_missed(rig.camera, rig.delays)


def test_viewers_and_what_they_were_sent_are_counted(rig):
    wait_for(lambda: one(metrics(rig), "recorder_live_viewers") == 0, 60, "nobody watches yet")
    before = metrics(rig)
    with Viewer(rig) as first, Viewer(rig):
        assert None not in first.numbers(30)
        wait_for(lambda: one(metrics(rig), "recorder_live_viewers") == 2, 60, "two viewers")
        with Viewer(rig) as third:
            assert third.status == 503
    wait_for(lambda: one(metrics(rig), "recorder_live_viewers") == 0, 60, "nobody watches any more")
    after = metrics(rig)
    more = {}
    for name in ("refused", "frames", "bytes"):
        counter = f"recorder_live_{name}_total"
        more[name] = one(after, counter) - (one(before, counter) if counter in before else 0)
    assert more["refused"] == 1 and more["frames"] >= 30 and more["bytes"] > 30 * 1000, more


def assert_histogram(samples, name):
    """The buckets are cumulative; returns how many values there are."""
    buckets = [value for labels, value in samples[name + "_bucket"].items()]
    assert buckets == sorted(buckets) and list(samples[name + "_bucket"])[-1] == 'le="+Inf"', samples[name + "_bucket"]
    assert buckets[-1] == one(samples, name + "_count") and one(samples, name + "_sum") > 0
    return buckets[-1]


def test_times_are_histograms(rig):
    before = len(rig.camera.frames())
    with Viewer(rig) as viewer:
        assert None not in viewer.numbers(30)
    wait_for(lambda: len(rig.camera.frames()) > before + 60, 60, "frames of two seconds")
    first, last = rig.camera.frames()[before], rig.camera.frames()[-1]
    before = one(metrics(rig), "recorder_clip_first_byte_seconds_count")
    answers = metrics(rig)["recorder_api_answers_total"]
    assert rig.footage(first.wall_us, last.wall_us).status == 200 and rig.get("/footage?from=never").status == 400
    after = metrics(rig)
    assert assert_histogram(after, "recorder_clip_first_byte_seconds") == before + 1
    assert after["recorder_api_answers_total"]['code="4xx"'] == answers['code="4xx"'] + 1
    assert assert_histogram(after, "recorder_live_frame_age_seconds") >= 30


def test_a_killed_live_program_takes_its_viewers_with_it(rig):
    pids = [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and is_live_of(rig, int(pid))]
    assert len(pids) == 1, pids
    viewer = Viewer(rig)
    wait_for(lambda: one(metrics(rig), "recorder_live_viewers") == 1, 60, "a viewer")
    before = one(metrics(rig), "recorder_live_frames_total")
    os.kill(pids[0], 9)
    wait_for(lambda: one(metrics(rig), "recorder_live_viewers") == 0, 60, "nobody watches a dead program")
    viewer.__exit__()
    wait_for(lambda: sees(rig), 60, "lighttpd starts it again")
    wait_for(lambda: one(metrics(rig), "recorder_live_frames_total") > before, 60, "the counters continue")


def is_live_of(rig, pid):
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8") as command, open(f"/proc/{pid}/comm", encoding="utf-8") as name:
            return command.read().split("\0")[0] == rig.path("recorder-live") and name.read() == "recorder-live\n"
    except OSError:
        return False


def sees(rig):
    """Whether a picture arrives. Until the program runs again, lighttpd may refuse a request or cut the answer short."""
    with contextlib.suppress(OSError, IndexError, KeyError, ValueError, AssertionError), Viewer(rig) as viewer:
        return viewer.status == 200 and viewer.part()
    return None


def test_the_dashboard_asks_for_metrics_that_are_there(rig):
    with open(os.path.join(PROJECT, "docs", "grafana-dashboard.json"), encoding="utf-8") as file:
        dashboard = json.load(file)
    asked = {name for panel in dashboard["panels"] for target in panel.get("targets", [])
             for name in re.findall(r"recorder_[a-z_]+", target["expr"])}
    there = metrics(rig)
    assert len(asked) > 20 and not asked - set(there), asked - set(there)


if __name__ == "__main__":
    main(globals(), settings={"http": {"max_viewers": 2}})
