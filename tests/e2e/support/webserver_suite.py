"""What a web server could break, tested through a real one: the HTTP contract, live view, hostile clients, users and TLS.

Most tests run behind lighttpd anyway, so they are repeated only behind the others, except those that concern the recorder
alone.
"""
import os
import shutil
import sys

import test_clips
import test_http
import test_live
import test_live_video
from support import cases_hostile, cases_limits, cases_login, cases_logged, cases_presets, cases_proxied, cases_ranges, cases_sites
from support import cases_viewers, webserver
from support.tap import comment, main

AS_BEHIND_LIGHTTPD = (
    test_http,
    test_clips.test_a_snapshot_is_the_newest_frame_as_the_camera_sent_it,
    test_clips.test_a_snapshot_can_be_made_narrower,
    test_clips.test_the_timeline_has_one_span_where_nothing_is_missing,
    test_clips.test_a_playlist_plays_exactly_its_range,
    test_clips.test_a_kept_clip_is_the_clip,
    test_clips.test_a_label_in_another_encoding_is_refused,
    test_clips.test_a_kept_clip_can_be_deleted_once,
    test_clips.test_names_that_leave_the_folder_are_refused,
    test_clips.test_another_site_cannot_act_for_its_visitor,
    test_live.test_a_part_is_one_whole_jpeg_with_its_length,
    test_live.test_two_viewers_both_get_every_frame,
    test_live.test_one_viewer_too_many_gets_a_503,
    test_live.test_bad_rates_and_cameras_are_refused,
    test_live.test_other_methods_are_refused,
    test_live_video.test_every_frame_comes_once_from_a_key_frame_on_with_its_time,
    test_live_video.test_bad_queries_are_refused,
    test_live_video.test_low_latency_hls_has_every_frame_as_parts_and_as_segments,
)
EVERYWHERE = (cases_ranges, cases_viewers, cases_presets, cases_hostile, cases_sites, cases_limits, cases_logged)
NOT_HERE = {test_http.test_control_is_refused_unless_the_configuration_allows_it}


def cases(sources):
    """The test functions of modules, and single ones."""
    found = {}
    for source in sources:
        own = [source] if callable(source) else [value for name, value in vars(source).items() if name.startswith("test_")]
        for case in own:
            if case.__module__ == getattr(source, "__name__", None) or callable(source):
                assert found.setdefault(case.__name__, case) is case, case.__name__
    return {name: case for name, case in found.items() if case not in NOT_HERE}


def run(server):
    if not webserver.SERVERS[server].installed():
        print(f"1..0 # SKIP {webserver.SERVERS[server].program} is not installed")
        sys.exit(0)
    os.environ["WEB_SERVER"] = server
    proxied = (cases_proxied,) if server == "nginx" else ()
    login = (cases_login,) if shutil.which("htpasswd") and shutil.which("openssl") else ()
    if not login:
        comment("Users and TLS are skipped: htpasswd (apache2-utils) or openssl is not installed.")
    main(cases((*(() if server == "lighttpd" else AS_BEHIND_LIGHTTPD), *EVERYWHERE, *proxied, *login)),
         settings={"http": {"max_viewers": test_live.VIEWERS, "allow_control": "yes", "allow_origin": cases_sites.LISTED,
                            "frame_ancestors": cases_sites.FRAMERS,
                            **cases_limits.LIMITS}})
