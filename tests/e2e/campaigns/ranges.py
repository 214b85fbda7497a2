#!/usr/bin/env python3
"""Clips of random ranges of an uneven camera, and of ranges around each rotation: ranges.py [NUMBER] [SEED]"""
import time

from arguments import amount, random_seed
from support.faulty_rig import FaultyRig
from support.ranges import FPS, Moods, Ranges, rotations
from support.tap import show_logs
from support.times import US

RECORDED_S = 75


def campaign(number, seed):
    with FaultyRig({"camera": {"fps": FPS}}, fps=str(FPS)) as rig:
        rig.start()
        with Moods(rig.camera, seed):
            time.sleep(RECORDED_S)  # the length of the recording that the ranges are taken from
        rig.new_frames(4 * FPS)
        rig.indexed()
        ranges, borders = Ranges(rig, seed), rotations(rig)
        ranges.look()
        borders = [border for border in borders if border < ranges.times[-1] - 3 * US]
        try:
            for border in borders:
                ranges.around(border)
            while ranges.asked < number:
                ranges.at_random(20 * US)
        except AssertionError:
            show_logs(rig)
            raise
        print(f"seed {seed}: {ranges.asked} ranges ({ranges.empty} of them empty), {len(borders)} rotations, {ranges.shown} frames: all exact")


if __name__ == "__main__":
    campaign(amount(200), random_seed())
