"""Runs the cases of a test program and prints the Test Anything Protocol.

A test program runs all of its cases in order. With arguments it runs only those that they name, each by its number or by a
part of its title, and the plan line counts these:

    BUILD=build tests/e2e/test_gaps.py                          # all of them
    BUILD=build tests/e2e/test_gaps.py 13 "names each gap"      # two of them

Each case must pass alone as well as after the others, so it uses nothing that an earlier one has made. If a case may leave
a shared recorder in trouble, `main(globals(), before=Rig.restore)` restores its usual state before each case. A case takes its
ranges of time from the frames of the camera's log (support/exact.py), and it waits for states, never for a time.
"""
import functools
import os
import sys
import traceback

from support.rig import Rig


class Skipped(Exception):
    """Raised by a test that needs something this machine does not have, with the reason."""


def comment(text):
    for line in text.splitlines():
        print(f"# {line}")


def show_logs(rig):
    if rig is None:
        return
    for name in sorted(os.listdir(rig.folder)):
        if name.endswith(".log") and not name.startswith("video"):
            comment(f"--- {name}\n" + "\n".join(rig.log(name).splitlines()[-40:]))


def shared(make):
    """
    Decorates a function whose result several cases share: the first case that needs it calls it. If that fails, each of them
    fails.
    """
    made = []

    @functools.wraps(make)
    def get(*arguments):
        if not made:
            try:
                made.append((make(*arguments), None))
            except Skipped:
                raise
            except Exception as error:  # pylint: disable=broad-except
                made.append((None, error))
        what, error = made[0]
        if error:
            raise AssertionError(f"{make.__name__}, which this case needs, has failed: {error}") from error
        return what
    return get


def title_of(test):
    return test.__name__[len("test_"):].replace("_", " ")


def chosen(tests, words, title=title_of):
    """The tests that the words name, by number or by a part of the title, in their own order; all if there are no words."""
    def named(number, test, word):
        return int(word) == number if word.isdigit() else word.replace("_", " ") in title(test)
    for word in words:
        if not any(named(number, test, word) for number, test in enumerate(tests, 1)):
            print(f"Bail out! no case {word!r}")
            sys.exit(1)
    return [test for number, test in enumerate(tests, 1) if not words or any(named(number, test, word) for word in words)]


def run_tests(namespace, rig=None, before=None):
    """
    Calls each function test_... of a module with `rig`, in the order in which they are defined. Prints TAP and returns the exit
    status of the program. `before` is called with `rig` before each of them. The program's arguments select tests.
    """
    tests = [value for name, value in namespace.items() if name.startswith("test_") and callable(value)]
    tests = chosen(tests, sys.argv[1:])
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, test in enumerate(tests, 1):
        title = title_of(test)
        try:
            if before:
                before(rig)
            test(rig) if rig else test()
            print(f"ok {number} - {title}", flush=True)
        except Skipped as why:
            print(f"ok {number} - {title} # SKIP {why}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} - {title}")
            comment(traceback.format_exc())
            show_logs(rig)
            sys.stdout.flush()
    return 1 if failed else 0


def main(namespace, before=None, **rig_options):
    """Runs the tests with one running rig that all of them share."""
    with Rig(**rig_options) as rig:
        try:
            rig.start()
        except Exception:  # pylint: disable=broad-except
            print("Bail out! the recorder does not start")
            comment(traceback.format_exc())
            show_logs(rig)
            sys.exit(1)
        status = run_tests(namespace, rig, before)
    sys.exit(status)
