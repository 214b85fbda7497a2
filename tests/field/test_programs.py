#!/usr/bin/env python3
"""VLC, mpv and FFmpeg play a clip, and mpv and FFmpeg a playlist, from beginning to end: across segments and a gap."""
import glob
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
# pylint: disable=wrong-import-position
from support.tap import Skipped, main, shared  # noqa: E402
from support.times import PATIENCE_S, US, wait_for  # noqa: E402
from support.webserver import USER  # noqa: E402

from clip_frames import clip_numbers  # noqa: E402

FRAMES = 330       # more than a segment of the rig has
LATE_FRAMES = 10   # a player may drop so many at either end
PLAYED_S = 300     # far more than a player takes


@shared
def archive(rig):
    """(from_s, to_s, numbers): what is recorded in that time."""
    rig.new_frames(FRAMES)
    rig.camera.fault("unplugged")
    wait_for(lambda: rig.camera.counter("opens") == rig.camera.counter("closes"), PATIENCE_S, "the camera is closed")
    rig.camera.fault("unplugged", 0)
    rig.new_frames(FRAMES // 3)
    frames = rig.camera.frames()
    rig.indexed()
    from_s, to_s = frames[0].wall_us // US + 1, frames[-1].wall_us // US
    return from_s, to_s, [frame.number for frame in frames if from_s * US <= frame.wall_us < to_s * US]


def url_of(rig, path):
    from_s, to_s, _ = archive(rig)
    return f"http://127.0.0.1:{rig.port}{path}?from={from_s}&to={to_s}"


def check_numbers(rig, shown):
    """Every picture is one of the archive's, in their order, from the first to the last."""
    numbers, at = archive(rig)[2], -1
    for number in shown:
        assert number in numbers[max(at, 0):], f"{number} is none of the archive, or out of order: {shown}"
        at = numbers.index(number, max(at, 0))
    first = numbers.index(shown[0])
    assert first <= LATE_FRAMES and at >= len(numbers) - LATE_FRAMES, f"from {first} to {at} of {len(numbers)}"
    assert len(set(shown)) > len(numbers) // 2, f"{len(set(shown))} of {len(numbers)}"


def number_in_name(path):
    return int(re.findall(r"\d+", os.path.basename(path))[-1])


def play(rig, name, *command):
    """Runs a player, which writes its pictures into a folder: their numbers."""
    if not shutil.which(command[0]):
        raise Skipped(f"{command[0]} is not installed")
    folder = rig.path(name)
    os.makedirs(folder)
    shutil.chown(folder, USER)
    as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if os.geteuid() == 0 else []
    os.chmod(rig.folder, 0o711)
    words = [*as_user, *(word.format(folder=folder) for word in command)]
    done = subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PLAYED_S,
                          check=False, env=dict(os.environ, HOME=folder))
    assert done.returncode == 0, (done.returncode, done.stderr[-1000:], done.stdout[-1000:])
    pictures = sorted(glob.glob(os.path.join(folder, "*.png")), key=number_in_name)
    assert pictures, done.stderr[-1000:]
    listed = os.path.join(folder, "pictures")
    with open(listed, "w", encoding="utf-8") as file:
        file.write("".join(f"file '{picture}'\nduration 1\n" for picture in pictures))
    return clip_numbers(listed, ["-f", "concat", "-safe", "0"])


def mpv(rig, name, what):
    return play(rig, name, "mpv", "--no-config", "--vo=image", "--vo-image-format=png", "--vo-image-outdir={folder}", "--untimed",
                "--no-audio", "--framedrop=no", what)


def test_vlc_plays_a_clip(rig):
    scene = ["--video-filter=scene", "--scene-format=png", "--scene-ratio=1", "--scene-prefix=vlc", "--scene-path={folder}"]
    check_numbers(rig, play(rig, "vlc", "vlc", "-I", "dummy", "--no-audio", "--vout=dummy", *scene, "--play-and-exit", "-q",
                            url_of(rig, "/footage")))


def test_mpv_plays_a_clip(rig):
    check_numbers(rig, mpv(rig, "mpv-clip", url_of(rig, "/footage")))


def test_mpv_plays_a_playlist(rig):
    check_numbers(rig, mpv(rig, "mpv-playlist", url_of(rig, "/playlist.m3u8")))


def test_mpv_plays_the_file_that_is_being_written(rig):
    rig.new_frames(60)
    name = rig.get("/recordings").json()[0]["file"]
    path = os.path.join(rig.recordings, name)
    os.chmod(rig.recordings, 0o755)
    os.chmod(path, 0o644)
    shown = mpv(rig, "mpv-open", path)
    numbers = [frame.number for frame in rig.camera.frames()]
    begin = numbers.index(shown[0])
    assert len(shown) > 30 and shown == numbers[begin:begin + len(shown)], (shown, numbers)


def test_a_prober_sees_the_rate_of_the_camera(rig):
    from_s = archive(rig)[0]
    recordings = [os.path.join(rig.recordings, one["file"]) for one in rig.get("/recordings").json()]
    clip = f"http://127.0.0.1:{rig.port}/footage?from={from_s}&to={from_s + 4}"
    for what in (clip, recordings[-1], recordings[0]):
        done = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=r_frame_rate", "-of", "csv=p=0", what],
                              capture_output=True, text=True, check=False)
        assert (done.stdout.strip(), done.stderr) == ("30/1", ""), (what, done)


def test_ffmpeg_plays_both(rig):
    for path in ("/footage", "/playlist.m3u8"):
        check_numbers(rig, clip_numbers(url_of(rig, path)))


main(globals())
