#!/usr/bin/env python3
"""Live view: every viewer gets every frame, byte by byte as the camera sent it."""
import contextlib
import threading
import time

from support.camera import jpeg_number
from support.rig import Rig
from support.tap import main
from support.times import PATIENCE_S, wait_for
from support.viewer import NUMBERS, Viewer, placed

VIEWERS = 4


def watch_row(viewer, length, apart=(1,)):
    """
    Watches until `length` frames in a row are as far apart as they should be; all that is seen is in order, each once, with the camera's own
    bytes. A viewer that is late gets the newest frame, so that on a busy machine some are skipped before.
    """
    deadline, numbers, row = time.monotonic() + PATIENCE_S, viewer.numbers(1), 1
    while row < length:
        numbers += viewer.numbers(1)
        assert None not in numbers[-2:], f"not the camera's bytes: {numbers}"
        assert numbers[-1] > numbers[-2], numbers
        row = row + 1 if numbers[-1] - numbers[-2] in apart else 1
        assert time.monotonic() < deadline, f"no {length} frames in a row: {numbers}"


def watch(rig, count, length):
    """That many viewers at the same time; what each of them found wrong."""
    wrong = []

    def look():
        try:
            with placed(rig) as viewer:
                watch_row(viewer, length)
        except Exception as error:  # pylint: disable=broad-except
            wrong.append(error)
    threads = [threading.Thread(target=look) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


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
        watch_row(viewer, 10)


def test_two_viewers_both_get_every_frame(rig):
    assert not (wrong := watch(rig, 2, 30)), wrong


def test_fps_drops_frames_evenly(rig):
    with placed(rig, "/?fps=10") as viewer:
        viewer.numbers(2)
        watch_row(viewer, 15, (2, 3, 4))


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
