"""Colour bars as a browser shows them."""
import subprocess

from station import PATIENCE_S
from support.tap import comment
from support.times import wait_for

BARS = [(191, 191, 191), (191, 191, 0), (0, 191, 191), (0, 191, 0), (191, 0, 191), (191, 0, 0), (0, 0, 191)]
TOLERANCE = 8  # for JPEG, and two conversions of colour
WIDTH, HEIGHT = 320, 180


def pixels(jpeg):
    """RGB of each pixel."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-f", "mjpeg", "-i", "-", "-vf", "scale=in_color_matrix=bt601:in_range=full",
                           "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], input=jpeg, capture_output=True, check=True)
    assert len(done.stdout) == WIDTH * HEIGHT * 3, len(done.stdout)
    return done.stdout


def wrong_bars(jpeg, bars):
    """What is wrong in the middle of each bar, at a height where both FFmpeg's and vivid's patterns have bars; None if all are right."""
    rgb = pixels(jpeg)
    places = [3 * (HEIGHT // 3 * WIDTH + WIDTH * (2 * number + 1) // (2 * len(bars))) for number in range(len(bars))]
    shown = [tuple(rgb[at:at + 3]) for at in places]
    if all(abs(a - b) <= TOLERANCE for bar, wanted in zip(shown, bars) for a, b in zip(bar, wanted)):
        return None
    return f"the bars are {shown}, and the middle column is {[tuple(rgb[at:at + 3]) for at in range(WIDTH // 2 * 3, len(rgb), WIDTH * 3 * 10)]}"


def wait_for_bars(station, name, bars):
    """Waits until the bars are right: a driver may still write its text across the first picture."""
    seen = []

    def right():
        seen.append(wrong_bars(station.snapshot(name), bars))
        return seen[-1] is None
    try:
        wait_for(right, PATIENCE_S, "the bars")
    except AssertionError as late:
        raise AssertionError(seen[-1]) from late
    for wrong in filter(None, seen):
        comment(wrong)
