#!/usr/bin/env python3
"""Pictures, timelines, playlists and kept clips."""
import datetime
import os
import subprocess
import urllib.parse

from support.camera import jpeg_number, jpegs_by_hash
from support.exact import assert_numbers, frames_within
from support.tap import main
from support.times import PATIENCE_S, US, wait_for, wall_us
from test_http import OTHERS

NUMBERS = jpegs_by_hash()
CLIP_MINUTES = 1


def past(rig, seconds=3):
    """[from_us, to_us) of the first whole seconds, once they and two more are recorded."""
    wait_for(rig.camera.frames, PATIENCE_S, "the first frame")
    from_us = -(-rig.camera.frames()[0].wall_us // US) * US
    wait_for(lambda: rig.newest_indexed_us() > from_us + (seconds + 2) * US, seconds + PATIENCE_S, f"{seconds} s are recorded")
    return from_us, from_us + seconds * US


def test_a_snapshot_is_the_newest_frame_as_the_camera_sent_it(rig):
    newest = rig.camera.newest()
    rig.new_frames(1)  # after it, that one is in the memory
    answer = rig.get("/snapshot")
    assert answer.status == 200 and answer.headers["Content-Type"] == "image/jpeg" and answer.headers["X-Timestamp"]
    number = jpeg_number(NUMBERS, answer.body)
    assert number is not None and number >= newest.number, (number, newest.number)


def test_a_snapshot_of_an_instant_is_the_frame_of_that_instant(rig):
    from_us, _ = past(rig)
    at_us = from_us + 1234567
    number = jpeg_number(NUMBERS, rig.get(f"/snapshot?at={at_us / US:.6f}").body)
    near = [frame.number for frame in frames_within(rig.camera.frames(), at_us - 40000, at_us + 40000)]
    assert number in near, (number, near)


def picture_ahead(rig, query):
    """The picture for an instant that is still in the future when it arrives. None if there is none, or if the instant is past by then."""
    at_us = wall_us() + US // 2
    answer = rig.get(f"/snapshot?at={at_us / US:.6f}{query}")
    return answer if answer.status == 200 and wall_us() < at_us else None


def test_a_snapshot_that_a_later_frame_may_replace_is_not_stored(rig):
    from_us, _ = past(rig)
    assert "max-age" in rig.get(f"/snapshot?at={from_us / US:.6f}").headers["Cache-Control"]
    for width in ("", "&width=64"):
        ahead = wait_for(lambda query=width: picture_ahead(rig, query), PATIENCE_S, "there is a picture for an instant in the future")
        assert ahead.headers["Cache-Control"] == "no-store, no-transform", dict(ahead.headers)


def test_a_snapshot_can_be_made_narrower(rig):
    answer = rig.get("/snapshot?width=160")
    assert answer.status == 200 and answer.body[:2] == b"\xff\xd8"
    path = rig.path("small.jpg")
    with open(path, "wb") as file:
        file.write(answer.body)
    size = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=width,height", "-of", "csv=p=0", path],
                          capture_output=True, text=True, check=True).stdout.strip()
    assert size == "160,90", size


def test_a_snapshot_of_an_unrecorded_instant_is_refused(rig):
    assert rig.get("/snapshot?at=20200101_000000").status == 404
    assert rig.get("/snapshot?at=soon").status == 400
    assert rig.get("/snapshot?width=0").status == 400


def test_the_timeline_has_one_span_where_nothing_is_missing(rig):
    from_us, to_us = past(rig)
    line = rig.get(f"/timeline?from={from_us // US}&to={to_us // US}").json()
    assert len(line["spans"]) == 1 and line["gaps"] == [], line


def test_the_timeline_omits_the_time_before_the_first_recording(rig):
    from_us, to_us = past(rig)
    line = rig.get(f"/timeline?from={from_us // US - 100}&to={to_us // US}").json()
    assert len(line["spans"]) == 1, line


def test_a_playlist_plays_exactly_its_range(rig):
    from_us, to_us = past(rig)
    answer = rig.get(f"/playlist.m3u8?from={from_us // US}&to={to_us // US}")
    text = answer.body.decode()
    assert answer.status == 200 and "mpegurl" in answer.headers["Content-Type"].lower(), answer.headers
    for tag in ("#EXTM3U", "#EXT-X-MAP", "#EXT-X-BYTERANGE", "#EXT-X-PROGRAM-DATE-TIME", "#EXT-X-ENDLIST"):
        assert tag in text, (tag, text)
    url = f"http://127.0.0.1:{rig.port}/playlist.m3u8?from={from_us // US}&to={to_us // US}"
    path = rig.path("played.mkv")
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", url, "-c", "copy", path], check=True, stdin=subprocess.DEVNULL)
    with open(path, "rb") as file:
        assert_numbers([number for _, number in rig.frames_of(file.read())], rig.camera.frames(), from_us, to_us, 9000)


def test_a_playlist_that_continues_has_no_end(rig):
    past(rig)
    answer = rig.get(f"/playlist.m3u8?from=-3s&to={wall_us() // US + 60}")
    assert answer.status == 200 and b"#EXT-X-ENDLIST" not in answer.body


def test_a_playlist_that_grew_too_long_ends_there(rig):
    first_us, _ = past(rig, 6)
    asked = f"/playlist.m3u8?from={first_us // US + 5 - 60 * CLIP_MINUTES}"  # the longest range that is allowed ends 5 s after the first frame
    text = rig.get(asked).body.decode()
    assert text.rstrip().endswith("#EXT-X-ENDLIST") and text.count("#EXTINF") == 2, text
    lasts = sum(float(line[8:-1]) for line in text.splitlines() if line.startswith("#EXTINF:"))
    assert 4.9 < lasts < 6.1, text
    assert rig.get(f"{asked}&to={wall_us() // US + 3600}").body.decode() == text, "an end in the future changes nothing"
    grows = rig.get(f"/playlist.m3u8?from={wall_us() // US + 50 - 60 * CLIP_MINUTES}").body.decode()
    assert "#EXT-X-ENDLIST" not in grows, grows
    for ended in (f"{asked}&to={wall_us() // US - 1}", f"/playlist.m3u8?from=-{CLIP_MINUTES + 1}m"):
        answer = rig.get(ended)
        assert answer.status == 413 and "max_clip_minutes" in answer.detail, (ended, answer.status)


def test_a_kept_clip_is_the_clip(rig):
    from_us, to_us = past(rig)
    made = rig.get(f"/clips?from={from_us // US}&to={to_us // US}&name=door", "POST")
    assert made.status == 201, (made.status, made.body)
    path = urllib.parse.urljoin("/clips", made.headers["Location"])
    assert path.startswith("/clips/") and "door" in path, path
    kept = rig.get(path)
    assert kept.status == 200 and kept.body == rig.footage(from_us, to_us).body
    assert rig.get(path, headers={"Range": "bytes=10-19"}).body == kept.body[10:20]
    assert any(one["file"] == os.path.basename(path) for one in rig.get("/clips").json()), rig.get("/clips").body


def test_a_kept_clip_has_a_label_of_any_text(rig):
    from_us, to_us = past(rig)
    made = rig.get(f"/clips?from={from_us // US}&to={to_us // US}&name=labelled&label=T%C3%BCr%20vorne%3A%20%22Mom%27s%22", "POST")
    assert made.status == 201 and made.json()["label"] == 'Tür vorne: "Mom\'s"', (made.status, made.body)
    listed = {one["file"]: one["label"] for one in rig.get("/clips").json()}
    assert listed["labelled.mp4"] == 'Tür vorne: "Mom\'s"', listed
    kept, clip = rig.get("/clips/labelled.mp4"), rig.footage(from_us, to_us)
    assert "filename*=UTF-8''T%C3%BCr%20vorne" in kept.headers["Content-Disposition"], kept.headers.items()
    assert kept.body.startswith(clip.body) and rig.frames_of(kept.body) == rig.frames_of(clip.body), "it is the same clip"
    answer = rig.get(f"/clips?from={from_us // US}&to={to_us // US}&name=long&label={'x' * 200}", "POST")
    assert answer.status == 400 and "label=" in answer.detail, (answer.status, answer.body)


def test_a_kept_clip_says_when_it_was_filmed_and_gets_another_label(rig):
    from_us, to_us = past(rig)
    made = rig.get(f"/clips?from={from_us // US}&to={to_us // US}&name=renamed&label=door", "POST").json()
    first_us = frames_within(rig.camera.frames(), from_us, to_us)[0].wall_us
    assert datetime.datetime.fromisoformat(made["start"]).timestamp() == first_us // US, made
    assert abs(made["duration"] - (to_us - first_us) / US) < 0.1, made
    before = rig.get("/clips/renamed.mp4")
    for label in ("Tür, hinten links", "x", "", "the gate"):
        changed = rig.get(f"/clips/renamed.mp4?label={urllib.parse.quote(label)}", "PATCH")
        assert changed.status == 200 and changed.json() == {**made, "label": label or None, "size": changed.json()["size"]}, changed.body
        assert changed.json() in rig.get("/clips").json()
    after = rig.get("/clips/renamed.mp4", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status == 200 and rig.frames_of(after.body) == rig.frames_of(before.body), after.status
    for path, status in (("renamed.mp4", 400), ("renamed.mp4?label=" + "x" * 200, 400), ("renamed.mp4?name=x", 400), ("none.mp4?label=x", 404),
                         ("..%2Frecorder.ini?label=x", 404)):
        assert rig.get("/clips/" + path, "PATCH").status in (status, 400), path
    assert rig.get("/clips?label=x", "PATCH").status == 405


def test_a_label_in_another_encoding_is_refused(rig):
    """By lighttpd already."""
    from_us, to_us = past(rig)
    answer = rig.get(f"/clips?from={from_us // US}&to={to_us // US}&name=latin1&label=T%FCr", "POST")
    assert answer.status == 400, (answer.status, answer.body)


def test_parameters_in_the_body_are_refused_with_a_hint(rig):
    answer = rig.get("/clips", "POST", body=b"from=-5s&to=-1s&name=body")
    assert answer.status == 400 and "query string" in answer.detail, answer.body


def test_a_kept_clip_can_be_deleted_once(rig):
    from_us, to_us = past(rig)
    assert rig.get(f"/clips?from={from_us // US}&to={to_us // US}&name=once", "POST").status == 201
    name = "once.mp4"
    assert name in [one["file"] for one in rig.get("/clips").json()], rig.get("/clips").body
    assert rig.get("/clips/" + name, "DELETE").status in (200, 204)
    assert rig.get("/clips/" + name).status == 404
    assert rig.get("/clips/" + name, "DELETE").status == 404
    assert not [one for one in rig.get("/clips").json() if one["file"] == name]


def test_kept_clips_are_listed_newest_first(rig):
    from_us, to_us = past(rig)
    names = ["b-first", "c-second", "a-third"]
    for name in names:
        assert rig.get(f"/clips?from={from_us // US}&to={to_us // US}&name={name}", "POST").status == 201
    listed = [one["file"] for one in rig.get("/clips").json() if one["file"].removesuffix(".mp4") in names]
    assert listed == [name + ".mp4" for name in reversed(names)], listed


def test_names_that_leave_the_folder_are_refused(rig):
    from_us, to_us = past(rig)
    for name in ("../x", "%2e%2e%2fx", "a/b", "%00", ".hidden", "x" * 300):
        answer = rig.get(f"/clips?from={from_us // US}&to={to_us // US}&name={name}", "POST")
        assert answer.status == 400, (name, answer.status)
    for name in ("../recorder.ini", "..%2Frecorder.ini", "%2e%2e%2frecorder.ini"):
        assert rig.get("/clips/" + name, "DELETE").status in (400, 404), name
    assert os.path.exists(rig.ini)


def test_another_site_cannot_act_for_its_visitor(rig):
    from_us, to_us = past(rig)
    path = f"/clips?from={from_us // US}&to={to_us // US}&name=foreign"
    for headers in OTHERS:
        for method, what in (("POST", path), ("DELETE", "/clips/foreign.mp4"), ("PATCH", "/clips/foreign.mp4?label=x"),
                             ("POST", "/control?recording=on")):
            answer = rig.get(what, method, headers)
            assert answer.status == 403 and "another site" in answer.detail, (method, what, headers, answer.status)


if __name__ == "__main__":
    main(globals(), settings={"http": {"allow_control": "yes", "max_clip_minutes": CLIP_MINUTES}})
