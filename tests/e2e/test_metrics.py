#!/usr/bin/env python3
"""/metrics is what Prometheus reads, counts what happens, and the dashboard of docs/ asks for nothing that is not there."""
import json
import os
import re
import shutil
import subprocess

from rig import PROJECT, main, wait_for
from viewer import Viewer

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="[^"\\]*",?)*)\})? ([-+0-9.eE]+)')
CAMERA = re.compile(r'camera="[^"]*",?')


def read(text):
    """{name: {labels without the camera's: value}}. A sample stands behind the lines that say what it is, once."""
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


def test_prometheus_own_reader_takes_all_of_it(rig):
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
    """The metrics, once there is a segment in them."""
    samples = metrics(rig)
    return samples if one(samples, "recorder_segments") >= 1 else None


def test_the_camera_and_the_recording_are_counted(rig):
    first = wait_for(lambda: listed(rig), 5, "what is on the disk is published each second")
    assert one(first, "recorder_up") == one(first, "recorder_streaming") == one(first, "recorder_recording") == 1
    assert 25 < one(first, "recorder_frames_per_second") < 35 and one(first, "recorder_frames_lost_total") == 0
    assert one(first, "recorder_memory_seconds") > 0 and one(first, "recorder_memory_bytes") == 64 << 20
    assert one(first, "recorder_disk_free_bytes") > 0
    assert first["recorder_gaps_total"]['cause="start"'] == 1, first["recorder_gaps_total"]
    wait_for(lambda: one(metrics(rig), "recorder_frames_encoded_total") > one(first, "recorder_frames_encoded_total"), 5, "more frames")
    rig.camera.fault("unplugged")
    wait_for(lambda: one(metrics(rig), "recorder_streaming") == 0, 10, "the camera is away")
    rig.camera.fault("unplugged", 0)
    wait_for(lambda: metrics(rig)["recorder_gaps_total"]['cause="unplugged"'] == 1, 15, "the gap is counted")


def test_viewers_and_what_they_were_sent_are_counted(rig):
    before = metrics(rig).get("recorder_live_frames_total", {"": 0})[""]
    with Viewer(rig) as first, Viewer(rig):
        assert None not in first.numbers(30)
        wait_for(lambda: one(metrics(rig), "recorder_live_viewers") == 2, 5, "two viewers")
        with Viewer(rig) as third:
            assert third.status == 503
    wait_for(lambda: one(metrics(rig), "recorder_live_viewers") == 0, 5, "nobody watches any more")
    after = metrics(rig)
    assert one(after, "recorder_live_refused_total") == 1
    assert one(after, "recorder_live_frames_total") - before >= 30 and one(after, "recorder_live_bytes_total") > 30 * 1000


def assert_histogram(samples, name):
    """Cumulative up to all of them; how many."""
    buckets = [value for labels, value in samples[name + "_bucket"].items()]
    assert buckets == sorted(buckets) and list(samples[name + "_bucket"])[-1] == 'le="+Inf"', samples[name + "_bucket"]
    assert buckets[-1] == one(samples, name + "_count") and one(samples, name + "_sum") > 0
    return buckets[-1]


def test_times_are_histograms(rig):
    end = rig.camera.frames()[-1].wall_us
    before = one(metrics(rig), "recorder_clip_first_byte_seconds_count")
    answers = metrics(rig)["recorder_api_answers_total"]
    assert rig.footage(end - 2_000_000, end).status == 200 and rig.get("/footage?from=never").status == 400
    after = metrics(rig)
    assert assert_histogram(after, "recorder_clip_first_byte_seconds") == before + 1
    assert after["recorder_api_answers_total"]['code="4xx"'] == answers['code="4xx"'] + 1
    assert assert_histogram(after, "recorder_live_frame_age_seconds") >= 30


def test_a_killed_live_program_takes_its_viewers_with_it(rig):
    pids = [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and is_live_of(rig, int(pid))]
    assert len(pids) == 1, pids
    viewer = Viewer(rig)
    wait_for(lambda: one(metrics(rig), "recorder_live_viewers") == 1, 5, "a viewer")
    before = one(metrics(rig), "recorder_live_frames_total")
    os.kill(pids[0], 9)
    wait_for(lambda: one(metrics(rig), "recorder_live_viewers") == 0, 5, "nobody watches a dead program")
    viewer.__exit__()
    wait_for(lambda: sees(rig), 20, "lighttpd starts it again")
    assert one(metrics(rig), "recorder_live_frames_total") > before, "the counters go on"


def is_live_of(rig, pid):
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8") as command, open(f"/proc/{pid}/comm", encoding="utf-8") as name:
            return command.read().split("\0")[0] == rig.path("recorder-live") and name.read() == "recorder-live\n"
    except OSError:
        return False


def sees(rig):
    with Viewer(rig) as viewer:
        return viewer.status == 200 and viewer.part()


def test_the_dashboard_asks_for_metrics_that_are_there(rig):
    with open(os.path.join(PROJECT, "docs", "grafana-dashboard.json"), encoding="utf-8") as file:
        dashboard = json.load(file)
    asked = {name for panel in dashboard["panels"] for target in panel.get("targets", [])
             for name in re.findall(r"recorder_[a-z_]+", target["expr"])}
    there = metrics(rig)
    assert len(asked) > 20 and not asked - set(there), asked - set(there)


if __name__ == "__main__":
    main(globals(), settings={"http": {"max_viewers": 2}})
