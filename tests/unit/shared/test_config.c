/* test_config.c - valid configurations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/support/ini_files.h"

static void an_empty_file_has_every_default(void **state)
{
	struct config config = ini_loaded("");

	(void)state;
	assert_string_equal(config.file, ini_path("good.ini"));
	assert_string_equal(config.camera.name, "camera");
	assert_string_equal(config.camera.device, "auto");
	assert_int_equal(config.camera.fallback, FALLBACK_ANY);
	assert_int_equal(config.camera.width, 1280);
	assert_int_equal(config.camera.height, 720);
	assert_int_equal(config.camera.fps, 60);
	assert_int_equal(config.camera.format, FORMAT_AUTO);
	assert_true(config.record.enabled);
	assert_string_equal(config.record.directory, ini_path("recordings"));
	assert_int_equal(config.record.segment_seconds, 600);
	assert_int_equal(config.record.sync_seconds, 1);
	assert_int_equal(config.record.codec, CODEC_H264);
	assert_true(config.record.sandbox);
	assert_string_equal(config.record.encoder, "libx264");
	assert_string_equal(config.record.preset, "superfast");
	assert_int_equal(config.record.quality, 23);
	assert_true(config.retention.hours == 72 && config.retention.max_gb == 0 && config.retention.min_free_gb == 2);
	assert_true(config.retention.motion_hours == 0);
	assert_true(config.motion.enabled);
	assert_int_equal(config.motion.fps, 5);
	assert_true(config.motion.days == 0);
	assert_true(config.memory.minutes == 30);
	assert_int_equal(config.memory.max_mb, 0);
	assert_string_equal(config.clips.directory, ini_path("clips"));
	assert_true(config.clips.cache);
	assert_int_equal(config.clips.max_mb, 2048);
	assert_int_equal(config.http.max_viewers, 500);
	assert_int_equal(config.http.max_event_clients, 500);
	assert_int_equal(config.http.max_downloads, 64);
	assert_int_equal(config.http.max_clip_minutes, 360);
	assert_int_equal(config.http.max_transcodes, 1);
	assert_int_equal(config.http.address_share, 75);
	assert_int_equal(config.http.stall_seconds, 60);
	assert_string_equal(config.http.proxies, "");
	assert_int_equal(config.http.allow_control, ALLOW_NO);
	assert_string_equal(config.http.tokens, ini_path("tokens"));
	assert_int_equal(config.control_count, 0);
	assert_int_equal(config.log_level, LOG_INFO);
}

/* Tests are run from the top of the tree. */
static void the_example_says_what_the_defaults_are(void **state)
{
	char command[PATH_MAX + 64];
	static struct config example, empty;
	struct reason why = {0};

	(void)state;
	snprintf(command, sizeof(command), "cp recorder.ini.example '%s/good.ini'", ini_folder);
	assert_int_equal(system(command), 0);
	if (!config_load(ini_path("good.ini"), &example, &why))
		fail_msg("%s", why.text);
	empty = ini_loaded("");
	assert_memory_equal(&example, &empty, sizeof(empty));
}

static void every_key_is_read_from_the_file(void **state)
{
	struct config config =
		ini_loaded("[camera]\nname = front-door_2\ndevice = /dev/v4l/by-id/usb-X-index0\nfallback = none\n"
			   "width = 640\nheight = 480\nfps = 30\nformat = yuyv\n"
			   "[record]\nenabled = no\ndirectory = /srv/video\nsegment_seconds = 60\nsync_seconds = 5\n"
			   "codec = mjpeg\nsandbox = no\nencoder = h264_vaapi\npreset = p4\nquality = 30\n"
			   "[retention]\nhours = 0.5\nmax_gb = 1.25\nmin_free_gb = 0.1\nmotion_hours = 1.5\n"
			   "[motion]\nenabled = no\nfps = 10\ndays = 0.5\n"
			   "[memory]\nminutes = 0.1\nmax_mb = 64\n"
			   "[clips]\ndirectory = kept\ncache = off\nmax_mb = 10\n"
			   "[http]\nmax_viewers = 1\nmax_event_clients = 4\nmax_downloads = 2\nmax_clip_minutes = 3\n"
			   "max_transcodes = 0\n"
			   "address_share = 100\nstall_seconds = 5\nproxies = 10.0.0.0/8, ::1\n"
			   "allow_control = yes\ntokens = /elsewhere//scripts\n"
			   "[log]\nlevel = debug\n");

	(void)state;
	assert_string_equal(config.camera.name, "front-door_2");
	assert_string_equal(config.camera.device, "/dev/v4l/by-id/usb-X-index0");
	assert_int_equal(config.camera.fallback, FALLBACK_NONE);
	assert_int_equal(config.camera.width, 640);
	assert_int_equal(config.camera.height, 480);
	assert_int_equal(config.camera.fps, 30);
	assert_int_equal(config.camera.format, FORMAT_YUYV);
	assert_false(config.record.enabled);
	assert_string_equal(config.record.directory, "/srv/video");
	assert_int_equal(config.record.segment_seconds, 60);
	assert_int_equal(config.record.sync_seconds, 5);
	assert_int_equal(config.record.codec, CODEC_MJPEG);
	assert_false(config.record.sandbox);
	assert_string_equal(config.record.encoder, "h264_vaapi");
	assert_string_equal(config.record.preset, "p4");
	assert_int_equal(config.record.quality, 30);
	assert_true(config.retention.hours == 0.5 && config.retention.max_gb == 1.25 &&
		    config.retention.min_free_gb == 0.1);
	assert_true(config.retention.motion_hours == 1.5);
	assert_false(config.motion.enabled);
	assert_int_equal(config.motion.fps, 10);
	assert_true(config.motion.days == 0.5);
	assert_true(config.memory.minutes == 0.1);
	assert_int_equal(config.memory.max_mb, 64);
	assert_string_equal(config.clips.directory, ini_path("kept"));
	assert_false(config.clips.cache);
	assert_int_equal(config.clips.max_mb, 10);
	assert_int_equal(config.http.max_viewers, 1);
	assert_int_equal(config.http.max_event_clients, 4);
	assert_int_equal(config.http.max_downloads, 2);
	assert_int_equal(config.http.max_clip_minutes, 3);
	assert_int_equal(config.http.max_transcodes, 0);
	assert_int_equal(config.http.address_share, 100);
	assert_int_equal(config.http.stall_seconds, 5);
	assert_string_equal(config.http.proxies, "10.0.0.0/8, ::1");
	assert_int_equal(config.http.allow_control, ALLOW_YES);
	assert_string_equal(config.http.tokens, "/elsewhere/scripts");
	assert_int_equal(config.log_level, LOG_DEBUG);
}

static void names_of_keys_and_sections_may_have_any_case_and_blanks(void **state)
{
	struct config config =
		ini_loaded("\r\n# comment\r\n  [CAMERA]\r\n\tWidth=800;px\r\n HEIGHT  =  \"600\"  # px\r\n");

	(void)state;
	assert_int_equal(config.camera.width, 800);
	assert_int_equal(config.camera.height, 600);
}

static void a_bare_number_is_a_video_device(void **state)
{
	(void)state;
	assert_string_equal(ini_loaded("[camera]\ndevice = 0\n").camera.device, "/dev/video0");
	assert_string_equal(ini_loaded("[camera]\ndevice = 12\n").camera.device, "/dev/video12");
	assert_string_equal(ini_loaded("[camera]\ndevice = test\n").camera.device, "test");
	ini_refused("[camera]\ndevice = 1000000\n", "device", "/dev/videoN");
	ini_refused("[camera]\ndevice = video0\n", "device", "/dev/videoN");
	ini_refused("[camera]\ndevice = -1\n", "device", "/dev/videoN");
	ini_refused("[camera]\ndevice =\n", "device", "auto");
	ini_refused("[camera]\ndevice = ../dev/video0\n", "device", "auto");
}

static void folders_are_relative_to_the_file_and_normalised(void **state)
{
	struct config config = ini_loaded("[record]\ndirectory = ./a//b/./c/\n[clips]\ndirectory = //srv/clips/.\n");

	(void)state;
	assert_string_equal(config.record.directory, ini_path("a/b/c"));
	assert_string_equal(config.clips.directory, "/srv/clips");
	assert_string_equal(ini_loaded("[clips]\ndirectory = /\n").clips.directory, "/");
	assert_string_equal(ini_loaded("[clips]\ndirectory = .hidden\n").clips.directory, ini_path(".hidden"));
	ini_refused("[record]\ndirectory =\n", "directory", "folder");
}

static void controls_may_have_any_name(void **state)
{
	struct config config =
		ini_loaded("[controls]\nBrightness = 128\nexposure_dynamic_framerate = 0 ; no slow motion\n"
			   "white_balance = \"Cloudy; bright\"\n");

	(void)state;
	assert_int_equal(config.control_count, 3);
	assert_string_equal(config.controls[0].name, "brightness");
	assert_string_equal(config.controls[0].value, "128");
	assert_string_equal(config.controls[1].name, "exposure_dynamic_framerate");
	assert_string_equal(config.controls[1].value, "0");
	assert_string_equal(config.controls[2].value, "Cloudy; bright");
	config = ini_loaded("[controls]\ngain = 1\\\ngain = 2\n"); /* one line */
	assert_int_equal(config.control_count, 1);
	assert_string_equal(config.controls[0].value, "1gain = 2");
	ini_refused("[controls]\nbrightness =\n", "brightness", "1 to 47");
	ini_refused("[controls]\nbrightness = 123456789012345678901234567890123456789012345678\n", "brightness",
		    "1 to 47");
	ini_refused("[controls]\nwhite balance = 1\n", "white balance", "V4L2 name");
}

static void masks_may_have_any_name_and_come_in_its_order(void **state)
{
	struct config config =
		ini_loaded("[mask]\nStreet = 0.4,0,0.2,0.3\n2nd-window=.5,.5,.1,.1,.2,.8 ; a triangle\n");

	(void)state;
	assert_int_equal(config.mask_count, 2);
	assert_string_equal(config.masks[0].name, "2nd-window");
	assert_string_equal(config.masks[0].area, ".5,.5,.1,.1,.2,.8");
	assert_string_equal(config.masks[1].name, "street");
	assert_true(config_mask_id(&config) != 0);
	config = ini_loaded("[mask]\n");
	assert_int_equal(config.mask_count, 0);
	assert_true(config_mask_id(&config) == 0);
	ini_refused("[mask]\nstreet =\n", "street", "an area such as");
	ini_refused("[mask]\nmy street = 0,0,1,1\n", "my street", "at most 31 bytes");
	ini_refused("[mask]\nstreet = 0,0,1,1\nStreet = 0,0,1,1\n", "street", "twice");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_has_every_default),
		cmocka_unit_test(the_example_says_what_the_defaults_are),
		cmocka_unit_test(every_key_is_read_from_the_file),
		cmocka_unit_test(names_of_keys_and_sections_may_have_any_case_and_blanks),
		cmocka_unit_test(a_bare_number_is_a_video_device),
		cmocka_unit_test(folders_are_relative_to_the_file_and_normalised),
		cmocka_unit_test(controls_may_have_any_name),
		cmocka_unit_test(masks_may_have_any_name_and_come_in_its_order),
	};

	return cmocka_run_group_tests_name("config", tests, ini_folder_make, ini_folder_remove);
}
