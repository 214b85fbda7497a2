"""Live view with a growing number of viewers: the recorder against other programs, with fast viewers or a tenth of them slow."""
from contestants import Motion, Recorder, UStreamer, present
from tools import Viewers

SIZES = (1, 10, 50, 100, 200, 500)
SLOW_SIZES = (10, 50, 100)
MOTION_SIZES = (1, 10)
SECONDS = 3
PARTS = ("live", "slow")
SLOW_RATE = 200000  # bytes per second

MEASURES = (
    ("frames per second at the slowest viewer", "fps", lambda result: result["fps"]["min"]),
    ("median age of a frame", "ms", lambda result: result["age_ms"]["median"]),
    ("99 % age of a frame", "ms", lambda result: result["age_ms"]["p99"]),
    ("CPU", "s/GB", lambda result: result["cpu_s_per_gb"]),
)
TARGETS = {
    ("ms", 1): 1, ("ms", 10): 1, ("ms", 50): 0.5, ("ms", 100): 0.5,
    ("s/GB", 50): 1, ("s/GB", 100): 1,
}


def measure(kind, sizes, slow):
    with kind() as contestant:
        return {size: Viewers(contestant, size, SECONDS, slow=size // 10 if slow else 0).result() for size in sizes}


def rows(report, part, taken, sizes, other):
    for size in sizes:
        for title, unit, pick in MEASURES:
            target = TARGETS.get((unit, size)) if part == "live" and other is UStreamer and not title.startswith("99") else None
            report.row(part, f"{size} viewer{'s' * (size > 1)}, {title}", unit, [pick(one[size]) for one in taken[Recorder]],
                       [pick(one[size]) for one in taken.get(other, ())], other.label, at_most=target)


def fan_out(report, part, sizes, rounds, slow):
    kinds = [Recorder, *present([UStreamer], report.skipped)]
    taken = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind in kinds:
            taken[kind].append(measure(kind, sizes, slow))
    rows(report, part, taken, sizes, UStreamer)
    if slow:
        slow_rows(report, part, taken, sizes)


def slow_rows(report, part, taken, sizes):
    """At 200 KB/s a frame takes 0.4 s to arrive. The limit is a second: the frame being sent, and the newest one."""
    for size in sizes:
        frame_ms = max(one[size]["bytes"] / max(1, one[size]["age_ms"]["count"] + one[size]["slow_age_ms"]["count"]) / SLOW_RATE * 1e3
                       for one in taken[Recorder])
        report.row(part, f"{size} viewer{'s' * (size > 1)}, 99 % age of a frame of the slow viewers", "ms",
                   [one[size]["slow_age_ms"]["p99"] for one in taken[Recorder]], at_most=round(1000 + 2 * frame_ms))
        if UStreamer in taken:
            report.row(part, f"{size} viewer{'s' * (size > 1)}, median age of a frame of the slow viewers", "ms",
                       [one[size]["slow_age_ms"]["median"] for one in taken[Recorder]],
                       [one[size]["slow_age_ms"]["median"] for one in taken[UStreamer]], UStreamer.label)


def motion(report):
    """Motion compresses each frame again, which loses the camera's stamp, so ages are not known."""
    for kind in present([Motion], report.skipped):
        ours, theirs = measure(Recorder, MOTION_SIZES, False), measure(kind, MOTION_SIZES, False)
        for size in MOTION_SIZES:
            for title, unit, pick in (MEASURES[0], MEASURES[3]):
                report.row("live", f"{size} viewer{'s' * (size > 1)}, {title}", unit, [pick(ours[size])], [pick(theirs[size])], kind.label)


def run(report, rounds, parts):
    if "live" in parts:
        fan_out(report, "live", SIZES, rounds, False)
        motion(report)
    if "slow" in parts:
        fan_out(report, "slow", SLOW_SIZES, max(1, rounds - 2), True)
