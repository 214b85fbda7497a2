#!/usr/bin/env python3
"""Viewers that come and go: viewers.py [NUMBER]        (10000 by default)"""
from arguments import amount
from support.viewer_churn import come_and_go, descriptors, private_kb, serving, settle
from support.rig import Rig

WARM_UP = 500
LEFT_KB = 2048


def campaign(number):
    with Rig() as rig:
        rig.start()
        pids = serving(rig)
        idle = descriptors(pids)
        come_and_go(rig, WARM_UP)
        settle(rig, idle)
        memory = private_kb(pids)
        come_and_go(rig, number)
        settle(rig, idle)
        left = private_kb(pids) - memory
        assert serving(rig) == pids and left < LEFT_KB, f"{left} KB more after {number} viewers"
        print(f"{number} viewers came and went: no descriptor and {left} KB of {memory} KB more")


if __name__ == "__main__":
    campaign(amount(10000))
