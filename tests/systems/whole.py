#!/usr/bin/env python3
"""One release of Debian in full: whole.py bookworm|trixie|testing.

The README's `make run` and what it promises, the unit tests, the corpora of the fuzzers, the end-to-end tests, which need
neither a browser nor a virtual machine, and the package. `make test-systems` runs it for each release, half an hour each.
"""
import glob
import shutil
import sys

import system
from package import run_in_debian
from support.tap import comment, run_tests
from system import System


def test_its_packages_are_installed(debian):
    system.install(debian, "deploy/install-packages", "test-servers")
    debian.versions()


def test_make_run_builds_without_a_warning_and_serves(debian):
    system.make_run(debian)


def test_a_clip_is_exact(debian):
    system.clip_is_exact(debian)


def test_a_live_picture_comes(debian):
    system.live_picture_comes(debian)


def test_a_snapshot_comes(debian):
    system.snapshot_comes(debian)


def test_a_playlist_plays(debian):
    system.playlist_plays(debian)


def test_ctrl_c_stops_it(debian):
    system.ctrl_c_stops_it(debian)


def test_make_install_works_as_written_and_make_uninstall_leaves_nothing(debian):
    system.make_install_works_as_written(debian)


def test_the_unit_tests_pass(debian):
    system.unit_tests_pass(debian)


def test_the_corpora_and_the_end_to_end_tests_pass(debian):
    """All of tests/e2e, which needs neither a browser nor a virtual machine."""
    debian.run("test-build", "make", "-j2", "WERROR=1", f"BUILD={system.STRICT}", "all", "test-tools", "fuzz-tools")
    comment(debian.prove("tests", "tests/fuzz/replay tests/e2e/test_*"))


def test_the_package_is_built_and_sound(debian):
    comment(debian.prove("package", "tests/install/test_package.py"))
    for path in glob.glob(debian.inside(f"{system.SOURCE}/{system.STRICT}/deb/recorder_*.deb")):
        shutil.copy(path, debian.folder)


def main(root):
    debian = System(root, sys.argv.pop(1))  # the remaining arguments name cases
    debian.make()
    try:
        return run_tests(globals(), debian)
    finally:
        debian.stop()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(run_in_debian(main))
