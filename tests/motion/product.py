#!/usr/bin/env python3
"""Shows every film to a whole recorder, and to Debian's motion on the recorder's live stream; judges /motion, /events and what motion says.

    tests/motion/product.py [-w WIDTH] [-t AT_ONCE] [-f FOLDER] [-m MINUTES] [NAME...]

FOLDER has films of its own (films.given_names). What comes out is a table, and the exit status is 1 if it is not good enough. After that
every still scene is shown to a whole recorder for MINUTES (10), and to recorder-motion for an hour, faster than real time. Times until movement
is told are counted from the beginning of the first second with clear movement, or of the first of those with faint movement.
"""
import argparse
import concurrent.futures
import datetime
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from support import BUILD  # pylint: disable=wrong-import-position
from support.kills import index_times, missing  # pylint: disable=wrong-import-position
from support.notifications import motion_strengths, notifications  # pylint: disable=wrong-import-position
from support.rig import Rig  # pylint: disable=wrong-import-position
from support.times import PATIENCE_S, US, wait_for  # pylint: disable=wrong-import-position

import films  # pylint: disable=wrong-import-position
import records  # pylint: disable=wrong-import-position

STRENGTHS = {"none": 0, "faint": 1, "clear": 2, "strong": 3, None: None}
HOUR_S = 3600
STILL = ("still_day", "still_night", "still_night_noisy", "still_night_low_gain")
RECALL, PRECISION = 0.98, 0.93
TOLD_CLEAR_S, TOLD_FAINT_S = 1.5, 5  # medians


class Motion:
    """Debian's motion with Debian's settings, on the live stream of a rig; each picture that it saves is a second with movement."""

    def __init__(self, rig, size):
        self.folder = rig.path("motion")
        os.makedirs(self.folder)
        settings = {
            "netcam_url": f"http://127.0.0.1:{rig.port}/stream", "width": size[0], "height": size[1], "framerate": films.FPS,
            "threshold": 1500, "despeckle_filter": "EedDl", "minimum_motion_frames": 1, "event_gap": 60, "post_capture": 0,
            "movie_output": "off", "picture_output": "on", "picture_filename": "%Y%m%d%H%M%S-%q", "target_dir": self.folder,
            "webcontrol_port": 0, "stream_port": 0, "log_level": 3, "log_file": rig.path("motion.log"),
        }
        with open(rig.path("motion.conf"), "w", encoding="utf-8") as conf:
            conf.write("daemon off\n" + "".join(f"{key} {value}\n" for key, value in settings.items()))
        self.process = subprocess.Popen(["motion", "-n", "-c", rig.path("motion.conf")], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def seconds(self):
        """The seconds in which something moved; stops it."""
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
        stamps = [re.match(r"(\d{14})-", name) for name in os.listdir(self.folder)]
        return {int(datetime.datetime.strptime(stamp[1], "%Y%m%d%H%M%S").timestamp()) for stamp in stamps if stamp}


def truth_of_clock(frames, truth, count):
    """Wall second -> what is true of it, for the first time that the film is shown; mixed ones are not judged."""
    found = {}
    for place, frame in enumerate(frames):
        second = frame.number % count // films.FPS
        found.setdefault(frame.wall_us // US, set()).add(truth[second] if place < count and second < len(truth) else "?")
    return {second: marks.pop() if len(marks) == 1 else "?" for second, marks in found.items()}


def ask(rig, first, end):
    """The strongest cell per second from /motion, and the events from /events."""
    answer = rig.get(f"/motion?from={first}&to={end}&step=1")
    assert answer.status == 200, answer.body
    strongest = {int(step["at"]): STRENGTHS[step["strongest"]] if step["known"] else None for step in answer.json()["steps"]}
    answer = rig.get(f"/events?from={first}&to={end}&limit=1000&order=oldest")
    assert answer.status == 200, answer.body
    return strongest, [event for event in answer.json()["events"] if event["type"] == "motion"]


def judge_events(score, truth, events, first):
    """Replaces the events of the score by those of the answer."""
    wanted = records.runs([mark == "#" for mark in truth])
    spans = [(datetime.datetime.fromisoformat(event["start"]).timestamp() - first, datetime.datetime.fromisoformat(event["end"]).timestamp() - first)
             for event in events]
    score.events_wanted = len(wanted)
    score.events_found = sum(any(a < span[1] + 1 and b > span[0] for a, b in spans) for span in wanted)
    score.events_false = sum(not any(a < span[1] + 2 and b > span[0] for span in wanted) and
                             any(truth[second] == "." for second in range(max(int(a), 0), min(int(b), len(truth)))) for a, b in spans)


def told_after(rig):
    """(whether it is clear, seconds from its beginning until it was told) of each motion event."""
    frame = rig.camera.newest()
    strengths = motion_strengths(rig.name)
    found = []
    for one in notifications(rig.name):
        if one["event"] != "motion-start":
            continue
        clear = one["strength"] != "faint"
        begin = next(second for second in range(one["from"], one["from"] + 60) if strengths.get(second, 0) >= 2) if clear else one["from"]
        found.append((clear, (one["mono_us"] + frame.wall_us - frame.mono_us) / US - begin))
    return found


def told_in_time(told):
    """Prints the times of told_after(), and whether they are short enough."""
    good = True
    for clear, word, limit in ((True, "clear", TOLD_CLEAR_S), (False, "faint", TOLD_FAINT_S)):
        times = [seconds for is_clear, seconds in told if is_clear == clear]
        if times:
            spread = f"median of {len(times)}, {min(times):.2f} to {max(times):.2f}"
            print(f"{word} movement was told {statistics.median(times):.2f} s ({spread}) after its beginning", flush=True)
            good = good and statistics.median(times) <= limit
    return good


def rig_of(camera, width, height):
    """A recorder whose camera plays that file."""
    settings = {"camera": {"width": width, "height": height, "fps": films.FPS}, "memory": {"max_mb": 128}, "motion": {"enabled": "yes"}}
    return Rig(settings, fps=str(films.FPS), frames=camera)


def show(name, arguments):
    """Returns the scores of the recorder and of motion (None if it is not installed), and how soon it was told what moved."""
    with tempfile.TemporaryDirectory() as folder:
        film, camera = os.path.join(folder, "film"), os.path.join(folder, "camera")
        truth = films.fetch(name, film, arguments.width, arguments.folder)
        width, height, count = films.write_camera_file(film, camera)
        with rig_of(camera, width, height) as rig:
            rig.start()
            motion = Motion(rig, (width, height)) if shutil.which("motion") else None
            length_s = count / films.FPS
            wait_for(lambda: len(rig.camera.frames()) >= count + 2 * films.FPS, length_s + PATIENCE_S, f"{name} has been shown")
            clock = truth_of_clock(rig.camera.frames(), truth, count)
            first, end = min(clock), max(clock) + 1
            wait_for(lambda: None not in ask(rig, end - 2, end - 1)[0].values(), PATIENCE_S, "the last record is stored")
            strongest, events = ask(rig, first, end)
            marks = "".join(clock.get(second, "?") for second in range(first, end))
            score = records.judge(marks, [strongest.get(second) for second in range(first, end)])
            judge_events(score, marks, events, first)
            told = told_after(rig)
            if not motion:
                return score, None, told
            seconds = motion.seconds()
            return score, records.judge(marks, [records.CLEAR * (second in seconds) for second in range(first, end)]), told


def print_table(title, scores):
    total = records.Score()
    print(f"\n{title}\n{records.TABLE_HEAD}")
    for name, score in scores:
        print(records.table_row(name, score), "", score.marks)
        total.add(score)
    print(records.table_row("all", total), flush=True)
    return total


def watch_still(name, arguments):
    """Shows a still scene to a whole recorder; returns a sentence, and whether nothing moved, all of it is known, and no frame is missing."""
    with tempfile.TemporaryDirectory() as folder:
        film, camera = os.path.join(folder, "film"), os.path.join(folder, "camera")
        films.fetch(name, film, arguments.width, arguments.folder)
        width, height, _ = films.write_camera_file(film, camera)
        with rig_of(camera, width, height) as rig:
            rig.start()
            first = rig.camera.frames()[0].wall_us // US + films.LEARN_S
            end = first + 60 * arguments.minutes
            wait_for(lambda: rig.camera.newest().wall_us >= end * US, end - first + PATIENCE_S, f"{name} has been shown")
            wait_for(lambda: ask(rig, end - 1, end)[0][end - 1] is not None, PATIENCE_S, "the last record is stored")
            strongest, events = ask(rig, first, end)
            rig.indexed()
            times = index_times(rig)
            lost = len(missing(rig, times)) + rig.get("/camera_info").json()["lost"]
            unknown = sum(strongest[second] is None for second in range(first, end))
            moving = sum(bool(strength) for strength in strongest.values())
            sentence = (f"{name}, {arguments.minutes} minutes of the whole recorder: {len(events)} events, {moving} false and {unknown} unknown "
                        f"of {end - first} s; {len(times)} frames recorded, {lost} lost")
            return sentence, not events and moving == unknown == lost == 0


def watch_an_hour(name, arguments):
    """False seconds and usage of an hour of a still scene."""
    with tempfile.TemporaryDirectory() as folder:
        film = os.path.join(folder, "film")
        films.fetch(name, film, arguments.width, arguments.folder)
        command = [os.path.join(BUILD, "tests", "tools", "motion_scene"), "-s", str(HOUR_S), os.path.join(BUILD, "motion", "recorder-motion"), film]
        answer = subprocess.run(command, capture_output=True, check=True)
        found = records.parse(answer.stdout)
        return len(found), sum(record.strongest > 0 for record in found), json.loads(answer.stderr.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-w", "--width", type=int, default=640)
    parser.add_argument("-t", "--at-once", type=int, default=6)
    parser.add_argument("-f", "--folder")
    parser.add_argument("-m", "--minutes", type=int, default=10)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    names = arguments.names or (films.given_names(arguments.folder) if arguments.folder else films.drawn_names() + films.real_names())
    with concurrent.futures.ProcessPoolExecutor(arguments.at_once) as pool:
        results = dict(zip(names, pool.map(show, names, [arguments] * len(names))))
    total = print_table("recorder", [(name, score) for name, (score, _, _) in results.items() if name not in films.LIGHT])
    light = [(name, score) for name, (score, _, _) in results.items() if name in films.LIGHT]
    if light:
        print_table("recorder, light that counts as movement", light)
    if all(motion for _, motion, _ in results.values()):
        print_table("motion", [(name, motion) for name, (_, motion, _) in results.items()])
    good = not total.false and not total.missed or (total.recall or 0) >= RECALL and (total.precision or 0) >= PRECISION
    good = good and total.events_found == total.events_wanted
    good = told_in_time([one for _, _, told in results.values() for one in told]) and good
    still = [name for name in names if name in STILL]
    with concurrent.futures.ProcessPoolExecutor(arguments.at_once) as pool:
        for sentence, holds in pool.map(watch_still, still, [arguments] * len(still)):
            print(sentence, flush=True)
            good = good and holds
    for name in still:
        seconds, false, usage = watch_an_hour(name, arguments)
        print(f"{name}, an hour: {false} false of {seconds} s, {usage['cpu_ms_per_picture']} ms of CPU per picture, RssAnon {usage['rss_anon_kb']} KB",
              flush=True)
        good = good and false == 0
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
