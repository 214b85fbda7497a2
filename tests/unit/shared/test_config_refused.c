/* test_config_refused.c - mistakes in recorder.ini are refused with a helpful message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/support/ini_files.h"

static void a_device_path_that_does_not_fit_is_refused(void **state)
{
	char text[CONFIG_DEVICE_BYTES + 100] = "[camera]\ndevice = /";

	(void)state;
	memset(text + strlen(text), 'x', CONFIG_DEVICE_BYTES);
	ini_refused(text, "device", "auto");
}

static void recordings_and_clips_in_one_folder_are_refused(void **state)
{
	(void)state;
	ini_refused("[record]\ndirectory = clips/\n", "[clips]", "two folders");
}

static void a_store_without_tls_elsewhere_or_in_a_folder_of_recordings_is_refused(void **state)
{
	(void)state;
	ini_refused("[store]\nurl = http://s3.example.org/footage\n", "url", "https://HOST/BUCKET");
	ini_refused("[store]\nurl = https://s3.example.org\n", "url", "https://HOST/BUCKET");
	ini_refused("[store]\ndirectory = recordings\n", "[store] directory", "another one");
	ini_refused("[store]\ndirectory = clips\n", "[store] directory", "another one");
	ini_refused("[store]\nread_url = s3://footage\n", "read_url", "https://HOST/BUCKET");
	ini_refused("[store]\nread_url = https://a.example/footage\ncache = recordings\n", "cache", "one of its own");
	ini_refused("[record]\ndirectory = /a/door\n[store]\nread_url = https://a.example/footage\ncache = /a\n",
		    "/a/door", "one of its own");
	assert_string_equal(ini_loaded("[record]\ndirectory = /a/door\n[store]\n"
				       "read_url = https://a.example/footage\ncache = /a/do\n")
				    .store.cache,
			    "/a/do");
	ini_refused(
		"[store]\nread_url = https://a.example/footage\n"
		"cache = "
		"/12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345\n",
		"cache", "at most 94 bytes");
	assert_string_equal(ini_loaded("[store]\nurl = https://s3.example.org/footage\n").store.url,
			    "https://s3.example.org/footage");
	assert_string_equal(ini_loaded("[store]\nca_file =\n").store.ca_file, "");
}

static void a_camera_name_is_safe_in_urls_and_file_names(void **state)
{
	static const char *const wrong[] = {"Front",    "a b", "a/b",  "..", "a.b",
					    "\xc3\xa4", "-a",  "\"\"", "",   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[128];
		snprintf(text, sizeof(text), "[camera]\nname = %s\n", wrong[i]);
		ini_refused(text, "[camera] name", "a-z 0-9 _ -");
	}
	assert_int_equal(strlen(ini_loaded("[camera]\nname = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n").camera.name), 31);
}

static void numbers_out_of_range_are_refused_with_the_range(void **state)
{
	static const struct {
		const char *section, *key, *low, *high, *right;
	} keys[] = {
		{"camera", "width", "15", "8193", "from 16 to 8192"},
		{"camera", "height", "15", "8193", "from 16 to 8192"},
		{"camera", "fps", "0", "241", "from 1 to 240"},
		{"record", "segment_seconds", "9", "86401", "from 10 to 86400"},
		{"record", "sync_seconds", "0", "601", "from 1 to 600"},
		{"record", "quality", "-1", "52", "from 1 to 51"},
		{"retention", "hours", "-0.5", "1000000.1", "from 0 to 1000000"},
		{"retention", "max_gb", "-1", "1e3", "from 0 to 1000000"},
		{"retention", "min_free_gb", "nan", "inf", "from 0 to 1000000"},
		{"retention", "motion_hours", "-1", "1000001", "from 0 to 1000000"},
		{"motion", "fps", "0", "11", "from 1 to 10"},
		{"motion", "days", "-0.1", "100001", "from 0 to 100000"},
		{"store", "piece_seconds", "-1", "61", "from 0 to 60"},
		{"store", "max_mbit", "-1", "100001", "from 0 to 100000"},
		{"store", "wait_hours", "-1", "1000001", "from 0 to 1000000"},
		{"memory", "minutes", "0.09", "1440.1", "from 0.1 to 1440"},
		{"memory", "max_mb", "-1", "1048577", "from 0 to 1048576"},
		{"clips", "max_mb", "0", "100000001", "from 1 to 1"},
		{"http", "max_viewers", "0", "10001", "from 1 to 10000"},
		{"http", "max_event_clients", "0", "10001", "from 1 to 10000"},
		{"http", "max_downloads", "0", "10001", "from 1 to 10000"},
		{"http", "max_clip_minutes", "0", "10081", "from 1 to 10080"},
		{"http", "max_transcodes", "-1", "65", "from 0 to 64"},
		{"http", "address_share", "0", "101", "from 1 to 100"},
		{"http", "stall_seconds", "0", "3601", "from 1 to 3600"},
	};
	static const char *const never[] = {"", "x", "1x", "0x10", "1 2", "99999999999999999999999", "+5", "1.", ".5"};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char text[128];

		snprintf(text, sizeof(text), "[%s]\n%s = %s\n", keys[i].section, keys[i].key, keys[i].low);
		ini_refused(text, keys[i].key, keys[i].right);
		snprintf(text, sizeof(text), "[%s]\n%s = %s\n", keys[i].section, keys[i].key, keys[i].high);
		ini_refused(text, keys[i].key, keys[i].right);
		for (size_t k = 0; k < sizeof(never) / sizeof(never[0]); k++) {
			snprintf(text, sizeof(text), "[%s]\n%s = %s\n", keys[i].section, keys[i].key, never[k]);
			ini_refused(text, keys[i].key, keys[i].right);
		}
	}
	ini_refused("[camera]\nfps = 29.97\n", "fps", "whole number");
}

static void unknown_choices_are_refused_with_the_choices(void **state)
{
	(void)state;
	ini_refused("[camera]\nfallback = some\n", "fallback", "any, test or none");
	ini_refused("[camera]\nformat = h264\n", "format",
		    "auto, mjpeg, yuyv, uyvy, yvyu, vyuy, nv12, nv21, yu12, yv12, rgb24, bgr24, grey or y16");
	ini_refused("[record]\ncodec = h265\n", "codec", "h264 or mjpeg");
	ini_refused("[record]\nencoder = libx265\n", "encoder",
		    "auto, libx264, h264_v4l2m2m, h264_vaapi, h264_nvenc or h264_qsv");
	ini_refused("[record]\nquality = 0\n", "quality", "from 1 to 51 (0 would be lossless, which no browser plays)");
	ini_refused("[record]\npreset = -x\n", "preset", "a-z");
	ini_refused("[record]\npreset = turbo\n", "preset", "ultrafast, superfast, veryfast, ");
	ini_refused("[record]\npreset = p4\nencoder = libx264\n", "preset", "veryslow or placebo");
	ini_refused("[record]\npreset = p4\nencoder = auto\n", "preset", "veryslow or placebo");
	ini_refused("[record]\npreset = fast -f null\n", "preset", "a-z");
	ini_refused("[http]\nhosts = cam.example:5000\n", "hosts", "names without a port");
	ini_refused("[http]\nhosts = cam.example ca*.example\n", "hosts", "*.lan");
	ini_refused("[http]\nhosts = *lan\n", "hosts", "*.lan");
	ini_refused("[http]\nhosts = *.\n", "hosts", "*.lan");
	ini_refused("[http]\nhosts = **\n", "hosts", "*.lan");
	ini_refused("[http]\nproxies = proxy.example\n", "proxies", "192.0.2.7 or 10.0.0.0/8");
	ini_refused("[http]\nproxies = 10.0.0.1 10.0.0.0/33\n", "proxies", "192.0.2.7 or 10.0.0.0/8");
	assert_string_equal(ini_loaded("[http]\nhosts = *.lan, *\n").http.hosts, "*.lan, *");
	assert_string_equal(ini_loaded("[http]\nhosts = cam.example, Other.example\n").http.hosts,
			    "cam.example, Other.example");
	ini_refused("[http]\nallow_origin = dash.example\n", "allow_origin", "https://cam.example.org:8443");
	ini_refused("[http]\nallow_origin = https://dash.example/\n", "allow_origin", "no path");
	ini_refused("[http]\nallow_origin = * https://dash.example\n", "allow_origin", "* alone");
	ini_refused("[http]\nframe_ancestors = 'self' http://ha.example\n", "frame_ancestors", "separated by blanks");
	assert_string_equal(ini_loaded("[http]\nallow_origin = *\n").http.allow_origin, "*");
	ini_refused("[record]\nenabled = maybe\n", "enabled", "yes or no");
	ini_refused("[clips]\ncache = 2\n", "cache", "yes or no");
	ini_refused("[motion]\nenabled = 2\n", "enabled", "yes or no");
	ini_refused("[http]\nallow_control =\n", "allow_control", "yes, no, or local");
	ini_refused("[http]\nallow_control = localhost\n", "allow_control", "yes, no, or local");
	ini_refused("[log]\nlevel = loud\n", "level", "error, warn, info or debug");
}

static void unknown_keys_and_sections_are_refused_with_the_known_ones(void **state)
{
	(void)state;
	ini_refused("[camera]\nwidht = 1280\n", "widht", "name, device, fallback, width");
	ini_refused("[http]\nport = 80\n", "port", "max_viewers");
	ini_refused("[camera]\nwidth:x = 1280\n", "width:x", "height");
	ini_refused("[cameras]\nwidth = 1280\n", "[cameras]", "[camera]");
	ini_refused("[empty]\n", "[empty]", "[record]");
	ini_refused("[motion]\nsensitivity = 5\n", "sensitivity", "expected enabled, fps, days");
	ini_refused("[events]\n", "[events]", "[motion]");
	ini_refused("width = 1280\n", "width", "[camera]");
	ini_refused("[]\nwidth = 1280\n", "before any section", "[camera]");
	ini_refused("[record:x]\ncodec = h264\n", "x", "codec");
}

static void a_key_that_is_set_twice_is_refused_with_its_line(void **state)
{
	(void)state;
	ini_refused("[camera]\nfps = 30\n; x\nFPS = 60\n", "line 4", "fps");
	ini_refused("[camera]\nfps = 30\n[record]\n[camera]\nfps = 60\n", "line 5", "fps");
	ini_refused("[camera]\nfps = 30\n[ camera ]\nfps = 60\n", "line 4", "fps");
	ini_refused("[camera]\nfps = 30\n\\\nfps = 60\n", "line 4", "fps"); /* a backslash alone joins nothing */
	assert_int_equal(ini_loaded("[camera]\n;fps = 30\n#fps = 31\nfps = 32\n").camera.fps, 32);
	assert_int_equal(ini_loaded("[clips]\nmax_mb = 7\n[memory]\nmax_mb = 8\n").clips.max_mb, 7);
}

static void too_many_controls_are_refused(void **state)
{
	char text[4096] = "[controls]\n";

	(void)state;
	for (int i = 0; i < CONFIG_CONTROLS_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "c%d = %d\n", i, i);
	assert_int_equal(ini_loaded(text).control_count, CONFIG_CONTROLS_MAX);
	strcat(text, "one_more = 1\n");
	ini_refused(text, "[controls]", "at most 64");
}

static void too_many_masks_are_refused(void **state)
{
	char text[1024] = "[mask]\n";

	(void)state;
	for (int i = 0; i < CONFIG_MASKS_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "m%d = 0,0,1,1\n", i);
	assert_int_equal(ini_loaded(text).mask_count, CONFIG_MASKS_MAX);
	strcat(text, "one_more = 0,0,1,1\n");
	ini_refused(text, "[mask]", "at most 16");
}

static void a_malformed_ini_file_is_refused_with_the_line(void **state)
{
	static char line[3000] = "[camera]\nname = ";

	(void)state;
	ini_refused("[camera\n", "(1)", "[section]");
	ini_refused("[camera]\nfps\n", "(2)", "key = value");
	ini_refused("[controls] ; set at every open\n", "(1)", "[section] alone");
	memset(line + strlen(line), 'x', 2000);
	ini_refused(line, "(2)", "1000 bytes");
	ini_refused("\xef\xbb\xbf[camera]\n", "byte order mark", "UTF-8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_path_that_does_not_fit_is_refused),
		cmocka_unit_test(recordings_and_clips_in_one_folder_are_refused),
		cmocka_unit_test(a_store_without_tls_elsewhere_or_in_a_folder_of_recordings_is_refused),
		cmocka_unit_test(a_camera_name_is_safe_in_urls_and_file_names),
		cmocka_unit_test(numbers_out_of_range_are_refused_with_the_range),
		cmocka_unit_test(unknown_choices_are_refused_with_the_choices),
		cmocka_unit_test(unknown_keys_and_sections_are_refused_with_the_known_ones),
		cmocka_unit_test(a_key_that_is_set_twice_is_refused_with_its_line),
		cmocka_unit_test(too_many_controls_are_refused),
		cmocka_unit_test(too_many_masks_are_refused),
		cmocka_unit_test(a_malformed_ini_file_is_refused_with_the_line),
	};

	return cmocka_run_group_tests_name("config_refused", tests, ini_folder_make, ini_folder_remove);
}
