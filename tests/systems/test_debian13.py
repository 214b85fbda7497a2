#!/usr/bin/env python3
"""A fresh Debian 13: the README's first command, an exact clip through its lighttpd, and the unit tests. whole.py has the full form."""
import os
import sys

import system
from package import Skipped, run_in_debian
from support.tap import run_tests
from system import System


def test_its_packages_are_installed(debian):
    system.install(debian, "apt-get", "-q", "-y", "--no-install-recommends", "install", "libcmocka-dev", "perl", "procps",
                   "python3")
    debian.versions()


def test_make_run_builds_without_a_warning_and_serves(debian):
    system.make_run(debian)


def test_a_clip_is_exact(debian):
    system.clip_is_exact(debian)


def test_ctrl_c_stops_it(debian):
    system.ctrl_c_stops_it(debian)


def test_make_install_works_as_written_and_make_uninstall_leaves_nothing(debian):
    system.make_install_works_as_written(debian)


def test_the_unit_tests_pass(debian):
    system.unit_tests_pass(debian)


def main(root):
    if os.environ.get("SAN"):
        raise Skipped("the short form does not run with sanitizers")
    debian = System(root, "trixie")
    debian.make()
    try:
        return run_tests(globals(), debian)
    finally:
        debian.stop()


if __name__ == "__main__":
    sys.exit(run_in_debian(main))
