#!/usr/bin/env python3
"""Unplugs a camera and plugs it in again, many times over: campaign_replug.py [CYCLES]"""
import sys

from replugs import replug

if __name__ == "__main__":
    print(replug(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
