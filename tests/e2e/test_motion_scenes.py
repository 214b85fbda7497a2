#!/usr/bin/env python3
"""recorder-motion is shown films in which something moves in known seconds (tests/motion), faster than real time."""
import json
import os
import subprocess
import sys
import tempfile

from support import BUILD, PROJECT
from support.tap import run_tests, shared
from support.times import PATIENCE_S

sys.path.append(os.path.join(PROJECT, "tests", "motion"))
import films  # pylint: disable=wrong-import-position,import-error
import records  # pylint: disable=wrong-import-position,import-error

SHOW = os.path.join(BUILD, "tests", "tools", "motion_scene")
PROGRAM = os.path.join(BUILD, "motion", "recorder-motion")
FIRST_SECOND = 1800000000
WIDTH = 320
RSS_ANON_MAX_KB = 16 << 10


def make(name, folder, *options):
    """The film's path, and what is true of its seconds."""
    film = os.path.join(folder, name + ".mjpeg")
    return film, films.draw(name, film, WIDTH, *options)


def show(film, *options):
    return subprocess.run([SHOW, *options, PROGRAM, film], capture_output=True, timeout=3 * PATIENCE_S, check=False)


@shared
def shown():
    """Name -> (score, records, usage) of every scene."""
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in films.drawn_names():
            film, truth = make(name, folder)
            answer = show(film)
            assert answer.returncode == 0, answer.stderr
            found = records.parse(answer.stdout)
            score = records.judge(truth, records.strongest_by_second(found, FIRST_SECOND, len(truth)))
            results[name] = score, found, json.loads(answer.stderr.splitlines()[-1])
            os.remove(film)
    return results


def marks(scores):
    return "\n".join(f"{name:20} {score.marks}" for name, score in scores)


def test_every_second_has_one_record():
    for name, (_, found, _) in shown().items():
        assert [record.second for record in found] == list(range(FIRST_SECOND, FIRST_SECOND + len(found))), name
        assert len(found) == 75 and all(record.frames == 5 for record in found), name


def test_the_first_seconds_are_for_learning():
    for name, (_, found, _) in shown().items():
        learning = [record.second - FIRST_SECOND for record in found if record.flags & records.LEARNING]
        assert learning == list(range(5)), (name, learning)


def test_nothing_moves_in_still_scenes():
    still = [(name, score) for name, (score, _, _) in shown().items() if name.startswith("still")]
    assert len(still) == 3 and all(score.false == 0 and score.quiet == 60 for _, score in still), marks(still)


def test_every_movement_is_an_event():
    scores = [(name, score) for name, (score, _, _) in shown().items()]
    assert all(score.events_found == score.events_wanted for _, score in scores), marks(scores)


def test_light_and_weather_are_no_movement():
    scores = [(name, score) for name, (score, _, _) in shown().items() if name not in films.LIGHT]
    assert all(score.false <= 2 for _, score in scores), marks(scores)


def test_few_seconds_are_missed_or_wrong():
    total = records.Score()
    scores = [(name, score) for name, (score, _, _) in shown().items() if name not in films.LIGHT]
    for _, score in scores:
        total.add(score)
    assert total.recall >= 0.95 and total.precision >= 0.93, (total, marks(scores))


def test_a_change_of_the_whole_picture_is_said_to_be_one():
    for name in ("ir_cut", "light_switch"):
        assert any(record.flags & records.GLOBAL for record in shown()[name][1]), name


def test_it_needs_little_memory_and_is_sandboxed():
    for name, (_, _, usage) in shown().items():
        if not os.environ.get("SAN"):  # sanitizers need memory, and there is no sandbox
            assert usage["rss_anon_kb"] <= RSS_ANON_MAX_KB, (name, usage)
            assert usage["seccomp"] == 2 and usage["descriptors"] == 3, (name, usage)


def test_the_same_film_gives_the_same_records():
    with tempfile.TemporaryDirectory() as folder:
        film, _ = make("walk", folder)
        assert show(film).stdout == show(film).stdout


def test_progressive_pictures_end_it_with_a_reason():
    with tempfile.TemporaryDirectory() as folder:
        film, _ = make("walk", folder, "-p")
        answer = show(film)
        assert answer.returncode != 0 and not answer.stdout, answer
        assert b"error motion: the pictures are no baseline JPEGs" in answer.stderr, answer.stderr


def test_a_wrong_command_line_is_refused():
    for arguments in ([], ["--camera", ""], ["--camera", "a/b"], ["--camera", "a", "--fps", "0"], ["--camera", "a", "--fps", "11"], ["--camera", "a", "b"]):
        answer = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert answer.returncode == 2 and "usage: recorder-motion" in answer.stderr, (arguments, answer)


sys.exit(run_tests(globals()))
