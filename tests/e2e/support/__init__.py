"""What the tests of the whole recorder share, for tests/e2e, its campaigns and the other folders that run a rig (support.rig).

Whoever imports it has tests/e2e in sys.path. It adds tests/tools, where clip_frames.py is.
"""
import os
import sys

PROJECT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
BUILD = os.path.join(PROJECT, os.environ.get("BUILD", "build"))  # the folder of the programs
sys.path.append(os.path.join(PROJECT, "tests", "tools"))
