"""Reads the records of recorder-motion (shared/motion/motion_record.h), and judges them by what is true of a scene.

What is true is a text with one character per second: # something moves, . nothing does, ? not judged.
"""
import dataclasses
import struct

BYTES = 168
CELLS = 32 * 18
LEARNING, GLOBAL, DARK, FEW_FRAMES = 1, 2, 4, 8
FAINT, CLEAR, STRONG = 1, 2, 3
FORM = struct.Struct("<q72s72sBBbBHBbHHI")
JOIN_S = 5  # seconds with movement that are no further apart belong to one event
FAINT_SECONDS = 4  # make an event, as one clear second does


@dataclasses.dataclass
class Record:
    second: int
    strengths: list  # of the cells, row by row
    mean: int
    sharpness: int
    likeness: int
    flags: int
    frames: int
    gain: int

    @property
    def strongest(self):
        return max(self.strengths)


def parse(data):
    """The records of what recorder-motion wrote."""
    records = []
    for at in range(0, len(data), BYTES):
        second, low, high, mean, sharpness, likeness, flags, _, frames, gain, *_ = FORM.unpack(data[at:at + BYTES])
        bits = [int.from_bytes(plane, "little") for plane in (low, high)]
        strengths = [(bits[0] >> cell & 1) | (bits[1] >> cell & 1) << 1 for cell in range(CELLS)]
        records.append(Record(second, strengths, mean, sharpness, likeness, flags, frames, gain))
    return records


def strongest_by_second(records, first_second, seconds):
    """The strongest cell of each second, None where there is no record."""
    found = {record.second - first_second: record.strongest for record in records}
    return [found.get(second) for second in range(seconds)]


def runs(moving):
    """Spans [first, last] of the seconds in which something moves, joined."""
    spans = []
    for second in (second for second, moves in enumerate(moving) if moves):
        if spans and second - spans[-1][1] <= JOIN_S:
            spans[-1][1] = second
        else:
            spans.append([second, second])
    return spans


def events(strongest):
    """Spans with one clear second or several faint ones."""
    def counts(first, last):
        inside = [strength or 0 for strength in strongest[first:last + 1]]
        return max(inside) >= CLEAR or sum(strength >= FAINT for strength in inside) >= FAINT_SECONDS

    return [span for span in runs([strength or 0 for strength in strongest]) if counts(*span)]


@dataclasses.dataclass
class Score:
    """Seconds that were found, missed, wrongly reported and rightly quiet; events; and a mark per second."""
    found: int = 0
    missed: int = 0
    false: int = 0
    quiet: int = 0
    events_wanted: int = 0
    events_found: int = 0
    events_false: int = 0
    marks: str = ""

    def add(self, other):
        for field in dataclasses.fields(self):
            if field.name != "marks":
                setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    @property
    def recall(self):
        return self.found / (self.found + self.missed) if self.found + self.missed else None

    @property
    def precision(self):
        return self.found / (self.found + self.false) if self.found else None


def judge(truth, strongest, least=FAINT):
    """Seconds without a record count as missed where something moved, and are not judged elsewhere."""
    score = Score()
    for want, strength in zip(truth, strongest):
        moves = strength is not None and strength >= least
        if want == "#":
            score.marks += "#" if moves else "-"
        elif want == "." and strength is not None:
            score.marks += "!" if moves else "."
        else:
            score.marks += "?"
    score.found, score.missed, score.false, score.quiet = (score.marks.count(mark) for mark in "#-!.")
    wanted = runs([want == "#" for want in truth])
    judged = [strength if want != "?" else 0 for want, strength in zip(truth, strongest)]
    got = events(judged)
    overlaps = [[a[0] <= b[1] and b[0] <= a[1] for b in got] for a in wanted]
    score.events_wanted, score.events_found = len(wanted), sum(any(row) for row in overlaps)
    score.events_false = sum(not any(row[number] for row in overlaps) for number in range(len(got)))
    return score


def percent(value):
    return "   -" if value is None else f"{value:4.2f}"


def table_row(name, score):
    return (f"{name:20} {percent(score.precision)}  {percent(score.recall)}  {score.false:3} of {score.false + score.quiet:3}"
            f"   {score.events_found} of {score.events_wanted}, {score.events_false} false")


TABLE_HEAD = f"{'scene':20} prec. recall  false s      events"
