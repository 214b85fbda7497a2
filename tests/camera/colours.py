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
    places = [3 * (HEIGHT // 3 * WIDTH + WIDTH * (2 * number + 1) // (2 * len(bars))) for number in range(len(bars))]
    shown = [tuple(rgb[at:at + 3]) for at in places]
    assert all(abs(a - b) <= TOLERANCE for bar, wanted in zip(shown, bars) for a, b in zip(bar, wanted)), \
        f"the bars are {shown}, and the middle column is {[tuple(rgb[at:at + 3]) for at in range(WIDTH // 2 * 3, len(rgb), WIDTH * 3 * 10)]}"
