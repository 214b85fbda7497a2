#!/usr/bin/env python3
"""Footage in an object store: what recorder-ship puts there, and that it gets there through every fault of the store."""
import contextlib
import os
import re
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.certificate import certificate  # noqa: E402
from support.prepared import PreparedRig  # noqa: E402
from support.rig import program, sanitizer_of  # noqa: E402
from support.s3_server import S3Server  # noqa: E402
from support.ship import ShippingRig, until  # noqa: E402
from support.tap import Skipped, run_tests  # noqa: E402
from support.times import PATIENCE_S, wait_for  # noqa: E402

STORE = S3Server()
USUAL = {"store": {"url": STORE.url, "piece_seconds": 1}, "http": {"allow_control": "yes"}}


def usual(rig):
    """The store works again, and recorder-ship runs with the right key."""
    STORE.fail, STORE.clock_s, STORE.token = None, 0, None
    STORE.end_hanging()
    rig.write_key()
    if rig.ship is None or rig.ship.poll() is not None:
        rig.start_ship()


def open_in_store(rig, frames):
    """(file, number) of a segment that is open, once more of it than that is in pieces. One that ends before is in the store as a whole only."""
    def found():
        file, number = rig.open_segment()
        return len(rig.joined(number)[1]) > 32 * (1 + frames) and (file, number)
    return wait_for(found, PATIENCE_S, f"more than {frames} frames of an open segment are in the store")


def test_what_is_being_recorded_is_in_the_store_before_its_segment_is_closed(rig):
    file, number = open_in_store(rig, 30)
    assert rig.pieces_of(file, number) > 30, "a second of footage is in pieces"


def test_a_closed_segment_is_in_the_store_as_it_is_with_its_index_and_in_the_list_of_its_day(rig):
    rig.wait_shipped()
    number = min(rig.closed().values())
    names = [name for name in STORE.order if f"/{number:012}-" in name and "/segments/" in name]
    assert [name.rsplit(".", 1)[1] for name in names[:2]] == ["idx", "mp4"], names
    assert STORE.order.index(names[1]) < max(i for i, name in enumerate(STORE.order) if "/days/" in name), "the list goes last"
    assert not STORE.others, "it reads, lists or deletes nothing"


def test_a_fault_of_the_store_is_named_in_health_and_nothing_is_lost(rig):
    STORE.fail = "503"
    wait_for(lambda: "slow down" in rig.warnings(), PATIENCE_S, "/health names it")
    assert rig.get("/health").json()["status"] == "warning", "recording goes on"
    STORE.fail = None
    wait_for(rig.is_ok, PATIENCE_S, "/health is content again")
    info = rig.get("/camera_info").json()["store"]
    assert info["state"] == "shipping" and info["until"] and info["error"] is None, info
    for line in (r"^recorder_store_up\{.*\} 1$", r"^recorder_store_objects_total\{.*\} [1-9]"):
        wait_for(lambda wanted=line: re.search(wanted, rig.get("/metrics").body.decode(), re.M), PATIENCE_S, f"/metrics has {line}")


def test_answers_that_are_lost_late_or_half_leave_no_hole(rig):
    file, number = open_in_store(rig, 0)
    for failure in ("lost", "half", "early", "lost"):
        before = len(STORE.failed)
        STORE.fail = failure
        until(lambda count=before: len(STORE.failed) > count, STORE)
        STORE.fail = None
        seen = len(rig.joined(number)[1])
        until(lambda bytes_then=seen: len(rig.joined(number)[1]) > bytes_then or number in rig.closed().values(), STORE)
    assert rig.pieces_of(file, number) > 0
    rig.wait_shipped()


def test_a_clock_that_is_fifty_minutes_off_costs_one_refusal(rig):
    rig.wait_shipped()
    rig.stop_ship()
    STORE.refused.clear()
    STORE.clock_s = 50 * 60
    rig.start_ship()
    until(lambda: len([name for name in STORE.order if "/live/" in name]) > 0 and STORE.refused, STORE)
    count = len(STORE.order)
    until(lambda: len(STORE.order) > count + 1, STORE)
    assert {code for _, code in STORE.refused} == {"RequestTimeTooSkewed"} and len(STORE.refused) <= 2, STORE.refused
    rig.wait_shipped()


def test_a_changed_key_is_read_again_and_a_wrong_one_is_named(rig):
    for wrong, sentence in ((("somebody", "else"), "does not know this key"), ((STORE.key[0], "wrong"), "the secret or the region is wrong")):
        rig.write_key(wrong)
        wait_for(lambda text=sentence: text in rig.log("ship.log"), PATIENCE_S, f"the log says: {sentence}")
    os.chmod(rig.path("store.key"), 0o444)
    wait_for(lambda: "chmod 400" in rig.log("ship.log"), PATIENCE_S, "the log says that others can read the key")
    os.unlink(rig.path("store.key"))
    wait_for(lambda: re.search("cannot (open|read) .*store.key", rig.log("ship.log")), PATIENCE_S, "the log says that there is no key")
    STORE.token = "session/token=="
    rig.write_key(token=STORE.token)
    rig.wait_shipped()


def test_the_key_is_nowhere_but_in_its_file(rig):
    rig.wait_shipped()
    secret = STORE.key[1].encode()
    for name in ("cmdline", "environ"):
        with open(f"/proc/{rig.ship.pid}/{name}", "rb") as file:
            assert secret not in file.read()
    for name in os.listdir(rig.folder):
        if name.endswith(".log"):
            assert STORE.key[1] not in rig.log(name), name
    for name in os.listdir(rig.state):
        with open(os.path.join(rig.state, name), "rb") as file:
            assert secret not in file.read(), name
    assert os.stat(f"/proc/{rig.ship.pid}/mem").st_uid == 0, "not dumpable: its memory belongs to root"


def memory_with(process, wanted):
    """The flags (proc(5), VmFlags) of each mapping of the process in which these bytes are."""
    found = []
    with open(f"/proc/{process.pid}/smaps", encoding="ascii") as smaps, open(f"/proc/{process.pid}/mem", "rb", 0) as memory:
        for mapping in re.finditer(r"^([0-9a-f]+)-([0-9a-f]+) rw.*?^VmFlags: ([^\n]*)$", smaps.read(), re.M | re.S):
            begin, end = (int(mapping[number], 16) for number in (1, 2))
            memory.seek(begin)
            with contextlib.suppress(OSError):
                if wanted in memory.read(end - begin):
                    found.append(mapping[3].split())
    return found


def test_the_key_is_in_no_memory_but_what_is_left_out_of_core_dumps(_):
    if sanitizer_of(program("recorder-ship")):
        raise Skipped("a sanitizer's memory is too large to read")
    with S3Server() as store, PreparedRig(store) as rig:
        store.token = "session/token/of/some/length=="
        rig.write_key(token=store.token)
        rig.start_ship()
        until(rig.is_done, store)
        for words in (store.key[1], store.token):
            mappings = wait_for(lambda text=words.encode(): [found for found in [memory_with(rig.ship, text)] if all("dd" in flags for flags in found)],
                                PATIENCE_S, "no copy is left once the requests are over")
            assert mappings[0], "it is in memory at all"


def test_a_kept_clip_is_in_the_store_and_its_deletion_leaves_it_there_and_says_so(rig):
    with open(os.path.join(rig.clips, "burglar.mp4"), "wb") as clip:
        clip.write(b"a clip" * 1000)
    rig.restart_ship()  # which looks for clips at once, and every five seconds afterwards
    until(lambda: any(body == b"a clip" * 1000 for body in STORE.named("clips").values()), STORE)
    answer = rig.get("/clips/burglar.mp4", "DELETE")
    assert answer.status == 200 and "copy stays there until" in answer.json()["store"], answer.body
    assert [name for name in STORE.named("clips") if name.endswith("-burglar.mp4")]


def large_clip(rig, name):
    """A clip of five parts."""
    content = os.urandom(1 << 20) * 65 + b"rest"
    with open(os.path.join(rig.clips, name), "wb") as clip:
        clip.write(content)
    return content


def test_a_large_object_goes_in_parts_of_which_each_that_arrives_is_kept(rig):
    rig.wait_shipped()
    failing = ["500", "lost", "inside", "half"]
    asked = []

    def fail(name):
        """The second part fails, and completing the upload, which is answered with status 200 and an error in it."""
        if "?" in name:
            asked.append(name.split("?")[1].split("&")[0].split("=2~")[0])
        complete = "?uploadId" in name
        return failing.pop(0) if failing and (complete if failing[0] == "inside" else "partNumber=2&" in name) else None

    os.makedirs(rig.clips, exist_ok=True)
    content = large_clip(rig, "large.mp4")
    STORE.fail = fail
    rig.restart_ship()
    until(lambda: any(len(body) > 1 << 26 for body in STORE.named("clips").values()), STORE)
    assert [body for name, body in STORE.named("clips").items() if name.endswith("-large.mp4")] == [content]
    assert asked.count("partNumber=1") == 1 and asked.count("partNumber=2") == 3 and asked.count("uploads=") == 1, asked
    assert not STORE.uploads, "the upload is complete"


def test_an_upload_in_parts_that_the_store_forgets_begins_again(rig):
    os.makedirs(rig.clips, exist_ok=True)
    content = large_clip(rig, "forgotten.mp4")

    def forget(name):
        if "partNumber=3" in name:
            STORE.fail = None
            STORE.uploads.clear()
    STORE.fail = forget
    rig.restart_ship()
    until(lambda: content in STORE.named("clips").values(), STORE)
    assert ("NoSuchUpload" in {code for _, code in STORE.refused}) and rig.ship.poll() is None


def test_a_shipper_that_is_killed_at_any_request_loses_nothing_and_writes_no_name_twice_differently(rig):
    written = {}

    def kill_at(count):
        def fail(name):
            if STORE.requests >= count:
                rig.ship.send_signal(signal.SIGKILL)
            return "lost" if STORE.requests % 2 else None
        return fail

    for number in range(4):
        written.update(STORE.objects)
        STORE.fail = kill_at(STORE.requests + number % 4)
        assert rig.ship.wait(PATIENCE_S) == -signal.SIGKILL
        STORE.fail = None
        rig.stop_ship()
        rig.start_ship()
        changed = [name for name, body in written.items() if STORE.objects[name] != body and "/days/" not in name]
        assert not changed, changed
    file, number = wait_for(rig.open_segment, PATIENCE_S, "a segment is open")
    until(lambda: len(rig.joined(number)[1]) > 20 * 32 or number in rig.closed().values(), STORE)
    rig.pieces_of(file, number)
    rig.wait_shipped()
    assert sorted(set(rig.listed())) == rig.listed(), "no segment is listed twice"


def test_whole_segments_are_put_at_max_mbit(rig):
    rig.wait_shipped()
    rig.stop_ship()
    os.unlink(os.path.join(rig.state, "shipped.bin"))
    first = min(name for name in rig.named("segments") if name.endswith(".mp4"))  # which is put before the others
    megabits = len(STORE.objects[first]) * 8 / 1e6
    rig.write_ini({"store": {"url": STORE.url, "piece_seconds": 1, "max_mbit": megabits / 2}})
    versions = STORE.versions[first]
    rig.start_ship()
    until(lambda: STORE.versions[first] > versions, STORE)
    rig.stop_ship()
    rig.write_ini(USUAL)
    rate = megabits / STORE.took_s[first]
    assert rate < megabits, f"{rate} Mbit/s where {megabits / 2} are allowed"  # what is on its way at the beginning counts, too


def test_a_folder_from_another_machine_gets_names_of_its_own_under_one_camera_name(rig):
    """As for two recorders with one camera name, of which one has a copy of the other's folders."""
    rig.wait_shipped()
    rig.stop_ship()
    rig.stop_recorderd()
    first, versions, segments = rig.archive(), dict(STORE.versions), len(rig.closed())
    with open(os.path.join(rig.recordings, "archive.id"), "w", encoding="ascii") as file:
        file.write(f"{first} {'f' * 64}\n")
    rig.start_recorderd()
    wait_for(lambda: rig.archive() != first, PATIENCE_S, "recorderd draws another id")
    rig.start_ship()
    rig.wait_shipped()
    assert len(rig.closed()) >= segments and len(rig.listed()) >= segments, "what was copied is under the new names as well"
    again = [name for name in versions if STORE.versions[name] != versions[name]]
    assert not again, f"the other recorder's objects were overwritten: {again}"


def tls_says(rig, context, settings, sentence):
    """Runs a recorder-ship of its own against a store with that certificate until its log has the sentence."""
    with S3Server(context) as store:
        rig.stop_ship()
        store.key = STORE.key
        rig.write_ini({"store": {"url": store.url, "piece_seconds": 1, **settings}})
        os.truncate(rig.path("ship.log"), 0)
        rig.start_ship()
        wait_for(lambda: re.search(sentence, rig.log("ship.log")) or (sentence == "" and store.objects), PATIENCE_S, f"the log has: {sentence}")
        assert sentence == "" or not store.objects
    rig.stop_ship()
    rig.write_ini(USUAL)


def test_only_a_valid_certificate_for_the_store_s_name_is_accepted(rig):
    good, ca_file = certificate(rig.path, "good", "IP:127.0.0.1")
    other, other_ca = certificate(rig.path, "other", "DNS:other.example")
    old, old_ca = certificate(rig.path, "old", "IP:127.0.0.1", days=-1)
    tls_says(rig, good, {}, "certificate is refused: .*self.signed")
    tls_says(rig, other, {"ca_file": other_ca}, "certificate is refused: .*127.0.0.1")
    tls_says(rig, old, {"ca_file": old_ca}, "certificate is refused: .*expired")
    tls_says(rig, good, {"ca_file": ca_file}, "")


if __name__ == "__main__":
    with STORE, ShippingRig(STORE, USUAL) as recorder:
        recorder.start()
        sys.exit(run_tests(globals(), recorder, before=usual))
