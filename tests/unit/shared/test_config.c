/* recorder.ini: shared/config/config.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/config/config.h"

static char folder[PATH_MAX];

static int make_folder(void **state)
{
	char template[] = "/tmp/test-config-XXXXXX";

	(void)state;
	return mkdtemp(template) && realpath(template, folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

/* Good until it was called eight times more. */
static const char *path_of(const char *name)
{
	static char paths[8][PATH_MAX + 64];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static const char *write_text(const char *name, const char *text)
{
	const char *path = path_of(name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
	return path;
}

static struct config loaded(const char *text)
{
	struct config config;
	struct reason why;

	if (!config_load(write_text("good.ini", text), &config, &why))
		fail_msg("%s", why.text);
	return config;
}

/* The sentence must name the file and every one of the words. */
static void refused(const char *text, const char *word, const char *another)
{
	static struct config config;
	struct reason why = {0};
	const char *path = write_text("bad.ini", text);

	if (config_load(path, &config, &why))
		fail_msg("taken: %s", text);
	if (!strstr(why.text, path) || !strstr(why.text, word) || !strstr(why.text, another))
		fail_msg("%s\n says: %s", text, why.text);
}

static void an_empty_file_has_every_default(void **state)
{
	struct config config = loaded("");

	(void)state;
	assert_string_equal(config.file, path_of("good.ini"));
	assert_string_equal(config.camera.name, "camera");
	assert_string_equal(config.camera.device, "auto");
	assert_int_equal(config.camera.fallback, FALLBACK_ANY);
	assert_int_equal(config.camera.width, 1280);
	assert_int_equal(config.camera.height, 720);
	assert_int_equal(config.camera.fps, 60);
	assert_int_equal(config.camera.format, FORMAT_AUTO);
	assert_true(config.record.enabled);
	assert_string_equal(config.record.directory, path_of("recordings"));
	assert_int_equal(config.record.segment_seconds, 600);
	assert_int_equal(config.record.sync_seconds, 1);
	assert_int_equal(config.record.codec, CODEC_H264);
	assert_true(config.record.sandbox);
	assert_string_equal(config.record.encoder, "libx264");
	assert_string_equal(config.record.preset, "superfast");
	assert_int_equal(config.record.quality, 23);
	assert_true(config.retention.hours == 72 && config.retention.max_gb == 0 && config.retention.min_free_gb == 2);
	assert_true(config.memory.minutes == 30);
	assert_int_equal(config.memory.max_mb, 0);
	assert_string_equal(config.clips.directory, path_of("clips"));
	assert_true(config.clips.cache);
	assert_int_equal(config.clips.max_mb, 2048);
	assert_int_equal(config.http.max_viewers, 500);
	assert_int_equal(config.http.max_downloads, 64);
	assert_int_equal(config.http.max_clip_minutes, 360);
	assert_int_equal(config.http.max_transcodes, 1);
	assert_int_equal(config.http.address_share, 75);
	assert_int_equal(config.http.stall_seconds, 60);
	assert_string_equal(config.http.proxies, "");
	assert_false(config.http.allow_control);
	assert_string_equal(config.http.tokens, path_of("tokens"));
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
	snprintf(command, sizeof(command), "cp recorder.ini.example '%s/good.ini'", folder);
	assert_int_equal(system(command), 0);
	if (!config_load(path_of("good.ini"), &example, &why))
		fail_msg("%s", why.text);
	empty = loaded("");
	assert_memory_equal(&example, &empty, sizeof(empty));
}

static void every_key_is_taken_from_the_file(void **state)
{
	struct config config =
		loaded("[camera]\nname = front-door_2\ndevice = /dev/v4l/by-id/usb-X-index0\nfallback = none\n"
		       "width = 640\nheight = 480\nfps = 30\nformat = yuyv\n"
		       "[record]\nenabled = no\ndirectory = /srv/video\nsegment_seconds = 60\nsync_seconds = 5\n"
		       "codec = mjpeg\nsandbox = no\nencoder = h264_vaapi\npreset = p4\nquality = 30\n"
		       "[retention]\nhours = 0.5\nmax_gb = 1.25\nmin_free_gb = 0.1\n"
		       "[memory]\nminutes = 0.1\nmax_mb = 64\n"
		       "[clips]\ndirectory = kept\ncache = off\nmax_mb = 10\n"
		       "[http]\nmax_viewers = 1\nmax_downloads = 2\nmax_clip_minutes = 3\nmax_transcodes = 0\n"
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
	assert_true(config.memory.minutes == 0.1);
	assert_int_equal(config.memory.max_mb, 64);
	assert_string_equal(config.clips.directory, path_of("kept"));
	assert_false(config.clips.cache);
	assert_int_equal(config.clips.max_mb, 10);
	assert_int_equal(config.http.max_viewers, 1);
	assert_int_equal(config.http.max_downloads, 2);
	assert_int_equal(config.http.max_clip_minutes, 3);
	assert_int_equal(config.http.max_transcodes, 0);
	assert_int_equal(config.http.address_share, 100);
	assert_int_equal(config.http.stall_seconds, 5);
	assert_string_equal(config.http.proxies, "10.0.0.0/8, ::1");
	assert_true(config.http.allow_control);
	assert_string_equal(config.http.tokens, "/elsewhere/scripts");
	assert_int_equal(config.log_level, LOG_DEBUG);
}

static void names_of_keys_and_sections_may_have_any_case_and_blanks(void **state)
{
	struct config config = loaded("\r\n# comment\r\n  [CAMERA]\r\n\tWidth=800;px\r\n HEIGHT  =  \"600\"  # px\r\n");

	(void)state;
	assert_int_equal(config.camera.width, 800);
	assert_int_equal(config.camera.height, 600);
}

static void a_bare_number_is_a_video_device(void **state)
{
	(void)state;
	assert_string_equal(loaded("[camera]\ndevice = 0\n").camera.device, "/dev/video0");
	assert_string_equal(loaded("[camera]\ndevice = 12\n").camera.device, "/dev/video12");
	assert_string_equal(loaded("[camera]\ndevice = test\n").camera.device, "test");
	refused("[camera]\ndevice = 1000000\n", "device", "/dev/videoN");
	refused("[camera]\ndevice = video0\n", "device", "/dev/videoN");
	refused("[camera]\ndevice = -1\n", "device", "/dev/videoN");
	refused("[camera]\ndevice =\n", "device", "auto");
	refused("[camera]\ndevice = ../dev/video0\n", "device", "auto");
}

static void a_device_path_that_does_not_fit_is_refused(void **state)
{
	char text[400] = "[camera]\ndevice = /";

	(void)state;
	memset(text + strlen(text), 'x', 300);
	refused(text, "device", "auto");
}

static void folders_count_from_the_file_and_are_tidied(void **state)
{
	struct config config = loaded("[record]\ndirectory = ./a//b/./c/\n[clips]\ndirectory = //srv/clips/.\n");

	(void)state;
	assert_string_equal(config.record.directory, path_of("a/b/c"));
	assert_string_equal(config.clips.directory, "/srv/clips");
	assert_string_equal(loaded("[clips]\ndirectory = /\n").clips.directory, "/");
	assert_string_equal(loaded("[clips]\ndirectory = .hidden\n").clips.directory, path_of(".hidden"));
	refused("[record]\ndirectory =\n", "directory", "folder");
}

static void recordings_and_clips_in_one_folder_are_refused(void **state)
{
	(void)state;
	refused("[record]\ndirectory = clips/\n", "[clips]", "two folders");
}

static void a_camera_name_is_fit_for_urls_and_files(void **state)
{
	static const char *const wrong[] = {"Front",    "a b", "a/b",  "..", "a.b",
					    "\xc3\xa4", "-a",  "\"\"", "",   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[128];
		snprintf(text, sizeof(text), "[camera]\nname = %s\n", wrong[i]);
		refused(text, "[camera] name", "a-z 0-9 _ -");
	}
	assert_int_equal(strlen(loaded("[camera]\nname = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n").camera.name), 31);
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
		{"memory", "minutes", "0.09", "1440.1", "from 0.1 to 1440"},
		{"memory", "max_mb", "-1", "1048577", "from 0 to 1048576"},
		{"clips", "max_mb", "0", "100000001", "from 1 to 1"},
		{"http", "max_viewers", "0", "10001", "from 1 to 10000"},
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
		refused(text, keys[i].key, keys[i].right);
		snprintf(text, sizeof(text), "[%s]\n%s = %s\n", keys[i].section, keys[i].key, keys[i].high);
		refused(text, keys[i].key, keys[i].right);
		for (size_t k = 0; k < sizeof(never) / sizeof(never[0]); k++) {
			snprintf(text, sizeof(text), "[%s]\n%s = %s\n", keys[i].section, keys[i].key, never[k]);
			refused(text, keys[i].key, keys[i].right);
		}
	}
	refused("[camera]\nfps = 29.97\n", "fps", "whole number");
}

static void words_that_are_no_choice_are_refused_with_the_choices(void **state)
{
	(void)state;
	refused("[camera]\nfallback = some\n", "fallback", "any, test or none");
	refused("[camera]\nformat = h264\n", "format", "auto, mjpeg, yuyv, uyvy, nv12, yu12, rgb24, bgr24 or grey");
	refused("[record]\ncodec = h265\n", "codec", "h264 or mjpeg");
	refused("[record]\nencoder = libx265\n", "encoder", "libx264, h264_vaapi, h264_v4l2m2m or h264_nvenc");
	refused("[record]\nquality = 0\n", "quality", "from 1 to 51 (0 would be lossless, which no browser plays)");
	refused("[record]\npreset = -x\n", "preset", "a-z");
	refused("[record]\npreset = turbo\n", "preset", "ultrafast, superfast, veryfast, ");
	refused("[record]\npreset = p4\nencoder = libx264\n", "preset", "veryslow or placebo");
	refused("[record]\npreset = fast -f null\n", "preset", "a-z");
	refused("[http]\nhosts = cam.example:5000\n", "hosts", "names without a port");
	refused("[http]\nhosts = cam.example ca*.example\n", "hosts", "*.lan");
	refused("[http]\nhosts = *lan\n", "hosts", "*.lan");
	refused("[http]\nhosts = *.\n", "hosts", "*.lan");
	refused("[http]\nhosts = **\n", "hosts", "*.lan");
	refused("[http]\nproxies = proxy.example\n", "proxies", "192.0.2.7 or 10.0.0.0/8");
	refused("[http]\nproxies = 10.0.0.1 10.0.0.0/33\n", "proxies", "192.0.2.7 or 10.0.0.0/8");
	assert_string_equal(loaded("[http]\nhosts = *.lan, *\n").http.hosts, "*.lan, *");
	assert_string_equal(loaded("[http]\nhosts = cam.example, Other.example\n").http.hosts,
			    "cam.example, Other.example");
	refused("[http]\nallow_origin = dash.example\n", "allow_origin", "https://cam.example.org:8443");
	refused("[http]\nallow_origin = https://dash.example/\n", "allow_origin", "no path");
	refused("[http]\nallow_origin = * https://dash.example\n", "allow_origin", "* alone");
	assert_string_equal(loaded("[http]\nallow_origin = *\n").http.allow_origin, "*");
	refused("[record]\nenabled = maybe\n", "enabled", "yes or no");
	refused("[clips]\ncache = 2\n", "cache", "yes or no");
	refused("[http]\nallow_control =\n", "allow_control", "yes or no");
	refused("[log]\nlevel = loud\n", "level", "error, warn, info or debug");
}

static void unknown_keys_and_sections_are_refused_with_those_there_are(void **state)
{
	(void)state;
	refused("[camera]\nwidht = 1280\n", "widht", "name, device, fallback, width");
	refused("[http]\nport = 80\n", "port", "max_viewers");
	refused("[camera]\nwidth:x = 1280\n", "width:x", "height");
	refused("[cameras]\nwidth = 1280\n", "[cameras]", "[camera]");
	refused("[empty]\n", "[empty]", "[record]");
	refused("width = 1280\n", "width", "[camera]");
	refused("[]\nwidth = 1280\n", "before any section", "[camera]");
	refused("[record:x]\ncodec = h264\n", "x", "codec");
}

static void a_key_that_stands_twice_is_refused_with_its_line(void **state)
{
	(void)state;
	refused("[camera]\nfps = 30\n; x\nFPS = 60\n", "line 4", "fps");
	refused("[camera]\nfps = 30\n[record]\n[camera]\nfps = 60\n", "line 5", "fps");
	assert_int_equal(loaded("[camera]\n;fps = 30\n#fps = 31\nfps = 32\n").camera.fps, 32);
	assert_int_equal(loaded("[clips]\nmax_mb = 7\n[memory]\nmax_mb = 8\n").clips.max_mb, 7);
}

static void controls_take_any_control(void **state)
{
	struct config config = loaded("[controls]\nBrightness = 128\nexposure_dynamic_framerate = 0 ; no slow motion\n"
				      "white_balance = \"Cloudy; bright\"\n");

	(void)state;
	assert_int_equal(config.control_count, 3);
	assert_string_equal(config.controls[0].name, "brightness");
	assert_string_equal(config.controls[0].value, "128");
	assert_string_equal(config.controls[1].name, "exposure_dynamic_framerate");
	assert_string_equal(config.controls[1].value, "0");
	assert_string_equal(config.controls[2].value, "Cloudy; bright");
	config = loaded("[controls]\ngain = 1\\\ngain = 2\n"); /* one line */
	assert_int_equal(config.control_count, 1);
	assert_string_equal(config.controls[0].value, "1gain = 2");
	refused("[controls]\nbrightness =\n", "brightness", "1 to 47");
	refused("[controls]\nbrightness = 123456789012345678901234567890123456789012345678\n", "brightness", "1 to 47");
	refused("[controls]\nwhite balance = 1\n", "white balance", "V4L2 name");
}

static void more_controls_than_there_is_room_for_are_refused(void **state)
{
	char text[4096] = "[controls]\n";

	(void)state;
	for (int i = 0; i < CONFIG_CONTROLS_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "c%d = %d\n", i, i);
	assert_int_equal(loaded(text).control_count, CONFIG_CONTROLS_MAX);
	strcat(text, "one_more = 1\n");
	refused(text, "[controls]", "at most 64");
}

static void what_is_no_ini_file_is_refused_with_the_line(void **state)
{
	static char line[3000] = "[camera]\nname = ";

	(void)state;
	refused("[camera\n", "(1)", "[section]");
	refused("[camera]\nfps\n", "(2)", "key = value");
	refused("[controls] ; set at every open\n", "(1)", "[section] alone");
	memset(line + strlen(line), 'x', 2000);
	refused(line, "(2)", "1000 bytes");
	refused("\xef\xbb\xbf[camera]\n", "byte order mark", "UTF-8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_has_every_default),
		cmocka_unit_test(the_example_says_what_the_defaults_are),
		cmocka_unit_test(every_key_is_taken_from_the_file),
		cmocka_unit_test(names_of_keys_and_sections_may_have_any_case_and_blanks),
		cmocka_unit_test(a_bare_number_is_a_video_device),
		cmocka_unit_test(a_device_path_that_does_not_fit_is_refused),
		cmocka_unit_test(folders_count_from_the_file_and_are_tidied),
		cmocka_unit_test(recordings_and_clips_in_one_folder_are_refused),
		cmocka_unit_test(a_camera_name_is_fit_for_urls_and_files),
		cmocka_unit_test(numbers_out_of_range_are_refused_with_the_range),
		cmocka_unit_test(words_that_are_no_choice_are_refused_with_the_choices),
		cmocka_unit_test(unknown_keys_and_sections_are_refused_with_those_there_are),
		cmocka_unit_test(a_key_that_stands_twice_is_refused_with_its_line),
		cmocka_unit_test(controls_take_any_control),
		cmocka_unit_test(more_controls_than_there_is_room_for_are_refused),
		cmocka_unit_test(what_is_no_ini_file_is_refused_with_the_line),
	};

	return cmocka_run_group_tests_name("config", tests, make_folder, remove_folder);
}
