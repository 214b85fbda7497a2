"""Faults of the driver itself, injected into `second`: it runs on and says what is lost. `first` loses nothing meanwhile."""
import devices
from devices import Node, set_control
from rig import US, wait_for, wall_us

PATIENCE_S = 60


def node_of_second(station):
    return f"/dev/video{station.vivid[1]}"


def inject(station, name, value=1):
    set_control(node_of_second(station), name, value)


def assert_well(station):
    station.wait_well("second")


def times_opened(station, name="second"):
    return station.log(f"{name}.log").count("asked for")


def assert_no_gap(station, opened, since_us):
    """The stream did not end."""
    station.wait_more("second")
    assert times_opened(station) == opened, station.log("second.log")
    assert station.causes("second", since_us) == [] or station.starved_since(since_us), station.timeline("second", since_us)
    assert_well(station)


def assert_gap(station, opened, since_us, cause):
    """The stream ended and began again: one gap with that cause, then everything as before."""
    wait_for(lambda: times_opened(station) > opened, PATIENCE_S, "opened again")
    station.wait_more("second")
    wait_for(lambda: station.causes("second", since_us), PATIENCE_S, "a gap")
    causes = station.causes("second", since_us)
    assert causes == [cause] or (cause in causes and station.starved_since(since_us)), station.timeline("second", since_us)
    assert_well(station)


def test_frames_that_the_driver_flags_are_counted_and_nothing_stops(station):
    station.spare = Node(f"/dev/video{station.vivid[2]}")
    station.spare.claim()  # nothing may stand in
    station.first_before, station.first_before_us = station.wait_more("first", 1), wall_us()
    damaged, opened, since_us = station.wait_streaming("second")["damaged"], times_opened(station), wall_us()
    for number in range(1, 4):
        inject(station, "inject_v4l2_buf_flag_error")
        station.wait_info("second", lambda info, wanted=damaged + number: info["damaged"] == wanted, "a damaged frame")
    assert_no_gap(station, opened, since_us)


def test_frames_that_the_driver_drops_are_counted_by_their_sequence(station):
    lost, opened, since_us = station.wait_streaming("second")["lost"], times_opened(station), wall_us()
    inject(station, "percentage_of_dropped_buffers", 50)
    station.wait_info("second", lambda info: info["lost"] >= lost + 5, "lost frames")
    inject(station, "percentage_of_dropped_buffers", 0)
    assert_no_gap(station, opened, since_us)


def test_pictures_that_the_driver_fills_by_half_are_recorded_as_they_are(station):
    """Their length is right, and what is in an uncompressed picture is nobody's to judge."""
    damaged, opened, since_us = station.wait_streaming("second")["damaged"], times_opened(station), wall_us()
    inject(station, "fill_percentage_of_frame", 50)
    station.wait_more("second")
    inject(station, "fill_percentage_of_frame", 100)
    assert_no_gap(station, opened, since_us)
    assert station.wait_streaming("second")["damaged"] == damaged


def test_a_buffer_that_cannot_be_given_back_ends_the_stream_and_begins_another(station):
    opened, since_us = times_opened(station), wall_us()
    inject(station, "inject_vidioc_qbuf_error")
    assert_gap(station, opened, since_us, "stalled")


def test_a_fatal_error_is_survived_though_buffers_and_stream_are_refused_at_first(station):
    opened, since_us = times_opened(station), wall_us()
    for name in ("wrap_sequence_number", "wrap_timestamp", "inject_vidioc_reqbufs_error", "inject_vidioc_streamon_error",
                 "inject_fatal_streaming_error"):
        inject(station, name)
    station.wait_info("second", lambda info: "does not start to stream" in info["last_error"], "both were met")
    assert "gives no buffers" in station.log("second.log"), station.log("second.log")
    assert_gap(station, opened, since_us, "unplugged")


def numbered(station):
    """(wall time before, frames of `second` that have come or are lost, wall time after)."""
    asked_us, info = wall_us(), station.info("second")
    return asked_us, info["frames"] + info["lost"], wall_us()


def test_counters_and_time_stamps_of_the_driver_may_wrap(station):
    """Both wrap within 16 s from the start of the stream, which the test before has begun.

    On a busy machine vivid leaves frames out, and its counter has them: frames and lost ones are as many as the time had.
    """
    station.wait_streaming("second")
    opened, since_us = times_opened(station), wall_us()
    earlier, first, started_us = numbered(station)
    station.wait_more("second", 180)
    asked_us, last, later = numbered(station)
    least, most = (asked_us - started_us) * 10 / US - 3, (later - earlier) * 10 / US + 3
    assert least <= last - first <= most, (least, last - first, most, station.info("second"))
    assert_no_gap(station, opened, since_us)
    inject(station, "wrap_sequence_number", 0)
    inject(station, "wrap_timestamp", 0)


def test_a_camera_that_is_gone_and_comes_back_is_taken_again_with_its_controls(station):
    opened, since_us = times_opened(station), wall_us()
    with Node(node_of_second(station)) as node:
        node.set("brightness", 200)
        node.set("disconnect")
        wait_for(lambda: "not streaming" in " ".join(station.health("second")[1]["reasons"]), PATIENCE_S, "health says so")
        assert station.health("second")[0] == 503
        assert station.info("second")["state"] == "waiting", station.info("second")
        assert station.health("first")[0] == 200, station.health("first")
    assert_gap(station, opened, since_us, "unplugged")
    assert devices.get_control(node_of_second(station), "brightness") == 77


def test_of_all_this_the_other_camera_lost_nothing(station):
    before, now = station.first_before, station.wait_more("first", 1)
    assert now["damaged"] == before["damaged"], now
    if not station.starved_since(station.first_before_us):
        assert times_opened(station, "first") == 1, station.log("first.log")
        assert now["lost"] == before["lost"], now
        timeline = station.timeline("first", station.first_before_us)
        assert timeline["gaps"] == [] and len(timeline["spans"]) == 1, timeline
    wait_for(lambda: all_recorded(station, "first"), PATIENCE_S, "each frame is recorded")


def all_recorded(station, name):
    """Frames that are in the encoder are not, yet: up to a few."""
    info = station.info(name)
    return info["recording"]["thinned"] == 0 and info["frames"] - info["recording"]["frames"] <= 5


def test_cameras_that_come_back_under_other_numbers_are_found_by_their_links(station):
    """Until its own is there, `second` may take another one that is: they come one after another."""
    since_us = wall_us()
    devices.unplug_vivid()
    station.spare.file.close()
    wait_for(lambda: station.health("first")[0] == 503 and station.health("second")[0] == 503, PATIENCE_S, "both are gone")
    station.wait_info("first", lambda info: info["available_cameras"] == [], "none is left")
    wait_for(lambda: devices.unload("vivid"), PATIENCE_S, "nobody holds on to what is gone")
    station.vivid = [number + 4 for number in station.vivid]
    devices.link("path", "platform-vivid.000-video-index0", station.vivid[1])
    devices.load_vivid(station.vivid)
    station.wait_info("second", lambda info: info["state"] == "streaming" and info["current_camera"] == station.vivid[1],
                      "has its own camera again")
    assert devices.get_control(node_of_second(station), "brightness") == 77
    wait_for(lambda: station.causes("second", since_us)[:1] == ["unplugged"], PATIENCE_S, "a gap")
    station.wait_info("first", lambda info: info["available_cameras"] == station.vivid, "the list is kept current")
    info = station.wait_streaming("first")
    assert info["current_camera"] in (station.vivid[0], station.vivid[2]), info
