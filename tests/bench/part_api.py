"""How fast the API answers while viewers watch, against lighttpd with a plain file under the same load, and idle."""
import time

from contestants import Recorder
from measure import median, percentile
from tools import Viewers, fetch

PARTS = ("api",)
VIEWERS = 100
TIMES = 100
PATHS = ("/camera_info", "/recordings?limit=10", "/timeline?from=-1m&to=now", "/snapshot")
PLAIN = "/ui/index.html"


def ask(recorder, path):
    return [one["total_ms"] for one in fetch(recorder.port, path, TIMES, 2)]


def run(report, rounds, _parts):
    with Recorder(recording=True) as recorder:
        time.sleep(3)
        idle = {path: [ask(recorder, path) for _ in range(rounds)] for path in PATHS}
        viewers = Viewers(recorder, VIEWERS, 600)
        time.sleep(2)
        busy = {path: [(ask(recorder, path), ask(recorder, PLAIN)) for _ in range(rounds)] for path in PATHS}
        viewers.process.kill()
        viewers.process.wait()
    for path in PATHS:
        for title, pick in (("median", median), ("99 %", lambda times: percentile(times, 0.99))):
            report.row("api", f"{path}, {title}", "ms", [pick(api) for api, _ in busy[path]], [pick(plain) for _, plain in busy[path]],
                       "lighttpd's own file")
        report.row("api", f"{path}, median without viewers", "ms", [median(times) for times in idle[path]])
