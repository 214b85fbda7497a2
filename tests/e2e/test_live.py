#!/usr/bin/env python3
"""Live view: every viewer gets every frame, byte by byte as the camera sent it."""
import contextlib
import threading

from support.camera import jpeg_number
from support.rig import Rig
from support.tap import main
from support.times import PATIENCE_S, wait_for
from support.viewer import NUMBERS, Viewer, placed

VIEWERS = 4


def assert_all(numbers):
    """In order, each once, with the camera's own bytes. A busy machine may skip some, because the newest frame is sent."""
    assert None not in numbers, f"not the camera's bytes: {numbers}"
    assert numbers == sorted(set(numbers)), numbers
    following = sum(after == before + 1 for before, after in zip(numbers, numbers[1:]))
    assert following >= 0.9 * (len(numbers) - 1) - 1, numbers


def watch(rig, count, seconds_frames, path="/"):
    """The frame numbers that `count` simultaneous viewers saw."""
    seen = [None] * count

    def look(at):
        with placed(rig, path) as viewer:
            seen[at] = viewer.numbers(seconds_frames)
    threads = [threading.Thread(target=look, args=(at,)) for at in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def test_a_part_is_one_whole_jpeg_with_its_length(rig):
    with placed(rig) as viewer:
        assert viewer.status == 200 and viewer.headers["content-type"].startswith("multipart/x-mixed-replace")
        assert "no-store" in viewer.headers["cache-control"] or "no-cache" in viewer.headers["cache-control"]
        for _ in range(5):
            headers, jpeg = viewer.part()
            assert headers["content-type"] == "image/jpeg"
            assert jpeg[:2] == b"\xff\xd8" and jpeg[-2:] == b"\xff\xd9"


def test_stream_is_another_name_for_it(rig):
    with placed(rig, "/stream") as viewer:
        assert_all(viewer.numbers(10))


def test_two_viewers_both_get_every_frame(rig):
    for numbers in watch(rig, 2, 60):
        assert_all(numbers)


def test_fps_drops_frames_evenly(rig):
    with placed(rig, "/?fps=10") as viewer:
        viewer.numbers(2)
        numbers = viewer.numbers(31)
    assert numbers == sorted(set(numbers)), numbers
    apart = [after - before for before, after in zip(numbers, numbers[1:])]
    assert sum(2 <= one <= 4 for one in apart) >= 0.8 * len(apart), numbers


def accepted(rig, count):
    """That many viewers at once, or None if one of them is refused."""
    with contextlib.ExitStack() as stack:
        viewers = [stack.enter_context(Viewer(rig)) for _ in range(count)]
        if any(viewer.status != 200 for viewer in viewers):
            return None
        return stack.pop_all()


def test_one_viewer_too_many_gets_a_503(rig):
    with wait_for(lambda: accepted(rig, VIEWERS), PATIENCE_S, "viewers that have left are no longer counted"):
        with Viewer(rig) as extra:
            assert extra.status == 503 and "retry-after" in extra.headers, (extra.status, extra.headers)
        assert rig.get("/health").status == 200, "viewers never cost the API its answer"
    wait_for(lambda: accepted(rig, 1), PATIENCE_S, "viewers that have left are no longer counted").close()


def test_bad_rates_and_cameras_are_refused(rig):
    for query, status in (("fps=0", 400), ("fps=x", 400), ("fps=-1", 400), ("camera=other", 404)):
        assert rig.get("/?" + query).status == status, query


def test_other_methods_are_refused(rig):
    assert rig.get("/", "POST").status == 405
    wait_for(lambda: rig.get("/", "HEAD").status == 200, PATIENCE_S, "a viewer is accepted, and HEAD is answered")


def shows_newer(viewer, newest):
    """Whether the next picture was taken later than `newest`."""
    return (jpeg_number(NUMBERS, viewer.part()[1]) or 0) > newest


def test_a_viewer_stays_while_the_camera_is_away(rig):
    with placed(rig) as viewer:
        viewer.part()
        rig.camera.fault("unplugged")
        wait_for(lambda: rig.get("/health").status == 503, PATIENCE_S, "/health reports that the camera is gone")
        newest = rig.camera.newest().number
        rig.camera.fault("unplugged", 0)
        wait_for(lambda: shows_newer(viewer, newest), PATIENCE_S, "new pictures arrive")


def test_a_stopped_recorder_is_reported_and_a_new_one_is_shown(rig):
    rig.stop_recorderd()
    newest = rig.camera.newest().number
    with Viewer(rig) as viewer:
        assert viewer.status == 503, viewer.status
    rig.start_recorderd()
    with placed(rig) as viewer:
        wait_for(lambda: shows_newer(viewer, newest), PATIENCE_S, "pictures of the new recorder arrive")


if __name__ == "__main__":
    main(globals(), before=Rig.restore, settings={"http": {"max_viewers": VIEWERS}})
