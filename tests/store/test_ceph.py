#!/usr/bin/env python3
"""recorder-ship against a real Ceph: a bucket as docs/offsite.md describes it, a stolen key, and disks that die."""
import importlib.machinery
import importlib.util
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
sys.path.insert(0, HERE)
from ceph import Ceph  # noqa: E402
from support.ship import ShippingRig  # noqa: E402
from support.tap import run_tests  # noqa: E402
from support.times import PATIENCE_S, wait_for  # noqa: E402

SETUP = os.path.join(HERE, "..", "..", "deploy", "store-setup")


def key_file(rig, name, key):
    path = rig.path(name)
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(key) + "\n")
    os.chmod(path, 0o400)
    return path


def set_up(rig, *arguments):
    return subprocess.run([SETUP, "--url", rig.store.url, "--admin", rig.path("admin.key"), "--camera", rig.name, *arguments],
                          capture_output=True, text=True, timeout=120, check=False)


def load(path, name):
    """The script as a module."""
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_loader(name, importlib.machinery.SourceFileLoader(name, path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Bucket:
    """What is in the bucket, as its owner sees it, in the form of an S3Server for ShippingRig."""

    def __init__(self, ceph):
        self.url, self.ceph = ceph.url, ceph
        self.key = ceph.user("ship")
        self.admin = None

    def named(self, kind):
        objects, start = {}, ""
        while True:
            query = f"list-type=2&prefix=v1%2F{kind}%2F" + (f"&start-after={start.replace('/', '%2F')}" if start else "")
            status, body = self.admin.request("GET", "", query)
            assert status == 200, body
            names = re.findall(r"<Key>([^<]+)", body.decode())
            for name in names:
                status, content = self.admin.request("GET", name)
                assert status == 200, f"{name}: {content}"
                objects[name] = content
            if "<IsTruncated>true" not in body.decode():
                return objects
            start = names[-1]


CEPH = []


def usual(rig):
    if rig.ship is None or rig.ship.poll() is not None:
        rig.start_ship()


def test_the_setup_refuses_a_lock_that_is_longer_than_footage_may_be_kept(rig):
    done = set_up(rig, "--recorder", "arn:aws:iam:::user/ship", "--hours", "48", "--lock-days", "3")
    assert done.returncode == 1 and "longer than the 48" in done.stderr, done


def test_a_bucket_is_set_up_and_a_stolen_key_can_neither_read_list_delete_nor_hide(rig):
    done = set_up(rig, "--recorder", "arn:aws:iam:::user/ship", "--reader", "arn:aws:iam:::user/admin")
    assert done.returncode == 0, done.stdout + done.stderr
    done = set_up(rig, "--check", rig.path("store.key"))
    assert done.returncode == 0 and "BAD" not in done.stdout, done.stdout + done.stderr


def test_footage_is_there_as_it_is_while_it_is_recorded_and_afterwards(rig):
    file, number = wait_for(rig.open_segment, PATIENCE_S, "a segment is open")
    wait_for(lambda: len(rig.joined(number)[1]) > 32 * 32, PATIENCE_S, "pieces are in Ceph")
    assert rig.pieces_of(file, number) > 30
    rig.wait_shipped()


def test_one_disk_of_three_that_dies_costs_nothing(rig):
    ceph = CEPH[0]
    ceph.kill_disk(2)
    count = len(rig.closed())
    wait_for(lambda: len(rig.closed()) > count, PATIENCE_S, "another segment is closed")
    rig.wait_shipped()
    ceph.start_disk(2)
    ceph.wait(lambda: ceph.disks_up() == 3)


def test_two_disks_that_die_make_the_store_hang_and_everything_arrives_once_they_are_back(rig):
    ceph = CEPH[0]
    ceph.kill_disk(1)
    ceph.kill_disk(2)
    wait_for(lambda: "hangs" in rig.warnings(), 2 * PATIENCE_S, "/health says that the store hangs")
    assert rig.get("/camera_info").json()["recording"]["state"] == "recording"
    ceph.start_disk(1)
    ceph.start_disk(2)
    ceph.wait(lambda: ceph.disks_up() == 3)
    rig.wait_shipped()
    wait_for(rig.is_ok, PATIENCE_S, "/health is content again")


if __name__ == "__main__":
    if Ceph.missing():
        print(f"1..0 # SKIP not installed: {' '.join(Ceph.missing())}")
        sys.exit(0)
    with Ceph() as cluster:
        CEPH.append(cluster)
        bucket = Bucket(cluster)
        with ShippingRig(bucket, {"store": {"region": "us-east-1"}}) as recorder:
            admin_key = key_file(recorder, "admin.key", cluster.user("admin"))
            setup = load(SETUP, "setup")
            bucket.admin = setup.Store(type("Options", (), {"url": bucket.url, "region": "us-east-1", "ca_file": None}), admin_key)
            recorder.start()
            sys.exit(run_tests(globals(), recorder, before=usual))
