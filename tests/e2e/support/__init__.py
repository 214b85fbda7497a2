"""What tests of the whole recorder share: tests/e2e, its campaigns, and the other folders that use a rig (support.rig).

A program that imports it must have tests/e2e in sys.path. It adds tests/tools, which has clip_frames.py.
"""
import os
import sys

PROJECT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
BUILD = os.path.join(PROJECT, os.environ.get("BUILD", "build"))  # where the programs are
sys.path.append(os.path.join(PROJECT, "tests", "tools"))
