#!/usr/bin/env python3
"""Prints `pts_us number` for each frame of a clip whose pictures carry numbers (frames.h); -1 if the number is unreadable.

usage: clip_frames.py FILE [INPUT_OPTION...]
"""
import json
import subprocess
import sys


def number_of(squares):
    """The number in 32 grey values, or -1 if its check bits are wrong."""
    bits = 0
    for value in squares:
        bits = bits << 1 | (value > 127)
    number, check = bits >> 8, bits & 0xff
    return number if (number * 0x9e3779b1 & 0xffffffff) >> 24 == check else -1


def run(arguments):
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{arguments[0]}: {done.stderr.decode(errors='replace')[-400:]}")
    return done.stdout


def clip_numbers(path, options=()):
    """The numbers as a player shows them, in order."""
    grey = run(["ffmpeg", "-v", "error", *options, "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough",
                "-vf", "crop=iw:2*floor(ih/9):0:0,scale=16:2:flags=area", "-f", "rawvideo", "-pix_fmt", "gray", "-"])
    return [number_of(grey[at:at + 32]) for at in range(0, len(grey), 32)]


def clip_times_us(path):
    """Presentation times of the frames, in microseconds."""
    probed = json.loads(run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "frame=pts:stream=time_base",
                             "-of", "json", path]))
    num, den = (int(part) for part in probed["streams"][0]["time_base"].split("/"))
    return [round(int(frame["pts"]) * num * 1000000 / den) for frame in probed["frames"]]


def clip_frames(path):
    """[(pts_us, number)] of a clip."""
    numbers, times = clip_numbers(path), clip_times_us(path)
    if len(numbers) != len(times):
        raise RuntimeError(f"{path}: {len(numbers)} pictures, {len(times)} times")
    return list(zip(times, numbers))


if __name__ == "__main__":
    for pts_us, shown in clip_frames(sys.argv[1]):
        print(pts_us, shown)
