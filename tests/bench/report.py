"""The results of a benchmark: each row has a figure of the recorder, and another one that was taken alternately with it."""
from measure import median


def spread(values):
    return {"median": median(values), "low": min(values), "high": max(values)} if values else None


class Report:
    """Rows are {part, what, unit, ours, theirs, their_name, ratio, target, met}; ours and theirs: median, lowest and highest of the rounds."""

    def __init__(self, say):
        self.rows, self.words, self.say = [], [], say

    def skipped(self, sentence):
        self.words.append(sentence)
        self.say(f"  ({sentence})")

    def row(self, part, what, unit, ours, theirs=(), their_name="", at_most=None, at_least=None):
        """ours, theirs: one figure per round. The target is for the ratio ours / theirs, or for ours if there is nothing to compare."""
        ours, theirs = list(ours), list(theirs)
        pairs = [mine / other for mine, other in zip(ours, theirs) if other]
        judged = median(pairs) if pairs else median(ours) if ours else None
        row = {"part": part, "what": what, "unit": unit, "ours": spread(ours), "theirs": spread(theirs), "their_name": their_name,
               "ratio": spread(pairs), "target": None, "met": None}
        if judged is not None and at_most is not None:
            row["target"], row["met"] = f"≤ {at_most:g}", judged <= at_most
        if judged is not None and at_least is not None:
            row["target"], row["met"] = f"≥ {at_least:g}", judged >= at_least
        if row["target"] and pairs:
            row["target"] += " ×"
        self.rows.append(row)
        self.say("  " + line(row))


def number(value):
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def figure(of):
    if not of:
        return "–"
    if of["low"] == of["high"]:
        return number(of["median"])
    return f"{number(of['median'])} ({number(of['low'])}–{number(of['high'])})"


def line(row):
    text = f"{row['what']}: {figure(row['ours'])} {row['unit']}"
    if row["theirs"]:
        text += f", {row['their_name']} {figure(row['theirs'])}"
    if row["ratio"]:
        text += f", ratio {figure(row['ratio'])}"
    if row["target"]:
        text += f", target {row['target']}: {'met' if row['met'] else 'NOT MET'}"
    return text
