"""Colour bars as a browser shows them."""
import subprocess

BARS = [(191, 191, 191), (191, 191, 0), (0, 191, 191), (0, 191, 0), (191, 0, 191), (191, 0, 0), (0, 0, 191)]
TOLERANCE = 8  # JPEG, and two roundings of colour
WIDTH, HEIGHT = 320, 180


def pixels(jpeg):
    """RGB of each pixel."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-f", "mjpeg", "-i", "-", "-vf", "scale=in_color_matrix=bt601:in_range=full",
                           "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], input=jpeg, capture_output=True, check=True)
    assert len(done.stdout) == WIDTH * HEIGHT * 3, len(done.stdout)
    return done.stdout


def assert_bars(jpeg, bars):
    """The middle of each bar, at a height where FFmpeg's pattern and vivid's both have them."""
    rgb = pixels(jpeg)
    for number, wanted in enumerate(bars):
        at = 3 * (HEIGHT // 3 * WIDTH + WIDTH * (2 * number + 1) // (2 * len(bars)))
        shown = tuple(rgb[at:at + 3])
        assert all(abs(a - b) <= TOLERANCE for a, b in zip(shown, wanted)), f"bar {number} is {shown}, not {wanted}"
