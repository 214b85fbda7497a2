"""How fast questions about motion are answered: 72 hours of records, in which something moves in one second of twelve."""
from measure import median
from support.made_archive import make_archive, make_motion
from support.rig import Rig
from tools import fetch

PARTS = ("events",)
SEGMENTS = 432
TIMES = 50
TARGET_MS = 10
AREA = "area=.4,.5,.12,.15"  # five cells by four
QUESTIONS = {
    "/events in an area": (f"/events?{{range}}&{AREA}", TARGET_MS),
    "/events of the whole picture": ("/events?{range}", None),
    "all 1000 events": ("/events?{range}&limit=10000", None),
    "/motion, a step per minute": ("/motion?{range}&step=60", TARGET_MS),
    "/motion in an area, a step per minute": (f"/motion?{{range}}&step=60&{AREA}", None),
    "/motion/heatmap": ("/motion/heatmap?{range}", None),
}


def run(report, rounds, _parts):
    with Rig({"retention": {"hours": 0}}) as rig:
        begin, end = make_archive(rig.recordings, SEGMENTS)
        make_motion(rig.recordings, (), "-r", "7", "-u", "1")
        rig.start_web()
        for what, (path, target) in QUESTIONS.items():
            path = path.format(range=f"from={begin}&to={end}")
            fetch(rig.port, path, 6)  # each of the three disk workers has seen it
            times = [median([one["total_ms"] for one in fetch(rig.port, path, TIMES)]) for _ in range(rounds)]
            report.row("events", f"72 hours: {what}, until the last byte", "ms", times, at_most=target)
