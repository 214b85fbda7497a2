#!/usr/bin/env python3
"""tests/prove: a failing test fails the run at once, and a run without any test is a failure."""
import os
import subprocess
import sys
import tempfile

from support import PROJECT
from support.tap import run_tests

GOOD = "echo 1..1; echo ok 1"
BAD = "echo 1..1; echo '# because of this'; echo not ok 1"
BAD_ONCE = "echo 1..1; [ -e ran ] || { touch ran; echo not ok 1; exit; }; echo ok 1"
STARVED = "echo 1..1; echo 'ok 1 - a # SKIP starved: the machine stood still'"
SKIPPED = "echo '1..0 # SKIP no browser here'"
KILLS_PROVE = "kill -{} $(ps -o ppid= -p $PPID); sleep 5"
# Its program overflows an integer and goes on, and the test does not look at how it ends.
OVERFLOWS = """echo 1..1
echo 'int main(int count, char **words) { return !words[count - 1] + (count + 2147483647 == 1); }' |
    gcc -fsanitize=undefined -x c -o overflows - || exit
./overflows
echo ok 1"""


def prove(*scripts, **settings):
    """The exit status and output of tests/prove for these scripts, with these environment variables."""
    with tempfile.TemporaryDirectory(prefix="recorder-e2e.") as folder:
        names = [f"./test_{number}" for number, _ in enumerate(scripts)]
        for name, script in zip(names, scripts):
            with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                file.write(f"#!/bin/sh\n{script}\n")
            os.chmod(file.name, 0o755)
        environment = dict(os.environ, BUILD=folder, SAN="")
        done = subprocess.run([os.path.join(PROJECT, "tests", "prove"), *names], cwd=folder, env=dict(environment, **settings),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout


def assert_fails(words, *scripts, **settings):
    status, output = prove(*scripts, **settings)
    assert status != 0 and words in output and output.endswith("Result: FAIL\n"), (status, output)


def test_good_files_pass_and_are_counted():
    status, output = prove(GOOD, GOOD)
    assert status == 0 and "Files=2, Tests=2" in output and output.endswith("Result: PASS\n"), (status, output)


def test_a_failed_file_says_why():
    assert_fails("# because of this", GOOD, BAD)


def test_a_file_that_bails_out_says_why():
    assert_fails("# for this reason", "echo 'Bail out! it does not start'; echo '# for this reason'")


def test_nothing_is_tried_twice():
    assert_fails("Failed 1/1", BAD_ONCE)


def test_a_killed_prove_is_a_failure():
    for signal in (9, 15):
        assert_fails(f"killed by signal {signal}", GOOD, KILLS_PROVE.format(signal))


def test_a_run_without_a_test_is_a_failure():
    assert_fails("no test ran", SKIPPED)


def test_a_file_that_cannot_be_run_is_a_failure():
    assert_fails("prove ended with status", GOOD, "exit 127")


def test_skipped_tests_are_shown_with_their_reasons():
    status, output = prove(GOOD, SKIPPED)
    assert status == 0 and "no browser here" in output, (status, output)


def test_a_skipped_test_of_cmocka_is_no_failure():
    status, output = prove(GOOD, "echo 1..2; echo ok 1 - a; echo 'not ok 2 # SKIP no_root'")
    assert status == 0 and "Tests=3" in output, (status, output)


def test_one_starved_test_is_excused_and_two_are_not():
    status, output = prove(GOOD, STARVED)
    assert status == 0 and "stood still" in output, (status, output)
    assert_fails("2 tests were starved", STARVED, STARVED)


def test_what_a_sanitizer_reports_is_a_failure():
    for words in ("signed integer overflow", "reports of sanitizers: 1"):
        assert_fails(words, GOOD, OVERFLOWS, SAN="undefined")


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
