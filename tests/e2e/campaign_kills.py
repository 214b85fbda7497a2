#!/usr/bin/env python3
"""Kills recorderd and its FFmpeg at random instants under load, and says what that showed: campaign_kills.py [NUMBER of each] [SEED]"""
import random
import sys

from faulty_rig import FaultyRig
from kills import Kills, Load, assert_numbers, assert_rebuilt_alike
from rig import show_logs


def campaign(number, seed):
    with FaultyRig({"camera": {"fps": 60}}, fps="60") as rig:
        rig.start()
        kills = Kills(rig, seed)
        whom = ["recorder", "encoder"] * number
        kills.chance.shuffle(whom)
        try:
            with Load(rig):
                for one in whom:
                    kills.kill(one)
            assert rig.stop_recorderd() == 0
            assert_numbers(rig, kills.lost)
            segments = assert_rebuilt_alike(rig)
        except AssertionError:
            show_logs(rig)
            raise
        print(f"seed {seed}: {kills.told()}; {len(rig.camera.frames())} frames, {segments} segments, their indexes made anew are the same")


if __name__ == "__main__":
    campaign(int(sys.argv[1]) if len(sys.argv) > 1 else 200, int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30))
