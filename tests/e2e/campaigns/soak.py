#!/usr/bin/env python3
"""Records for hours with viewers, clips and random faults: soak.py [HOURS] [SEED]"""
from arguments import amount, random_seed
from support.faulty_rig import FaultyRig
from support.kills import assert_rebuilt_alike
from support.soak import FRAMES, soak
from support.tap import show_logs

SETTINGS = {"motion": {"enabled": "yes"}, "record": {"segment_seconds": 60}, "retention": {"max_gb": 0.2}}  # so that retention deletes something as well


def campaign(hours, seed):
    with FaultyRig(SETTINGS, frames=FRAMES) as rig:
        rig.start()
        try:
            summary = soak(rig, hours * 3600, seed)
            segments = assert_rebuilt_alike(rig)
        except BaseException:
            show_logs(rig)
            raise
        print(f"seed {seed}, {hours:g} h: {summary}; {segments} segments, whose rebuilt indexes are the same")


if __name__ == "__main__":
    campaign(amount(1, float), random_seed())
