"""The arguments of a campaign, each with a default. Adds tests/e2e, where the campaigns' modules are, to sys.path."""
import os
import random
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))


def amount(default, kind=int):
    """The first argument, or the default."""
    return kind(sys.argv[1]) if len(sys.argv) > 1 else default


def random_seed():
    """The second argument, or a random seed."""
    return int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30)
