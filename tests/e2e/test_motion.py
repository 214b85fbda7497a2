#!/usr/bin/env python3
"""
When something moved: /events, /motion and /motion/heatmap. They are asked of an archive whose records follow a scene
(tests/tools/make_motion.c), and, meanwhile, of a recorder whose camera sees a block move once.
"""
import csv
import glob
import io
import os
import sys
from datetime import datetime

from support import BUILD
from support.made_archive import make_archive, make_motion
from support.rig import Rig
from support.tap import run_tests
from support.times import PATIENCE_S, US, wait_for

SEGMENTS, SECONDS = 20, 60
LENGTH = SEGMENTS * SECONDS
GONE, UNLISTED = 3, 2  # the oldest segments have lost their footage, the newest ones are in no list
LEARNING, GLOBAL, BLURRED = 1, 2, 64
QUIET = (700, 730)     # no records

# (from, to, column, row, width, height, strength): what moves, in seconds from the beginning of the archive
DOOR, STREET = (2, 3, 2, 4), (20, 10, 5, 3)
MOVES = [(40, 52, *DOOR, 2), (100, 103, *STREET, 1), (200, 204, *STREET, 1), (300, 301, *DOOR, 3), (305, 306, *STREET, 2), (500, 560, *STREET, 2),
         (900, 903, *DOOR, 3), (1150, 1160, *DOOR, 2)]
EVENTS = [(1150, 1160), (900, 903), (500, 560), (300, 306), (200, 204), (40, 52)]  # newest first
BLUR = (800, 830)  # marked, so it began nine seconds earlier
ARCHIVE = {}
FRAMES = os.path.join(BUILD, "tests", "frames", "moving.frames")
BLOCK = range(420, 540)  # the frames in which a block moves (tests.mk)
SEEN = 660               # a frame some seconds later
NUMBERS = "not=0,0,1,.25"  # the part of the picture that has the frames' numbers, which change all the time
LIVE = {}


def area(cells):
    column, row, width, height = cells
    return f"area={column / 32},{row / 18 + .001},{width / 32},{height / 18 - .002}"


def seconds(text):
    """A time in an answer, in seconds from the beginning of the archive."""
    return datetime.fromisoformat(text).timestamp() - ARCHIVE["begin"]


def ask(rig, path, **parameters):
    query = "&".join(f"{name.rstrip('_')}={value}" for name, value in parameters.items())
    answer = rig.get(f"{path}?from={ARCHIVE['begin']}&to={ARCHIVE['end']}&{query}")
    assert answer.status == 200, (answer.status, answer.body)
    return answer


def events(rig, query="", **parameters):
    answer = rig.get(f"/events?from={ARCHIVE['begin']}&to={ARCHIVE['end']}&{query}" + "".join(f"&{name}={value}" for name, value in parameters.items()))
    assert answer.status == 200, (answer.status, answer.body)
    return answer.json()


def spans(found, kind="motion"):
    return [(seconds(one["start"]), seconds(one["end"])) for one in found["events"] if one["type"] == kind]


def covered(found):
    return [(seconds(one["from"]), seconds(one["to"])) for one in found["covered"]]


def test_events_are_where_something_moved(rig):
    found = events(rig)
    assert spans(found) == EVENTS and not found["more"], found
    one = found["events"][-1]
    assert one["duration"] == 12 and one["moving"] == 12 and one["strength"] == "clear" and one["cells"] == 8, one
    assert one["box"] == [0.0625, 0.16666, 0.0625, 0.22222], one


def test_they_are_asked_for_without_any_parameter(rig):
    assert spans(rig.get("/events").json()) == EVENTS


def test_they_are_asked_of_an_area(rig):
    assert spans(events(rig, area(DOOR))) == [(1150, 1160), (900, 903), (300, 301), (40, 52)]
    assert spans(events(rig, area(STREET))) == [(500, 560), (305, 306), (200, 204)]
    assert spans(events(rig, f"{area(STREET)}&{area(DOOR)}")) == EVENTS
    assert spans(events(rig, area(DOOR).replace("area", "not"))) == spans(events(rig, area(STREET)))
    assert spans(events(rig, "area=.5,0,.4,0,.4,.1,.5,.1")) == []
    box = ",".join(map(str, events(rig)["events"][-1]["box"]))
    assert spans(events(rig, f"area={box}")) == spans(events(rig, area(DOOR)))


def test_they_are_asked_for_by_strength_and_joined_as_wanted(rig):
    assert spans(events(rig, strength="clear")) == [one for one in EVENTS if one != (200, 204)]
    assert spans(events(rig, strength="strong")) == [(900, 903), (300, 301)]
    assert spans(events(rig, join=4))[3:5] == [(305, 306), (300, 301)]
    assert spans(events(rig, join=200))[-1] == (40, 560)


def test_pages_have_each_event_once_in_either_order(rig):
    whole = events(rig)["events"]
    for order, wanted in (("newest", whole), ("oldest", whole[::-1])):
        paged, more = [], True
        while more:
            page = events(rig, order=order, limit=2, offset=len(paged))
            assert len(page["events"]) <= 2 and covered(page) == covered(events(rig))
            paged, more = paged + page["events"], page["more"]
        assert paged == wanted, (order, paged)
    assert events(rig, offset=1000) == dict(events(rig), events=[])


def test_what_has_no_record_is_unknown(rig):
    begin, end = QUIET
    assert covered(events(rig)) == [(0, 600), (602, begin), (end, LENGTH - 5), (LENGTH - 3, LENGTH)]
    assert covered(events(rig, limit=1)) == covered(events(rig))
    steps = ask(rig, "/motion", step=10).json()["steps"]
    for number, step in enumerate(steps):
        unknown = begin <= number * 10 < end
        assert step["at"] == ARCHIVE["begin"] + number * 10
        assert (step["moving"] is None) == (step["mean"] is None) == (step["strongest"] is None) == (step["cells"] is None) == (step["known"] == 0) == unknown, step
    rows = list(csv.DictReader(io.StringIO(ask(rig, "/events", format="csv").body.decode())))
    assert [(seconds(row["start"]), seconds(row["end"])) for row in rows if row["type"] == "unknown"] == [(LENGTH - 5, LENGTH - 3), QUIET, (600, 602)]
    assert [seconds(row["start"]) for row in rows] == sorted((seconds(row["start"]) for row in rows), reverse=True)


def test_steps_say_how_much_moved(rig):
    answer = ask(rig, "/motion", step=100).json()
    assert [step["moving"] for step in answer["steps"]] == [12, 3, 4, 2, 0, 60, 0, 0, 0, 3, 0, 10]
    assert answer["steps"][3]["strongest"] == "strong" and answer["steps"][4]["strongest"] == "none"
    assert answer["steps"][7]["known"] == 70 and answer["steps"][6]["known"] == 98 and answer["steps"][0]["mean"] == 100
    assert answer["steps"][8]["flags"] == ["blurred"] and answer["steps"][6]["flags"] == ["global"], answer["steps"]
    assert [step["cells"] for step in answer["steps"]] == [8, 15, 15, 15, 0, 15, 0, 0, 0, 8, 0, 8]
    for part in ("0,0,1,1", "0,0,1,.9"):
        clear = ask(rig, "/motion", step=100, area=part, strength="clear").json()["steps"]
        assert [step["cells"] for step in clear] == [8, 0, 0, 15, 0, 15, 0, 0, 0, 8, 0, 8], part
    door = ask(rig, "/motion", step=100, area=area(DOOR)[5:]).json()
    assert [step["cells"] for step in door["steps"]] == [8, 0, 0, 8, 0, 0, 0, 0, 0, 8, 0, 8]
    assert [step["moving"] for step in door["steps"]] == [12, 0, 0, 1, 0, 0, 0, 0, 0, 3, 0, 10]
    assert [step["known"] for step in door["steps"]] == [step["known"] for step in answer["steps"]]
    assert [step["moving"] for step in ask(rig, "/motion", step=100, strength="clear").json()["steps"]] == [12, 0, 0, 2, 0, 60, 0, 0, 0, 3, 0, 10]
    assert ask(rig, "/motion").json()["step"] == 2
    assert "at least" in rig.get("/motion?from=-365d&step=1").detail


def test_the_heatmap_counts_seconds_per_cell(rig):
    answer = ask(rig, "/motion/heatmap").json()
    assert answer["cells"][3][2] == 26 and answer["cells"][10][20] == 68 and answer["cells"][0][0] == 0
    assert sum(map(sum, answer["cells"])) == 26 * 8 + 68 * 15
    assert answer["moving"] == 94 and answer["known"] == LENGTH - 34
    assert sum(map(sum, ask(rig, "/motion/heatmap", area=area(DOOR)[5:], strength="strong").json()["cells"])) == 4 * 8


def test_what_was_done_to_the_camera_is_an_event(rig):
    assert spans(events(rig), "blurred") == [(BLUR[0] - 9, BLUR[1])]
    assert spans(events(rig, area(DOOR)), "blurred") == [(BLUR[0] - 9, BLUR[1])]
    kinds = [one["type"] for one in events(rig)["events"]]
    assert kinds.index("blurred") == 2, kinds


def test_links_lead_to_the_footage_while_there_is_any(rig):
    found = events(rig)["events"]
    for one in found:
        gone = seconds(one["end"]) < GONE * SECONDS
        assert (one["snapshot"] is None) == (one["footage"] is None) == (one["curl"] is None) == gone, one
    assert found[-1]["footage"] is None
    clip, picture = rig.get("/" + found[0]["footage"]), rig.get("/" + found[0]["snapshot"])
    assert clip.status == 200 and clip.headers["Content-Type"] == "video/mp4" and picture.status == 200, (clip.status, picture.status)
    assert found[0]["curl"].startswith("curl -fo motion_") and found[0]["curl"].endswith(f"http://127.0.0.1:{rig.port}/{found[0]['footage']}'")


def test_lists_only_save_time(rig):
    paths = ["/events", "/motion", "/motion/heatmap"]
    before = [ask(rig, path, area=area(STREET)[5:]).body for path in paths]
    for name in glob.glob(os.path.join(rig.recordings, "motion_*.bin")):
        os.rename(name, name + ".away")
    try:
        # Without its list nobody knows of a .motion file whose footage is gone.
        after = [ask(rig, path, area=area(STREET)[5:]) for path in paths]
        assert after[0].json()["events"] == [one for one in events(rig, area(STREET))["events"] if seconds(one["start"]) >= GONE * SECONDS]
        assert covered(after[0].json())[0][0] == GONE * SECONDS
    finally:
        for name in glob.glob(os.path.join(rig.recordings, "motion_*.away")):
            os.rename(name, name[:-len(".away")])
    assert [ask(rig, path, area=area(STREET)[5:]).body for path in paths] == before


def test_what_has_lost_its_records_is_unknown_even_if_a_list_has_it(rig):
    begin, end = 8 * SECONDS, 9 * SECONDS  # of a segment in which the street moves
    name = sorted(glob.glob(os.path.join(rig.recordings, "recording_*.motion")))[8]
    os.rename(name, name + ".away")
    try:
        found = events(rig, area(STREET))
        assert (end, 560) in spans(found) and (500, 560) not in spans(found), spans(found)
        assert not any(one < end and begin < other for one, other in covered(found)), covered(found)
        step = ask(rig, "/motion", step=100, area=area(STREET)[5:]).json()["steps"][5]
        assert (step["known"], step["moving"]) == (100 - (end - 500), 560 - end), step
        assert ask(rig, "/motion/heatmap", area=area(STREET)[5:]).json()["moving"] == 68 - (end - 500)
        still = rig.get(f"/footage?from={ARCHIVE['begin'] + begin}&to={ARCHIVE['begin'] + end}&only=motion")
        assert still.status == 404 and "unknown" in still.detail, still.detail
        assert "no-cache" in rig.get(f"/events?from={ARCHIVE['begin'] + begin}&to={ARCHIVE['begin'] + end}").headers["Cache-Control"]
        # The list says that nothing moved at the door, and needs no records for that.
        assert any(one <= begin and end <= other for one, other in covered(events(rig, area(DOOR))))
    finally:
        os.rename(name + ".away", name)
    assert (500, 560) in spans(events(rig, area(STREET)))


def test_a_settled_answer_may_be_cached_and_any_is_asked_for_again_by_its_tag(rig):
    begin = f"/events?from={ARCHIVE['begin'] + 200}"
    settled = f"{begin}&to={ARCHIVE['begin'] + 600}"
    for path, cache in ((settled, "max-age=3600"), (f"{begin}&to=now", "no-cache"), (f"{begin}&to={ARCHIVE['end']}", "no-cache")):
        answer = rig.get(path)
        assert answer.status == 200 and cache in answer.headers["Cache-Control"], (path, answer.headers["Cache-Control"])
    tag = rig.get(settled).headers["ETag"]
    again = rig.get(settled, headers={"If-None-Match": tag})
    assert again.status == 304 and again.body == b"" and again.headers["ETag"] == tag
    assert rig.get(settled, headers={"If-None-Match": '"other"'}).status == 200


def test_a_question_that_is_wrong_is_refused_by_its_parameter(rig):
    for path in ("/events", "/motion", "/motion/heatmap"):
        for query, word in (("area=0,0,1", "area="), ("not=.9,0,.2,1", "not="), ("strength=much", "strength="), ("area=0,0,1,1,1,0,0,1", "area="),
                            ("from=x", "from="), ("aera=1", "aera"), ("&".join(["not=0,0,1,1"] * 17), "not=")):
            answer = rig.get(f"{path}?{query}")
            assert answer.status == 400 and word in answer.detail, (path, query, answer.body)
    for query in ("limit=0", "limit=10001", "offset=-1", "join=0", "order=up", "format=xml", "step=5"):
        answer = rig.get(f"/events?{query}")
        assert answer.status == 400 and query.split("=")[0] in answer.detail, (query, answer.body)


def test_long_ranges_get_the_same_answer(rig):
    for path in ("/events", "/motion/heatmap"):
        short, long = ask(rig, path).json(), rig.get(f"{path}?from={ARCHIVE['begin'] - 86400 * 300}&to={ARCHIVE['end']}").json()
        for name in short:
            assert name == "from" or short[name] == long[name], name
        assert seconds(long["from"]) == -86400 * 300


def test_an_archive_without_records_knows_nothing(_):
    with Rig() as rig:
        begin, end = make_archive(rig.recordings, 3, SECONDS)
        rig.start_web()
        found = rig.get("/events").json()
        assert found["events"] == [] and found["covered"] == [] and not found["more"]
        assert all(step["known"] == 0 and step["moving"] is None for step in rig.get(f"/motion?from={begin}&to={end}").json()["steps"])
        heatmap = rig.get("/motion/heatmap").json()
        assert heatmap["known"] == 0 and heatmap["covered"] == [] and heatmap["moving"] is None and heatmap["cells"] is None
        lines = rig.get(f"/events?from={begin}&to={end}&format=csv").body.decode().splitlines()
        assert len(lines) == 2 and lines[1].startswith("unknown,") and ",180," in lines[1], lines
        lines = rig.get("/events?from=20990101_000000&to=20990101_000100&format=csv").body.decode().splitlines()
        assert len(lines) == 2 and lines[1].startswith("unknown,2099-01-01T00:00:00") and ",60," in lines[1], lines  # nor does it know the future
        for path in ("/events", "/motion", "/motion/heatmap", "/timeline"):
            assert rig.get(f"{path}?from=0&to={end}").json()["from"].startswith("1970-01-01T00:00:00"), path


def test_what_a_camera_sees_moving_is_an_event(_):
    rig = LIVE["rig"]
    wait_for(lambda: any(frame.number >= SEEN for frame in rig.camera.frames()), PATIENCE_S, "the block has crossed the picture")
    seen = [frame.wall_us // US for frame in rig.camera.frames() if frame.number in BLOCK]
    until = rig.camera.newest().wall_us // US - 2
    wait_for(lambda: rig.get(f"/motion?from={until}&to={until + 1}").json()["steps"][0]["known"] == 1, PATIENCE_S, "the records are there")
    found = rig.get(f"/events?{NUMBERS}").json()
    times = [(datetime.fromisoformat(one["start"]).timestamp(), datetime.fromisoformat(one["end"]).timestamp()) for one in found["events"]]
    assert len(times) == 1 and abs(times[0][0] - seen[0]) <= 1 and abs(times[0][1] - 1 - seen[-1]) <= 1, (times, seen[0], seen[-1])
    assert rig.get("/events?area=0,.3,1,.25").json()["events"] == [] and len(rig.get("/events?area=0,.6,1,.2").json()["events"]) == 1
    x, y, width, height = found["events"][0]["box"]
    assert x < .1 and x + width > .9 and y > .5 and y + height < .9, found["events"][0]
    heatmap = rig.get(f"/motion/heatmap?{NUMBERS}").json()["cells"]
    assert all(sum(row) == 0 for row in heatmap[:10]) and sum(heatmap[12]) > 0, heatmap
    clip = rig.get("/" + found["events"][0]["footage"])
    assert clip.status == 200 and [number for _, number in rig.frames_of(clip.body) if number in BLOCK] == list(BLOCK)


def make(rig):
    begin, end = make_archive(rig.recordings, SEGMENTS, SECONDS)
    ARCHIVE["begin"], ARCHIVE["end"] = begin, end
    scene = [("move", *move) for move in MOVES] + [("unknown", *QUIET), ("mark", *BLUR, BLURRED), ("mark", 600, 602, GLOBAL),
                                                   ("mark", LENGTH - 5, LENGTH - 3, LEARNING)]
    lines = [" ".join(map(str, (kind, begin + one, begin + other, *rest))) for kind, one, other, *rest in scene]
    make_motion(rig.recordings, lines, "-u", str(UNLISTED), "-g", str(GONE))


if __name__ == "__main__":
    with Rig({"motion": {"enabled": "yes", "days": 1}}) as made, Rig({"motion": {"enabled": "yes"}}, frames=FRAMES) as LIVE["rig"]:
        LIVE["rig"].start()
        make(made)
        made.start_web()
        status = run_tests(globals(), made)
    sys.exit(status)
