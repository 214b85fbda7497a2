"""Which device is used: what is skipped, what replaces a camera that is in use, and its controls."""
from colours import BARS, wait_for_bars
from devices import CAP_VIDEO_CAPTURE, CAP_VIDEO_CAPTURE_MPLANE, Node, load_vivid
from station import PATIENCE_S
from support.times import wait_for


def test_auto_skips_output_and_metadata_nodes(station):
    station.start_recorder("first")
    station.wait_info("first", lambda info: info["state"] == "waiting" and info.get("last_error"), "waits for a camera")
    load_vivid(station.vivid)
    info = station.wait_streaming("first")
    assert (info["current_camera"], info["driver"]) == (station.vivid[0], "vivid"), info
    station.wait_info("first", lambda info: info["available_cameras"] == station.vivid, "knows which cameras there are")


def test_all_cameras_of_the_machine_are_listed_with_their_modes(station):
    def current():
        devices = {device["id"]: device for device in station.whole_info("first")["devices"]}
        in_use = [number for number, device in devices.items() if device["in_use"]]
        return devices if list(devices) == station.vivid and in_use == station.vivid[:1] else None
    listed = wait_for(current, PATIENCE_S, "all cameras are listed, and the one in use is marked")
    for number, device in listed.items():
        assert (device["path"], device["driver"]) == (f"/dev/video{number}", "vivid"), device["path"]
        assert device["bus"] and device["name"], device
        formats = {one["format"]: one["sizes"] for one in device["formats"]}
        assert {"YUYV", "NV12"} <= set(formats), list(formats)
        offered = {(size["width"], size["height"]): size["fps"] for size in formats["YUYV"]}
        assert {1, 5} <= set(offered[320, 180]), offered
    assert listed[station.vivid[1]]["links"] == ["/dev/v4l/by-path/platform-vivid.000-video-index0"], listed[station.vivid[1]]["links"]
    names = {control["name"]: control for control in station.whole_info("first")["controls"]}
    assert (names["brightness"]["min"], names["brightness"]["max"]) == (0, 255), names["brightness"]


def test_size_and_rate_are_as_requested_if_the_camera_has_them(station):
    info = station.wait_streaming("first")
    assert (info["resolution"], info["fps"]) == ({"width": 320, "height": 180}, 1), info


def test_multi_planar_yuyv_keeps_its_colours(station):
    with Node(f"/dev/video{station.vivid[0]}") as node:
        assert node.capabilities() & (CAP_VIDEO_CAPTURE | CAP_VIDEO_CAPTURE_MPLANE) == CAP_VIDEO_CAPTURE_MPLANE
    assert station.wait_streaming("first")["format"] == "YUYV"
    wait_for_bars(station, "first", BARS + [(0, 0, 0)])


def test_the_first_free_camera_replaces_one_that_is_in_use(station):
    """In the order of their numbers: the first is in use by the other recorder, the second by this test."""
    station.busy = Node(f"/dev/video{station.vivid[1]}")
    station.busy.claim()
    station.start_recorder("second")
    info = station.wait_streaming("second")
    assert info["current_camera"] == station.vivid[2], info
    assert "by-path" in info["configured"] and " instead" in info["fallback"], info
    assert "is in use by inside_camera" in station.log("second.log")
    wait_for(lambda: station.health("second")[1]["status"] == "warning", PATIENCE_S, "/health reports it")
    assert station.health("second")[0] == 200, station.health("second")


def test_the_configured_camera_is_taken_back_through_its_link_when_it_is_free(station):
    station.busy.file.close()
    info = station.wait_info("second", lambda info: info["current_camera"] == station.vivid[1] and info["state"] == "streaming",
                             "goes back to its own camera")
    assert not info["configured"], info
    station.wait_well("second")


def test_controls_are_set_when_a_camera_is_opened(station):
    with Node(f"/dev/video{station.vivid[1]}") as node:
        assert (node.get("brightness"), node.get("hue")) == (77, -20)
