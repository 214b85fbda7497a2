#!/usr/bin/env python3
"""The Debian package is built, is sound, and contains what it should. fresh_package.py tests it on a fresh Debian."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import package
from package import PROJECT, UNITS, exposure, needs, output_of

from support.tap import run_tests

HOLDS = """etc/recorder/camera.ini etc/recorder/lighttpd.conf usr/bin/recorderd usr/bin/recorder-api usr/bin/recorder-live usr/bin/recorder-listen
    usr/bin/recorder-motion usr/share/man/man8/recorder-motion.8.gz
    usr/bin/recorder-hooks usr/share/man/man8/recorder-hooks.8.gz usr/bin/recorder-source usr/share/man/man8/recorder-source.8.gz
    usr/share/recorder/sources/libcamera.conf usr/share/recorder/sources/rtsp.conf usr/share/recorder/sources/usb.conf usr/lib/tmpfiles.d/recorder.conf
    usr/bin/recorder-ship usr/share/man/man8/recorder-ship.8.gz
    usr/bin/recorder-fetch usr/share/man/man8/recorder-fetch.8.gz
    usr/share/man/man5/recorder.ini.5.gz usr/share/man/man7/recorder-api.7.gz usr/share/man/man8/recorderd.8.gz
    usr/share/man/man8/recorder-api.8.gz usr/share/man/man8/recorder-live.8.gz usr/share/man/man8/recorder-listen.8.gz usr/share/recorder/www/index.html
    usr/share/recorder/recorder.ini.example usr/share/recorder/lighttpd.conf.example usr/share/recorder/apache.conf.example
    usr/share/recorder/nginx.conf.example usr/share/doc/recorder/copyright usr/share/recorder/hooks/recorder_hook.py
    usr/share/recorder/hooks/mail usr/share/recorder/hooks/mqtt usr/share/recorder/hooks/notify
    usr/share/recorder/hooks/keep-a-clip usr/share/recorder/set-up usr/share/recorder/access usr/share/recorder/let-in
    usr/share/recorder/store-setup""".split()

HOLDS_UNITS = "recorderd@.service recorder-memory@.service recorder-hooks@.service recorder-source@.service recorder-ship@.service recorder-fetch.service recorder-api.service recorder-api.socket recorder-live.service recorder-live.socket recorder-web.service".split()

folder = tempfile.mkdtemp(prefix="recorder-package.")


def extracted(*path):
    return os.path.join(folder, *path)


def units():
    """The folder of its units, which is under /usr since Debian 13."""
    return next(path for path in (extracted("usr/lib/systemd/system"), extracted("lib/systemd/system")) if os.path.isdir(path))


def source(*path):
    with open(os.path.join(PROJECT, *path), encoding="utf-8") as file:
        return file.read()


def test_it_is_built_from_what_is_committed():
    output_of("dpkg-deb", "--extract", package.build(), folder)


def test_lintian_finds_no_error():
    package.package()
    needs("lintian")
    changes = glob.glob(os.path.join(package.FOLDER, "*.changes"))
    # The tests may run as any user, and as root in a container.
    output_of("lintian", "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0", *changes)


def test_it_holds_programs_units_pages_and_examples():
    package.package()
    missing = [path for path in HOLDS if not os.path.lexists(extracted(path))]
    missing += [name for name in HOLDS_UNITS if not os.path.exists(os.path.join(units(), name))]
    assert not missing, missing


def test_its_recorder_accepts_its_configuration():
    package.package()
    output = output_of(extracted("usr/bin/recorderd"), "-t", "-c", extracted("etc/recorder/camera.ini"))
    assert "is valid" in output, output


def test_its_version_is_that_of_the_programs():
    version = re.search(r'RECORDER_VERSION "(.*)"', source("shared", "base", "version.h")).group(1)
    assert re.match(r"recorder \(" + re.escape(version) + r"\)", source("debian", "changelog")), version
    package.package()
    assert output_of(extracted("usr/bin/recorderd"), "--version").split() == ["recorderd", version]
    assert re.fullmatch(re.escape(version) + r"(\+\d{8}\.\d{4})?", output_of("dpkg-deb", "-f", package.package(), "Version").strip())


def test_a_later_commit_makes_a_package_that_apt_takes_for_newer():
    """Uses a dpkg-buildpackage that only prints the version, in a repository of two commits."""
    place, tools = extracted("history"), extracted("tools-history")
    os.makedirs(os.path.join(place, "deploy"))
    os.makedirs(os.path.join(place, "debian"))
    os.makedirs(tools)
    shutil.copy(os.path.join(PROJECT, "deploy", "build-deb"), os.path.join(place, "deploy"))
    shutil.copy(os.path.join(PROJECT, "debian", "changelog"), os.path.join(place, "debian"))
    for name in ("dpkg-buildpackage", "dh"):
        with open(os.path.join(tools, name), "w", encoding="ascii") as file:
            file.write("#!/bin/sh\ndpkg-parsechangelog -S Version\nexit 1\n")
        os.chmod(os.path.join(tools, name), 0o755)

    def commit(date):
        output_of("git", "-C", place, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qam", "one", "--allow-empty",
                  env=dict(os.environ, GIT_COMMITTER_DATE=date))
        done = subprocess.run([os.path.join(place, "deploy", "build-deb")], env=dict(os.environ, PATH=tools + ":" + os.environ["PATH"],
                              BUILD=extracted("none")), capture_output=True, text=True, check=False)
        return done.stderr.strip()

    output_of("git", "init", "-q", place)
    output_of("git", "-C", place, "add", ".")
    versions = [commit(date) for date in ("2025-11-29T10:00:00Z", "2025-11-30T10:00:00Z", "2025-11-30T20:07:00Z")]
    assert versions[1:] == [versions[0] + "+20251130.1000", versions[0] + "+20251130.2007"], versions
    for older, newer in zip(versions, versions[1:]):
        output_of("dpkg", "--compare-versions", newer, "gt", older)


def test_what_building_needs_is_what_the_package_needs():
    needed = re.search(r"^run=\((.*)\)", source("deploy", "install-packages"), re.M).group(1).split()
    declared = re.search(r"^Build-Depends:\n((?: .*\n)+)", source("debian", "control"), re.M).group(1)
    missing = [name for name in needed if name.startswith("lib") and name != "libc6-dev" and not re.search(rf"^ {name}(,| \|)", declared, re.M)]
    assert not missing, missing


def test_what_git_ignores_is_in_no_image():
    """Footage, logins and tokens never get into an image, because its ignore list is git's own."""
    ignored = [re.sub(r"^/|/$", "", line) for line in source(".gitignore").split()]
    wanted = [".git", *("**/" + name if f"/{name}" not in source(".gitignore") else name for name in ignored)]
    assert source("deploy", "container", "Dockerfile.dockerignore").split() == wanted


def test_without_git_a_package_is_not_built_from_it_either():
    """Uses a dpkg-buildpackage that only reports what it finds."""
    place, tools = extracted("sources"), extracted("tools")
    for path in ("recordings/camera", "clips", "access", "build", "build-arm64", "tests/browser/node_modules", "deploy", "www/recordings"):
        os.makedirs(os.path.join(place, path))
    kept = [".gitignore", "deploy/build-deb", "recorder.ini.example", "www/recordings/page"]
    for path in (*kept, "recorder.ini", "tokens", ".camera.folder", "recordings/camera/1.mp4", "access/tls.key", "build/1", "tests/browser/node_modules/1"):
        with open(os.path.join(place, path), "w", encoding="ascii"):
            pass
    for name in (".gitignore", "deploy/build-deb"):
        shutil.copy(os.path.join(PROJECT, name), os.path.join(place, name))
    os.makedirs(tools)
    for name in ("dpkg-buildpackage", "dh"):
        with open(os.path.join(tools, name), "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nfind . -type f -printf '%P\\n'\nexit 1\n")
        os.chmod(os.path.join(tools, name), 0o755)
    done = subprocess.run([os.path.join(place, "deploy", "build-deb")], env=dict(os.environ, PATH=tools + ":" + os.environ["PATH"], BUILD=extracted("none")),
                          capture_output=True, text=True, check=False)
    assert sorted(done.stderr.split()) == sorted(kept), done


def test_on_other_systems_the_packages_are_named():
    """The package manager must exist, but is never run."""
    for manager, words in (("dnf", ("dnf install", "fcgi-devel", "RPM Fusion")), ("pacman", ("pacman -S", "fcgi ")), ("apk", ("libfcgi-dev",))):
        tools = extracted("tools-" + manager)
        os.makedirs(tools)
        os.symlink("/bin/false", os.path.join(tools, manager))
        done = subprocess.run(["/bin/bash", os.path.join(PROJECT, "deploy", "install-packages"), "run"], env={"PATH": tools}, capture_output=True,
                              text=True, check=False)
        assert done.returncode == 0 and all(word in done.stderr for word in words), (manager, done)


def test_each_unit_is_sandboxed():
    package.package()
    needs("systemd-analyze")
    for unit in UNITS:
        path = os.path.join(units(), unit + ".service")
        if unit.endswith("@"):
            path = shutil.copy(path, extracted(unit + "camera.service"))
        assert exposure(path) <= 2.0


def install(root, prefix):
    """Installs the programs of the package, which are as good as others."""
    for program, place in {"recorderd": "recorderd", "recorder-motion": "motion", "recorder-hooks": "hooks", "recorder-source": "source", "recorder-ship": "offsite", "recorder-fetch": "offsite/fetch", "recorder-api": "fcgi", "recorder-live": "fcgi",
                           "recorder-listen": "fcgi"}.items():
        os.makedirs(extracted("built", place), exist_ok=True)
        shutil.copy(extracted("usr/bin", program), extracted("built", place, program))
    output_of(os.path.join(PROJECT, "deploy", "install"), env=dict(os.environ, DESTDIR=root, PREFIX=prefix, BUILD=extracted("built")))


def test_make_install_names_its_own_prefix():
    """The units and examples of `make install` name the programs that it has installed."""
    root = extracted("installed")
    install(root, "/opt/r")
    for path in glob.glob(root + "/opt/r/**", recursive=True):
        if os.path.isfile(path) and re.search(r"\.(service|socket|conf|example)$", path):
            with open(path, encoding="utf-8") as file:
                strangers = re.findall(r"(?:/usr/bin/|/usr/local/bin/)recorder\S*|/usr(?:/local)?/share/recorder\S*", file.read())
            assert not strangers, (path, strangers)


def test_make_uninstall_removes_what_make_install_put_there_and_nothing_else():
    root = extracted("removed")
    theirs = [os.path.join(root, path) for path in ("opt/r/bin/recorder-of-mine", "opt/r/share/man/man8/other.8", "etc/recorder/camera.ini")]
    for path in theirs:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8"):
            pass
    install(root, "/opt/r")
    assert os.path.exists(os.path.join(root, "opt/r/share/recorder/www/index.html"))
    wants = os.path.join(root, "etc/systemd/system/multi-user.target.wants")
    os.makedirs(wants)
    os.symlink("/opt/r/lib/systemd/system/recorderd@.service", os.path.join(wants, "recorderd@camera.service"))
    output = output_of(os.path.join(PROJECT, "deploy", "uninstall"), env=dict(os.environ, DESTDIR=root, PREFIX="/opt/r"))
    left = [os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names]
    assert sorted(left) == sorted(theirs), left
    assert f"kept {root}/etc/recorder" in output and "/var/lib" not in output, output
    empty = [folder for folder, folders, names in os.walk(root) if not folders and not names]
    assert set(empty) <= {wants}, empty


def test_the_manual_names_every_key_and_every_option():
    pages = source("docs", "man", "recorder.ini.5")
    for key in re.findall(r"^(\w+) = ", source("recorder.ini.example"), re.M):
        assert re.search(rf"^\.It Va {key} ", pages, re.M), key
    manual = source("docs", "man", "recorderd.8")
    for option in re.findall(r'^\t\{"([a-z-]+)",', source("recorderd", "options.c"), re.M):
        assert f"Fl Fl {option}" in manual, option


if __name__ == "__main__":
    try:
        STATUS = run_tests(globals())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(STATUS)
