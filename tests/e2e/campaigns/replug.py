#!/usr/bin/env python3
"""Unplugs a camera and plugs it in again, many times: replug.py [CYCLES]"""
from arguments import amount
from support.replugs import replug

if __name__ == "__main__":
    print(replug(amount(1000)))
