#!/usr/bin/env python3
"""Live video: every frame as it is recorded, in one stream that goes on whatever begins a new segment or run."""
import os
import re
import signal
import unittest.mock

from support import PROJECT, webserver
from support.live_video import LiveVideo, assert_follows, live_video, read_from
from support.rig import Rig
from support.tap import main
from support.times import PATIENCE_S, US, wait_for
from support.viewer import placed

VIEWERS = 3
TESTED = {"http": {"max_viewers": VIEWERS, "allow_control": "yes"}}


def assert_times_run_on(viewer):
    """mfhd and tfdt only grow."""
    for before, after in zip(viewer.fragments, viewer.fragments[1:]):
        assert after.sequence > before.sequence and after.time_us > before.time_us, (vars(before), vars(after))


def test_every_frame_comes_once_from_a_key_frame_on_with_its_time(rig):
    with live_video(rig) as viewer:
        assert viewer.headers["Content-Type"].startswith('video/mp4; codecs="avc1.'), viewer.headers
        assert viewer.headers["X-Live-Video"] == "all" and "no-store" in viewer.headers["Cache-Control"]
        assert viewer.read(100)
    numbers = viewer.numbers()
    assert len(numbers) == 100
    assert_follows(numbers)
    assert_times_run_on(viewer)
    taken = {frame.number % 9000: frame for frame in rig.camera.frames()}
    assert abs(viewer.start_us - taken[numbers[0]].wall_us) < 2000, "X-Clip-Start is when the first frame was captured"
    first = viewer.fragments[0]
    for fragment, number in zip(viewer.fragments, numbers):
        off_us = (taken[number].mono_us - taken[numbers[0]].mono_us) - (fragment.time_us - first.time_us)
        assert abs(off_us) < 2000, f"frame {number} is {off_us} us off"
        if fragment.captured_us is not None:
            assert abs(fragment.captured_us - taken[number].wall_us) < 2000, "prft says when the frame was captured"
    assert 3 <= sum(fragment.captured_us is not None for fragment in viewer.fragments) <= 5


def test_several_viewers_get_the_same_and_pictures_count_too(rig):
    with live_video(rig) as one, live_video(rig) as other, placed(rig) as pictures:
        with LiveVideo(rig) as extra:
            assert extra.status == 503 and "max_viewers" in extra.response.read().decode(), extra.status
        assert one.read(60) and other.read(60)
        assert pictures.part()
    for viewer in (one, other):
        assert_follows(viewer.numbers())


def test_key_frames_alone_last_until_the_next_one(rig):
    with live_video(rig, "/live.mp4?frames=key") as viewer:
        assert viewer.headers["X-Live-Video"] == "keyframes"
        assert viewer.read(3)
    assert -1 not in viewer.numbers()
    times = [fragment.time_us for fragment in viewer.fragments]
    assert all(abs(after - before - US) < US / 5 for before, after in zip(times, times[1:])), times


def test_a_new_segment_and_a_new_encoder_do_not_end_it(rig):
    with live_video(rig) as viewer:
        assert viewer.read(10)
        segments = len(rig.get("/recordings").json())
        os.kill(rig.children("ffmpeg")[0], signal.SIGKILL)
        wait_for(lambda: len(rig.get("/recordings").json()) > segments, PATIENCE_S, "another segment begins")
        read_from(viewer, rig.camera.newest().wall_us)
    numbers = viewer.numbers()
    assert_times_run_on(viewer)
    assert -1 not in numbers and numbers == sorted(set(numbers)), numbers


def test_a_restarted_recorder_goes_on_in_the_same_stream(rig):
    with live_video(rig) as viewer:
        assert viewer.read(10)
        rig.stop_recorderd(signal.SIGKILL)
        rig.start_recorderd()
        wait_for(rig.streaming, PATIENCE_S, "the recorder streams again")
        read_from(viewer, rig.camera.newest().wall_us)
    assert_times_run_on(viewer)
    assert -1 not in viewer.numbers()


def playlist_of(rig, query=""):
    answer = rig.get("/live.m3u8" + query)
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/vnd.apple.mpegurl", (answer.status, answer.body)
    return answer.body.decode()


def pieces_of(rig, text, pattern, pieces):
    """Fetches what a playlist lists and `pieces` does not have yet. On a busy machine a piece may be gone before."""
    for path in re.findall(pattern, text):
        if path not in pieces:
            answer = rig.get("/" + path)
            assert answer.status in (200, 404), (path, answer.status)
            if answer.status == 200:
                pieces[path] = answer.body


def test_low_latency_hls_has_every_frame_as_parts_and_as_segments(rig):
    text = playlist_of(rig)
    assert "CAN-BLOCK-RELOAD=YES" in text, text
    init = rig.get("/" + re.search(r'#EXT-X-MAP:URI="([^"]*)"', text)[1]).body
    parts, segments, hinted = {}, {}, {}

    def whole():
        """Segments of which all parts are there as well."""
        text = playlist_of(rig)
        hint = re.search(r'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="(live.mp4\?segment=(\d+)&part=(\d+))"', text)
        hinted[hint[1]] = rig.get("/" + hint[1]).body  # waits for it
        text = playlist_of(rig, f"?_HLS_msn={hint[2]}&_HLS_part={hint[3]}")
        pieces_of(rig, text, r'#EXT-X-PART:[^\n]*URI="([^"]*)"', parts)
        pieces_of(rig, text, r"\n(live\.mp4\?segment=\d+)\n", segments)
        assert all(float(one) <= 0.42 for one in re.findall(r"#EXT-X-PART:DURATION=([\d.]+)", text)), text
        joined = {path: b"".join(body for part, body in sorted(parts.items()) if part.startswith(path + "&")) for path in segments}
        return [path for path, media in segments.items() if joined[path] == media]

    wait_for(lambda: len(whole()) >= 3, PATIENCE_S, "three segments are the same as their parts")
    assert any(parts.get(path) == media for path, media in hinted.items()), "what was hinted at is not what is listed then"
    numbers = [[number for _, number in rig.frames_of(init + media)] for media in segments.values()]
    assert sum(map(len, numbers)) > 60, numbers
    for path, one in zip(segments, numbers):
        assert_follows(one)
        after = re.sub(r"\d+$", lambda number: str(int(number[0]) + 1), path)
        if after in segments:
            assert_follows([one[-1], numbers[list(segments).index(after)][0]])


def test_hls_of_what_is_gone_or_never_comes_is_refused(rig):
    newest = max(int(number) for number in re.findall(r"segment=(\d+)&", playlist_of(rig)))
    for path, status in (("/live.m3u8?_HLS_msn=999999", 400), ("/live.m3u8?_HLS_part=1", 400), ("/live.m3u8?_HLS_msn=x", 400),
                         ("/live.m3u8?fps=5", 400), ("/live.m3u8?camera=other", 404), ("/live.mp4?segment=0", 404),
                         ("/live.mp4?init=999", 404), (f"/live.mp4?segment={newest - 2}&part=99", 404), ("/live.mp4?part=1", 400),
                         ("/live.mp4?init=1&segment=2", 400), (f"/live.mp4?segment={newest + 50}", 404)):
        assert rig.get(path).status == status, path
    assert rig.get("/live.m3u8", "HEAD").status == 200
    assert "live.mp4?init=1&camera=" + rig.name in playlist_of(rig, "?camera=" + rig.name)


def test_without_recording_it_says_why_and_ends(rig):
    with live_video(rig) as viewer:
        assert rig.get("/control?recording=off", "POST").status == 200
        while viewer.read(1):
            pass
        answer = rig.get("/live.mp4")
        assert answer.status == 503 and "switched off" in answer.detail, answer.body
        assert rig.get("/live.mp4", "HEAD").status == 503
    rig.get("/control?recording=on", "POST")
    with live_video(rig) as viewer:
        assert viewer.read(1)
    rig.stop_recorderd()
    assert "not running" in rig.get("/live.mp4").detail


def test_a_configuration_without_the_line_is_told_which_one_is_missing(rig):
    """It sends the address to recorder-api, as one from before live video does."""
    example = webserver.Lighttpd.localized
    with unittest.mock.patch.object(webserver.Lighttpd, "localized", lambda self, text: example(self, text).replace(r"|live\.(mp4|m3u8)", "")):
        rig.stop_web()
        rig.start_web()
        wait_for(rig.streaming, PATIENCE_S, "the API answers")
        answer = rig.get("/live.mp4")
        with open(os.path.join(PROJECT, "lighttpd.conf.example"), encoding="utf-8") as lines:
            line, = [line.strip() for line in lines if "live\\.(mp4" in line]
        assert answer.status == 404 and line in answer.detail, answer.body
        assert rig.get("/live.m3u8").detail == answer.detail
    rig.stop_web()


def test_bad_queries_are_refused(rig):
    for query, status in (("frames=some", 400), ("fps=5", 400), ("camera=other", 404), ("frame=all", 400)):
        assert rig.get("/live.mp4?" + query).status == status, query
    assert rig.get("/live.mp4", "POST").status == 405
    wait_for(lambda: rig.get("/live.mp4", "HEAD").status == 200, PATIENCE_S, "there is live video")


if __name__ == "__main__":
    main(globals(), before=Rig.restore, settings=TESTED)
