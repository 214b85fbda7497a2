#!/usr/bin/env python3
"""Records with viewers, clips and random faults, and says what that showed: campaign_soak.py [HOURS] [SEED]"""
import random
import sys

from faulty_rig import FaultyRig
from kills import assert_rebuilt_alike
from rig import show_logs
from soak import soak

SETTINGS = {"record": {"segment_seconds": 60}, "retention": {"max_gb": 0.2}}  # so that retention has to work as well


def campaign(hours, seed):
    with FaultyRig(SETTINGS) as rig:
        rig.start()
        try:
            told = soak(rig, hours * 3600, seed)
            segments = assert_rebuilt_alike(rig)
        except BaseException:
            show_logs(rig)
            raise
        print(f"seed {seed}, {hours:g} h: {told}; {segments} segments, their indexes made anew are the same")


if __name__ == "__main__":
    campaign(float(sys.argv[1]) if len(sys.argv) > 1 else 1, int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30))
