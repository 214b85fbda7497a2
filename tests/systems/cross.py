#!/usr/bin/env python3
"""The recorder built for another architecture, and its unit tests and fuzz corpora run there by qemu-user: cross.py arm64|armhf.

It is built on a freshly made Debian 13, in a folder that is removed afterwards and in mount and process namespaces, so this
machine's own packages do not change. $BUILD/fresh keeps the bare Debian (base-trixie.tar). Needs root; downloads 400 MB.

qemu-user translates system calls one by one, and does not know some of them. Cases that fail only for that reason are in
NOT_EMULATED. They must still fail: a case that the emulator has learned has to be removed from that list.
"""
import glob
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "install"))

from package import QUIET, Skipped, comment, run_in_debian, output_of, unpack_debian  # noqa: E402  pylint: disable=wrong-import-position
from system import SOURCE, copy_sources  # noqa: E402  pylint: disable=wrong-import-position

SUITE = "trixie"
ROOT = os.environ.get("FRESH_ROOT", "")
LIMIT_S = 600  # per program
SHOWN = 40  # last lines of the output of a failed program

# Architecture -> GNU name, emulator.
MACHINES = {"arm64": ("aarch64-linux-gnu", "qemu-aarch64"), "armhf": ("arm-linux-gnueabihf", "qemu-arm")}
LIBRARIES = ("libc6-dev", "libfcgi-dev", "libjson-c-dev", "libiniparser-dev", "libjpeg-dev", "libmd-dev", "libseccomp-dev", "libcurl4-openssl-dev", "libexpat1-dev",
             "libcmocka-dev")

OWN_PROGRAMS = "execute a program of the architecture that it emulates, as the test itself is in FFmpeg's place"
# Programs of which nearly every case starts the program itself, in another's place, and waits for it: not run.
NOT_RUN = {"test_motion_process": OWN_PROGRAMS}
# Program -> case -> what the emulator does not support. All other cases of the program must pass.
NOT_EMULATED = {
    "test_encoder_sandbox": {case: OWN_PROGRAMS for case in (
        "a_compromised_ffmpeg_cannot_break_out", "nor_can_one_with_devices",
        "nor_can_one_that_a_script_starts", "what_it_was_given_is_recorded_by_the_next_child")},
    "test_response_writer": {
        "a_file_without_sendfile_is_copied": "give /proc/self/auxv itself but a copy in a memfd, whose pages sendfile() can take"},
    "test_control_server": {
        "another_user_is_answered_if_the_recorder_s_group_is_among_its_own": "translate SO_PEERGROUPS, of which it takes four bytes"},
    "test_hook_process": {
        "memory_and_files_are_limited": "set limits of memory, which would be its own as well"},
    "test_program_sandbox": {
        "an_api_worker_can_do_its_work": "make netlink sockets that ask about connections"},
}


def in_debian(*command):
    """Runs a command in the new Debian; its standard error is part of its output."""
    return subprocess.run(["chroot", ROOT, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False, env=dict(QUIET, CMOCKA_MESSAGE_OUTPUT="TAP"))


def must(*command):
    done = in_debian(*command)
    assert done.returncode == 0, f"{' '.join(command)}: status {done.returncode}\n{last_lines(done.stdout)}"
    return done.stdout


def last_lines(text):
    return "\n".join(text.splitlines()[-SHOWN:])


# --- the Debian -------------------------------------------------------------------------------------------------------

def mount(root):
    output_of("mount", "-t", "proc", "proc", os.path.join(root, "proc"))
    for folder in ("tmp", "dev/shm"):
        output_of("mount", "-t", "tmpfs", "-o", "size=1g,mode=1777", "tmpfs", os.path.join(root, folder))


def install(architecture):
    """Installs compiler, emulator and libraries. FFmpeg is that of the host, because the kernel runs it for an emulated program."""
    gnu, _ = MACHINES[architecture]
    must("dpkg", "--add-architecture", architecture)
    updated = in_debian("apt-get", "-q", "update")
    if updated.returncode != 0 or re.search(r"^(W|E): ", updated.stdout, re.M):
        raise Skipped(f"no package sources: {updated.stdout.splitlines()[-1]}")
    must("apt-get", "-q", "-y", "--no-install-recommends", "install", "make", "pkg-config", "gcc-" + gnu, "qemu-user", "ffmpeg", "procps", "python3",
         *(f"{library}:{architecture}" for library in LIBRARIES))


def build(architecture):
    gnu, _ = MACHINES[architecture]
    # The libraries of the other architecture, even if the Makefile asks pkg-config.
    must("make", "-C", SOURCE, "BUILD=build", f"CC={gnu}-gcc", f"AR={gnu}-ar", "SECCOMP=-lseccomp", "WERROR=1", "all", "units", "fuzz-programs")


# --- its programs -----------------------------------------------------------------------------------------------------

def programs(kind):
    """Paths of the built programs, relative to the folder of their kind."""
    prefix = {"unit": "test_", "fuzz": "fuzz_"}[kind]
    folder = f"{ROOT}{SOURCE}/build/tests/{kind}"
    found = glob.glob(f"{folder}/**/{prefix}*", recursive=True)
    return sorted(os.path.relpath(path, folder) for path in found
                  if os.path.isfile(path) and not os.path.splitext(path)[1] and os.path.basename(path) not in NOT_RUN)


def report_not_run():
    for name, reason in NOT_RUN.items():
        comment(f"SKIP qemu-user does not {reason}: {name}")


def run(architecture, path, *arguments):
    _, emulator = MACHINES[architecture]
    return in_debian("env", "-C", SOURCE, "timeout", str(LIMIT_S), emulator, path, *arguments)


def wrong_cases(text, excused):
    """Sentences about cases with an unexpected result; [] if there are none. A case may be skipped on this kernel."""
    failed = set(re.findall(r"^not ok \d+ - (\S+)", text, re.M))
    skipped = set(re.findall(r"^ok \d+ # SKIP (\S+)", text, re.M))
    return ([f"{case} failed" for case in sorted(failed - set(excused))] +
            [f"{case} passes now: remove it from NOT_EMULATED" for case in excused if case not in failed | skipped])


def run_unit(architecture, name):
    excused = NOT_EMULATED.get(os.path.basename(name), {})
    done = run(architecture, f"build/tests/unit/{name}")
    wrong = wrong_cases(done.stdout, excused)
    if not excused and done.returncode != 0:
        wrong.append(f"{name} ended with status {done.returncode}")
    elif excused and done.returncode != len(re.findall(r"^not ok \d+ - ", done.stdout, re.M)):
        wrong.append(f"{name} ended with status {done.returncode}, which is not the number of cases that failed")
    for case, reason in excused.items():
        comment(f"SKIP qemu-user does not {reason}: {case}")
    for line in sorted(set(re.findall(r"^ok \d+ # SKIP \S+", done.stdout, re.M))):
        comment(f"skipped by the program itself: {line.split()[-1]}")
    return wrong, done.stdout


def run_fuzz(architecture, name):
    done = run(architecture, f"build/tests/fuzz/{name}", f"tests/fuzz/corpus/{name[len('fuzz_'):]}")
    return ([] if done.returncode == 0 else [f"{name} ended with status {done.returncode}"]), done.stdout


class Report:
    """Prints TAP, line by line."""

    def __init__(self):
        self.number = self.failed = 0

    def line(self, title, wrong=(), text=""):
        self.number += 1
        self.failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {self.number} - {title}", flush=True)
        for sentence in wrong:
            comment(sentence)
        if wrong:
            comment(last_lines(text))


def run_programs(architecture, report):
    for kind, runner in (("unit", run_unit), ("fuzz", run_fuzz)):
        for name in programs(kind):
            report.line(name, *runner(architecture, name))


def main(root):
    architecture = sys.argv[1]
    started = time.monotonic()
    unpack_debian(root, SUITE)
    mount(root)
    install(architecture)
    os.makedirs(ROOT + SOURCE)
    copy_sources(ROOT + SOURCE)
    build(architecture)
    gnu, emulator = MACHINES[architecture]
    assert programs("unit") and programs("fuzz"), "no program was built"
    report = Report()
    print(f"1..{1 + len(programs('unit')) + len(programs('fuzz'))}")
    for program in (gnu + "-gcc", emulator):
        comment(must(program, "--version").splitlines()[0])
    report.line(f"it is built for {architecture} without a warning")
    run_programs(architecture, report)
    report_not_run()
    comment(f"{time.monotonic() - started:.0f} s in total")
    return 1 if report.failed else 0


def guarded(root):
    """main(), in which a failed build is one failed test."""
    try:
        return main(root)
    except AssertionError as failure:
        print(f"1..1\nnot ok 1 - it is built for {sys.argv[1]} without a warning")
        comment(str(failure))
        return 1
    finally:
        subprocess.run(["umount", *(os.path.join(root, folder) for folder in ("proc", "tmp", "dev/shm"))], check=False, capture_output=True)


if __name__ == "__main__":
    if sys.argv[1:] not in [[name] for name in MACHINES]:
        sys.exit(f"usage: {sys.argv[0]} {'|'.join(MACHINES)}")
    sys.exit(run_in_debian(guarded))
