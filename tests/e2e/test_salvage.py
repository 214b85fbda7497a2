#!/usr/bin/env python3
"""A power cut or a bad block damages the middle of a segment: whole frames are shown, and the rest is a gap."""
import contextlib
import os
import signal
import struct
import sys

from support.exact import difference
from support.faulty_rig import COUNT, FaultyRig
from support.tap import comment, run_tests, shared
from support.times import PATIENCE_S, US, time_us, wait_for

from clip_frames import clip_numbers

SETTINGS = {"record": {"segment_seconds": 3600}, "clips": {"cache": "no"}}
RECORD = struct.Struct("<qQIIII")
KEY, BLOCK = 1, 512


class Recorded:
    """The content of the open segment at a power cut."""

    def __init__(self, rig):
        rig.indexed()
        rig.stop_recorderd(signal.SIGKILL)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"/dev/shm/recorder.{rig.name}")  # a power cut loses the memory
        self.file = max(name for name in os.listdir(rig.recordings) if name.endswith(".mp4"))
        self.path = os.path.join(rig.recordings, self.file)
        self.index = self.path.replace(".mp4", ".idx")
        with open(self.index, "rb") as file:
            self.records = list(RECORD.iter_unpack(file.read()))[1:]
        frames = rig.camera.frames()
        self.numbers = [min(frames, key=lambda frame: abs(frame.wall_us - record[0])).number % COUNT for record in self.records]
        self.damaged = set()

    def whole_frames(self):
        """Indexes in self.records of the frames that can be decoded."""
        whole = []
        for number, record in enumerate(self.records):
            if number not in self.damaged and (record[4] & KEY or number - 1 in whole[-1:]):
                whole.append(number)
        return whole

    def damage(self, number, blocks, filled):
        """Overwrites some disk blocks from the middle of frame `number` on."""
        first = (self.records[number][1] + self.records[number][2] // 2) // BLOCK * BLOCK
        with open(self.path, "r+b") as file:
            file.seek(first)
            file.write(filled(blocks * BLOCK))
        before = self.records[0][1] - 200
        for at, record in enumerate(self.records):
            end = record[1] + record[2]
            if before < first + blocks * BLOCK and end > first:
                self.damaged.add(at)
            before = end


def record_for(rig, frames):
    rig.start()
    rig.new_frames(frames)
    return Recorded(rig)


def restart(rig):
    """Starts the recorder again, without the ring and after a gap."""
    rig.start_recorderd()
    wait_for(rig.is_healthy, PATIENCE_S, "the recorder is healthy again")


def old_bytes(recorded):
    """Old disk content: bytes from the beginning of this same segment."""
    def read(length):
        with open(recorded.path, "rb") as file:
            file.seek(2048)
            return file.read(length)
    return read


@shared
def damaged_in_the_middle(rig):
    recorded = record_for(rig, 240)
    keys = [number for number, record in enumerate(recorded.records) if record[4] & KEY]
    # Far enough from the next key frame for the hole to be longer than what spans may skip.
    for key, blocks, filled in ((keys[1], 3, bytes), (keys[3], 2, os.urandom), (keys[5], 4, old_bytes(recorded))):
        recorded.damage(key + 10, blocks, filled)
    os.truncate(recorded.index, 32 * (keys[1] + 5) + 7)
    comment(f"damaged: {sorted(recorded.damaged)} of {len(recorded.records)}")
    restart(rig)
    return recorded


def range_of(recorded):
    last = recorded.records[-1]
    return recorded.records[0][0] // US * US, last[0] + last[3]


def pieces(recorded):
    """(first, last) record of each run of consecutive frames that can be decoded."""
    rows = []
    for number in recorded.whole_frames():
        if rows and rows[-1][1] == number - 1:
            rows[-1][1] = number
        else:
            rows.append([number, number])
    return rows


def expected(recorded):
    return [recorded.numbers[number] for number in recorded.whole_frames()]


def test_a_clip_has_every_whole_frame_and_no_other(rig):
    recorded = damaged_in_the_middle(rig)
    answer = rig.footage(*range_of(recorded))
    assert answer.status == 200, answer.body
    shown = [number for _, number in rig.frames_of(answer.body)]
    assert shown == expected(recorded), difference(shown, expected(recorded))
    assert answer.headers["X-Clip-Spans"].count("/") == len(pieces(recorded)) > 2, answer.headers["X-Clip-Spans"]


def test_the_timeline_names_what_is_missing(rig):
    recorded = damaged_in_the_middle(rig)
    gaps = rig.timeline(*range_of(recorded))["gaps"]
    rows = pieces(recorded)
    wanted = []
    for (_, last), (first, _) in zip(rows, rows[1:]):
        wanted.append((recorded.records[last][0] + recorded.records[last][3], recorded.records[first][0]))
    assert [gap["cause"] for gap in gaps] == ["disk"] * len(wanted), gaps
    for gap, (from_us, to_us) in zip(gaps, wanted):
        assert abs(time_us(gap["from"]) - from_us) <= 1000 and abs(time_us(gap["to"]) - to_us) <= 1000, (gap, from_us, to_us)


def test_the_file_itself_plays_in_any_player(rig):
    recorded = damaged_in_the_middle(rig)
    assert clip_numbers(recorded.path) == expected(recorded)


def test_a_playlist_breaks_where_frames_are_missing(rig):
    recorded = damaged_in_the_middle(rig)
    from_us, to_us = range_of(recorded)
    text = rig.get(f"/playlist.m3u8?from={from_us / US:.6f}&to={to_us / US:.6f}").body.decode()
    assert text.count("#EXT-X-DISCONTINUITY") == len(pieces(recorded)) - 1, text
    with open(rig.path("list.m3u8"), "w", encoding="utf-8") as file:
        file.write(text.replace("recordings/", f"http://127.0.0.1:{rig.port}/recordings/"))
    shown = clip_numbers(rig.path("list.m3u8"), ["-protocol_whitelist", "file,http,tcp"])
    assert shown == expected(recorded), difference(shown, expected(recorded))


def test_the_index_is_rebuilt_from_the_segment_alone(rig):
    recorded = damaged_in_the_middle(rig)
    with open(recorded.index, "rb") as file:
        before = file.read()
    rig.stop_recorderd()
    os.unlink(recorded.index)
    restart(rig)
    with open(recorded.index, "rb") as file:
        assert file.read() == before


def test_a_damaged_beginning_is_repaired(rig):
    with FaultyRig(SETTINGS) as other:
        first = record_for(other, 60)
        restart(other)
        other.new_frames(60)
        recorded = Recorded(other)
        assert recorded.file != first.file
        with open(recorded.path, "r+b") as file:
            file.write(os.urandom(600))
        restart(other)
        from_us, to_us = range_of(recorded)
        from_us += US  # the second before may also have frames of the first file
        wanted = [number for number, record in zip(recorded.numbers, recorded.records) if record[0] >= from_us]
        shown = [number for _, number in other.clip(from_us, to_us)]
        assert len(shown) > 30 and shown == wanted, difference(shown, wanted)
        assert "the beginning was damaged and has been rebuilt" in other.log()


def test_what_cannot_be_repaired_is_set_aside_and_reported(rig):
    with FaultyRig(SETTINGS) as other:
        recorded = record_for(other, 60)
        with open(recorded.path, "r+b") as file:
            file.write(bytes(600))
        for name in os.listdir(other.recordings):
            if not name.endswith(".mp4"):
                os.unlink(os.path.join(other.recordings, name))
        size = os.path.getsize(recorded.path)
        restart(other)
        aside = os.path.join(other.recordings, "damaged_" + recorded.file)
        assert os.path.getsize(aside) == size
        wait_for(lambda: "could not be repaired" in other.warnings(), PATIENCE_S, "/health reports it")
        assert other.get("/health").status == 200
        assert recorded.file not in [one["file"] for one in other.segments()]
        other.stop_recorderd()
        other.write_ini({**SETTINGS, "retention": {"min_free_gb": 100000}})
        other.start_recorderd()
        wait_for(lambda: not os.path.exists(aside), PATIENCE_S, "retention deletes it")
        wait_for(lambda: "could not be repaired" not in other.warnings(), PATIENCE_S, "/health no longer reports it")


if __name__ == "__main__":
    with FaultyRig(SETTINGS) as made:
        status = run_tests(globals(), made)
    sys.exit(status)
