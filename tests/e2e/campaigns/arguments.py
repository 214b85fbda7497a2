"""The arguments of a campaign, each with a default, and tests/e2e in sys.path, where the campaign's modules are."""
import os
import random
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))


def amount(default, kind=int):
    """How much: the first argument."""
    return kind(sys.argv[1]) if len(sys.argv) > 1 else default


def random_seed():
    """The second argument; without one, a random seed."""
    return int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30)
