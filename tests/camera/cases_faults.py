"""Faults of the driver itself, injected into `second`: it keeps running and reports what is lost. `first` loses nothing meanwhile."""
import devices
from devices import Node, set_control
from station import PATIENCE_S
from support.times import wait_for

GAP_S = 0.5   # a gap in the timeline takes a second without a frame, so shorter stalls of the machine make none
LOST_S = 0.4  # `first` has one frame per second, and vivid skips frames for which it is half of that late
LATE_S = 0.1  # the same for `second`
FPS = 10      # of `second`


def node_of_second(station):
    return f"/dev/video{station.vivid[1]}"


def inject(station, name, value=1):
    set_control(node_of_second(station), name, value)


def begin(station):
    """The window of a case: `second` streams from its own camera, nothing can replace it, and `first` is watched."""
    if not station.spare:
        station.spare = Node(f"/dev/video{station.vivid[2]}")
        station.spare.claim()
    if not station.first_window:
        station.wait_streaming("first")
        devices.prefer_vivid(0)
        station.first_window = station.window("first")
    station.wait_info("second", lambda info: info["state"] == "streaming" and info["current_camera"] == station.vivid[1],
                      "streams from its own camera")
    return station.window("second")


def assert_no_gap(window):
    """The stream has not ended. Must be the last assertion of a case."""
    window.station.wait_recorded("second")
    assert window.was_opened() == 0, window.station.log("second.log")
    window.station.wait_well("second")
    window.holds_unless_starved(window.causes() == [], GAP_S, window.timeline())


def assert_gap(window, cause):
    """The stream has ended and begun again: one gap with that cause, then everything as before. Must be the last assertion of a case."""
    wait_for(window.was_opened, PATIENCE_S, "the camera is opened again")
    window.station.wait_recorded("second")
    wait_for(lambda: cause in window.causes(), PATIENCE_S, f"a gap: {cause}")
    window.station.wait_well("second")
    window.holds_unless_starved(window.causes() == [cause], GAP_S, window.timeline())


def test_frames_that_the_driver_flags_are_counted_and_nothing_stops(station):
    window = begin(station)
    for number in range(1, 4):
        inject(station, "inject_v4l2_buf_flag_error")
        wanted = window.before["damaged"] + number
        station.wait_info("second", lambda info, wanted=wanted: info["damaged"] == wanted, "a damaged frame")
    assert_no_gap(window)


def test_frames_that_the_driver_drops_are_counted_by_their_sequence(station):
    window = begin(station)
    inject(station, "percentage_of_dropped_buffers", 50)
    station.wait_info("second", lambda info: info["lost"] >= window.before["lost"] + 5, "lost frames")
    inject(station, "percentage_of_dropped_buffers", 0)
    assert_no_gap(window)


def test_half_filled_raw_pictures_are_recorded_as_they_are(station):
    """Their length is right, and the content of an uncompressed picture cannot be checked."""
    window = begin(station)
    inject(station, "fill_percentage_of_frame", 50)
    station.wait_more("second")
    inject(station, "fill_percentage_of_frame", 100)
    assert station.wait_more("second")["damaged"] == window.before["damaged"]
    assert_no_gap(window)


def test_a_buffer_that_cannot_be_queued_restarts_the_stream(station):
    window = begin(station)
    inject(station, "inject_vidioc_qbuf_error")
    assert_gap(window, "stalled")


def test_a_fatal_error_is_survived_though_buffers_and_stream_are_refused_at_first(station):
    window = begin(station)
    for name in ("inject_vidioc_reqbufs_error", "inject_vidioc_streamon_error", "inject_fatal_streaming_error"):
        inject(station, name)
    station.wait_info("second", lambda info: "VIDIOC_STREAMON failed" in info.get("last_error", ""), "both were met")
    assert "VIDIOC_REQBUFS failed" in station.log("second.log"), station.log("second.log")
    assert_gap(window, "unplugged")


def numbered(station):
    """How many frames of `second` have arrived or are lost."""
    info = station.wait_known("second")
    return info["frames"] + info["lost"]


def ahead(station):
    """How many more frames have arrived or are lost than the elapsed time allows. Answers are slightly out of date, so the highest
    number counts."""
    return max(numbered(station) - station.watch.now() * FPS for _ in range(20))


def test_counters_and_time_stamps_of_the_driver_may_wrap(station):
    """Both wrap within 16 s from the start of the stream.

    On a busy machine vivid leaves frames out, and its counter has them: frames and lost ones are as many as the time had.
    """
    window = begin(station)
    inject(station, "wrap_sequence_number")
    inject(station, "wrap_timestamp")
    try:
        inject(station, "inject_vidioc_qbuf_error")
        wait_for(window.was_opened, PATIENCE_S, "the camera is opened again")
        station.wait_more("second", 1)
        first, before = numbered(station), ahead(station)
        wait_for(lambda: numbered(station) >= first + 180, PATIENCE_S, "18 s of frames")
        after = ahead(station)
    finally:
        inject(station, "wrap_sequence_number", 0)
        inject(station, "wrap_timestamp", 0)
    assert window.was_opened() == 1, station.log("second.log")
    assert_gap(window, "stalled")
    window.holds_unless_starved(abs(after - before) <= 3, LATE_S, (before, after, station.info("second")))


def test_a_camera_that_comes_back_is_opened_again_with_its_controls(station):
    window = begin(station)
    with Node(node_of_second(station)) as node:
        node.set("brightness", 200)
        node.set("disconnect")
        wait_for(lambda: "not streaming" in " ".join(station.health("second")[1]["reasons"]), PATIENCE_S, "/health reports it")
        station.wait_info("second", lambda info: info["state"] == "waiting", "waits for it")
        assert station.health("second")[0] == 503
        station.wait_well("first")
    wait_for(window.was_opened, PATIENCE_S, "the camera is opened again")
    station.wait_streaming("second")
    assert devices.get_control(node_of_second(station), "brightness") == 77
    assert_gap(window, "unplugged")


def test_the_other_camera_lost_nothing_of_all_this(station):
    begin(station)
    window = station.first_window
    now = station.wait_recorded("first", 1)
    assert now["damaged"] == window.before["damaged"], now
    assert window.was_opened() == 0, station.log("first.log")
    wait_for(lambda: all_recorded(station, "first"), PATIENCE_S, "every frame is recorded")
    timeline, lost = window.timeline(), now["lost"] - window.before["lost"]
    window.holds_unless_starved(timeline["gaps"] == [] and len(timeline["spans"]) == 1, GAP_S, timeline)
    window.holds_unless_starved(lost == 0, LOST_S, f"{lost} frames are lost")


def all_recorded(station, name):
    """Whether every frame is recorded, except for the few in the encoder."""
    info = station.wait_known(name)
    return info["recording"]["thinned"] == 0 and info["frames"] - info["recording"]["frames"] <= 5


def test_cameras_that_come_back_under_other_numbers_are_found_by_their_links(station):
    """The cameras come back one after another, so `second` may use another one until its own is there."""
    window = begin(station)
    devices.unplug_vivid()
    station.spare.file.close()
    station.spare = None
    wait_for(lambda: station.health("first")[0] == 503 and station.health("second")[0] == 503, PATIENCE_S, "both are gone")
    station.wait_info("first", lambda info: info["available_cameras"] == [], "none is left")
    wait_for(lambda: devices.unload("vivid"), PATIENCE_S, "nobody still has a removed device open")
    station.vivid = [number + 4 for number in station.vivid]
    devices.link("path", "platform-vivid.000-video-index0", station.vivid[1])
    devices.load_vivid(station.vivid)
    station.wait_info("second", lambda info: info["state"] == "streaming" and info["current_camera"] == station.vivid[1],
                      "has its own camera again")
    assert devices.get_control(node_of_second(station), "brightness") == 77
    wait_for(window.causes, PATIENCE_S, "a gap")
    station.wait_info("first", lambda info: info["available_cameras"] == station.vivid, "the list is kept current")
    info = station.wait_streaming("first")
    assert info["current_camera"] in (station.vivid[0], station.vivid[2]), info
    causes = window.causes()
    window.holds_unless_starved(causes[0] == "unplugged", GAP_S, causes)
