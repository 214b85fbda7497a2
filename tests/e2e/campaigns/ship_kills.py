#!/usr/bin/env python3
"""Kills recorder-ship right after each of its system calls, one after the other: ship_kills.py [EVERY]

EVERY: 1 for every call; 2 for every second one, and so on.
"""
from arguments import amount
from support.ship_kills import kills


def show(count):
    if count % 100 == 1:
        print(f"killed after call {count}", flush=True)


if __name__ == "__main__":
    print(f"{kills(amount(1), progress=show)} kills: each start after one finished, every object is right, none was put twice with other bytes")
