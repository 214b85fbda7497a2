"""How soon N processes have a frame from the ring, and through a pipe to each."""
from tools import ring_readers

PARTS = ("ring",)
READERS = (1, 16, 64)


def run(report, rounds, _parts):
    taken = {readers: [(ring_readers(readers, 1, False), ring_readers(readers, 1, True)) for _ in range(rounds)] for readers in READERS}
    for readers, pairs in taken.items():
        for title, unit, pick in (
                ("median until a reader has its copy", "ms", lambda result: result["latency_ms"]["median"]),
                ("99 % until a reader has its copy", "ms", lambda result: result["latency_ms"]["p99"]),
                ("what the writer needs per frame", "us", lambda result: result["put_us"])):
            report.row("ring", f"{readers} reader{'s' * (readers > 1)}, {title}", unit, [pick(ring) for ring, _ in pairs], [pick(pipe) for _, pipe in pairs],
                       "one pipe per reader")
