#!/usr/bin/env python3
"""Kills recorderd and its FFmpeg at random instants under load: kills.py [NUMBER of each] [SEED]"""
from arguments import amount, random_seed
from support.faulty_rig import FaultyRig
from support.kills import Kills, Load, assert_numbers, assert_rebuilt_alike, assert_records
from support.tap import show_logs


def campaign(number, seed):
    with FaultyRig({"camera": {"fps": 60}, "motion": {"enabled": "yes"}}, fps="60") as rig:
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
            records = assert_records(rig)
            segments = assert_rebuilt_alike(rig)
        except AssertionError:
            show_logs(rig)
            raise
        print(f"seed {seed}: {kills.summary()}; {len(rig.camera.frames())} frames, {segments} segments, {records} records of what moved; "
              "rebuilt indexes and lists are the same")


if __name__ == "__main__":
    campaign(amount(200), random_seed())
