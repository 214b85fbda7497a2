"""The cases of a test program, and what it prints: the Test Anything Protocol.

A test program runs all of its cases in their order. With arguments it runs only the ones that they name, each by its number or by a
part of its title, and the plan line counts these:

    BUILD=build tests/e2e/test_gaps.py                          # all of them
    BUILD=build tests/e2e/test_gaps.py 13 "names each gap"      # two of them

So that each case passes alone as well as behind the others, a case asks for nothing that an earlier one made. Where a case may leave
a shared recorder in trouble, `main(globals(), before=Rig.well)` brings it into its usual state before each case. A case takes its
ranges of time from the frames of the camera's log (support/exact.py), and it waits for states, never for a time.
"""
import functools
import os
import sys
import traceback

from support.rig import Rig


class Skipped(Exception):
    """Raised by a test that needs what this machine has not: it says what."""


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
    A decorator of a function that makes what several cases look at: the first case that asks for it has it made, and where that fails
    it fails each of them.
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
            raise AssertionError(f"this case looks at what {make.__name__} makes, and that failed: {error}") from error
        return what
    return get


def title_of(test):
    return test.__name__[len("test_"):].replace("_", " ")


def chosen(tests, words, title=title_of):
    """The tests that the words name, each by its number or by a part of its title, in their own order; all where there is no word."""
    def named(number, test, word):
        return int(word) == number if word.isdigit() else word.replace("_", " ") in title(test)
    for word in words:
        if not any(named(number, test, word) for number, test in enumerate(tests, 1)):
            print(f"Bail out! there is no case {word!r} here")
            sys.exit(1)
    return [test for number, test in enumerate(tests, 1) if not words or any(named(number, test, word) for word in words)]


def run_tests(namespace, rig=None, before=None):
    """
    Runs each function test_… of a module in the order of its lines, giving it `rig`; prints TAP and returns the exit status of the
    program. before: is given `rig` before each of them. The program's arguments choose some of the tests.
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
    """run_tests with a running rig that all tests of the file share."""
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
