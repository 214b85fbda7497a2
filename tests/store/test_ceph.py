#!/usr/bin/env python3
"""recorder-ship against a real Ceph: a bucket as docs/offsite.md describes it, a stolen key, and disks that die."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
sys.path.insert(0, HERE)
from bucket import SETUP, Bucket  # noqa: E402
from ceph import Ceph  # noqa: E402
from life import Load, keep_a_large_clip, open_segment_is_there, ship_with_a_wrong_clock  # noqa: E402
from support.faulty_rig import FaultyRig  # noqa: E402
from support.ship import ShippingRig  # noqa: E402
from support.tap import run_tests  # noqa: E402
from support.times import PATIENCE_S, wait_for  # noqa: E402

CEPH, OTHERS = [], []  # the cluster, and a bucket of others
SETTINGS = {"store": {"region": "us-east-1"}, "retention": {"hours": 72, "min_free_gb": 0}}


class CephRig(ShippingRig, FaultyRig):
    """Its programs have a clock of their own."""


def key_file(rig, name, key):
    path = rig.path(name)
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(key) + "\n")
    os.chmod(path, 0o400)
    return path


def set_up(rig, *arguments):
    return subprocess.run([SETUP, "--url", rig.store.url, "--admin", rig.path("admin.key"), "--camera", rig.name, *arguments],
                          capture_output=True, text=True, timeout=120, check=False)


def set_up_as_usual(rig):
    done = set_up(rig, "--recorder", "arn:aws:iam:::user/ship", "--reader", "arn:aws:iam:::user/admin")
    assert done.returncode == 0, done.stdout + done.stderr


def usual(rig):
    rig.clock.set_offset(0)
    rig.write_key()
    for number in range(3):
        if f"osd.{number}" not in CEPH[0].running:
            CEPH[0].start_disk(number)
    CEPH[0].wait(lambda: CEPH[0].disks_up() == 3)
    if rig.ship is None or rig.ship.poll() is not None:
        rig.start_ship()


def test_the_setup_refuses_a_lock_that_is_longer_than_footage_may_be_kept(rig):
    done = set_up(rig, "--recorder", "arn:aws:iam:::user/ship", "--hours", "48", "--lock-days", "3")
    assert done.returncode == 1 and "longer than the 48" in done.stderr, done


def test_a_bucket_is_set_up_and_a_stolen_key_can_neither_read_list_delete_nor_hide(rig):
    set_up_as_usual(rig)
    done = set_up(rig, "--check", rig.path("store.key"))
    assert done.returncode == 0 and "BAD" not in done.stdout, done.stdout + done.stderr


def test_footage_is_there_as_it_is_while_it_is_recorded_and_afterwards(rig):
    open_segment_is_there(rig)
    rig.wait_shipped()


def test_a_kept_clip_of_many_parts_is_there_as_it_is_with_a_key_that_may_only_put(rig):
    keep_a_large_clip(rig)


def test_a_wrong_clock_costs_nothing(rig):
    ship_with_a_wrong_clock(rig)


def test_a_key_that_is_replaced_is_named_and_the_new_one_is_used_at_once(rig):
    old, new = rig.store.key, ("newkey", "newsecretnewsecretnew")
    CEPH[0].run("radosgw-admin", "key", "create", "--uid=ship", "--key-type=s3", f"--access-key={new[0]}", f"--secret={new[1]}")
    CEPH[0].run("radosgw-admin", "key", "rm", "--uid=ship", "--key-type=s3", f"--access-key={old[0]}")
    wait_for(lambda: "does not know this key" in rig.warnings(), PATIENCE_S, "/health names the old key")
    rig.store.key = new
    rig.write_key()
    wait_for(rig.is_ok, PATIENCE_S, "/health is content again")
    rig.wait_shipped()


def test_a_bucket_that_is_denied_is_named_and_everything_arrives_once_it_is_allowed(rig):
    assert rig.store.admin.request("DELETE", query="policy=")[0] in (200, 204), "the policy is gone"
    wait_for(lambda: "may not put" in rig.warnings(), PATIENCE_S, "/health names it")
    set_up_as_usual(rig)
    rig.wait_shipped()
    wait_for(rig.is_ok, PATIENCE_S, "/health is content again")


def quota(rig, objects):
    CEPH[0].run("radosgw-admin", "quota", "set", "--quota-scope=bucket", "--uid=admin", f"--max-objects={objects}")
    CEPH[0].run("radosgw-admin", "quota", "enable" if objects > 0 else "disable", "--quota-scope=bucket", "--uid=admin")


def test_a_full_quota_is_named_and_everything_arrives_once_there_is_space(rig):
    rig.wait_shipped()
    quota(rig, 1)
    wait_for(lambda: "is full" in rig.warnings(), PATIENCE_S, "/health names it")
    assert rig.get("/camera_info").json()["recording"]["state"] == "recording"
    quota(rig, -1)
    rig.wait_shipped()
    wait_for(rig.is_ok, PATIENCE_S, "/health is content again")


def test_one_disk_of_three_that_dies_under_load_costs_nothing(rig):
    with Load(OTHERS[0]):
        CEPH[0].kill_disk(2)
        count = len(rig.closed())
        wait_for(lambda: len(rig.closed()) > count, PATIENCE_S, "another segment is closed")
        rig.wait_shipped()


def test_two_disks_that_die_under_load_make_the_store_hang_and_everything_arrives_once_they_are_back(rig):
    with Load(OTHERS[0]):
        CEPH[0].kill_disk(1)
        CEPH[0].kill_disk(2)
        wait_for(lambda: "hangs" in rig.warnings(), 2 * PATIENCE_S, "/health says that the store hangs")
        assert rig.get("/camera_info").json()["recording"]["state"] == "recording"
        usual(rig)
        rig.wait_shipped()
        wait_for(rig.is_ok, PATIENCE_S, "/health is content again")
    assert rig.get("/camera_info").json()["recording"]["thinned"] == 0, "no frame is lost"


if __name__ == "__main__":
    if Ceph.missing():
        print(f"1..0 # SKIP not installed: {' '.join(Ceph.missing())}")
        sys.exit(0)
    with Ceph() as cluster:
        CEPH.append(cluster)
        admin_key = cluster.user("admin")
        bucket = Bucket(cluster.url, cluster.user("ship"), admin_key)
        others = Bucket(cluster.url.replace("footage", "others"), admin_key, admin_key).admin
        assert others.request("PUT")[0] == 200, "a bucket is made"
        OTHERS.append(others)
        with CephRig(bucket, SETTINGS) as recorder:
            key_file(recorder, "admin.key", admin_key)
            recorder.start()
            sys.exit(run_tests(globals(), recorder, before=usual))
