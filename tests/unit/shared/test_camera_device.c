/* test_camera_device.c - what camera.device may be, and how much of it people see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/config/camera_device.h"
#include "tests/unit/support/ini_files.h"

static void each_kind_is_recognised(void **state)
{
	static const struct {
		const char *device;
		enum camera_device_kind kind;
	} devices[] = {
		{"auto", CAMERA_DEVICE_AUTO},
		{"test", CAMERA_DEVICE_TEST},
		{"/dev/video0", CAMERA_DEVICE_PATH},
		{"command:rpicam-vid -t 0 -o -", CAMERA_DEVICE_COMMAND},
		{"command: /usr/bin/x", CAMERA_DEVICE_COMMAND},
		{"command:", CAMERA_DEVICE_INVALID},
		{"command: \t", CAMERA_DEVICE_INVALID},
		{"http://192.0.2.7", CAMERA_DEVICE_URL},
		{"https://viewer@cam.lan:8443/video?q=1&x=%20", CAMERA_DEVICE_URL},
		{"http://[2001:db8::1]:8080/", CAMERA_DEVICE_URL},
		{"http://", CAMERA_DEVICE_INVALID},
		{"http://@cam/", CAMERA_DEVICE_INVALID},
		{"http://viewer:secret@cam/", CAMERA_DEVICE_INVALID},
		{"http://a@b@cam/", CAMERA_DEVICE_INVALID},
		{"http://cam/a b", CAMERA_DEVICE_INVALID},
		{"http://cam/'", CAMERA_DEVICE_INVALID},
		{"http://cam:99999/", CAMERA_DEVICE_INVALID},
		{"rtsp://cam/", CAMERA_DEVICE_INVALID},
		{"file:///etc/passwd", CAMERA_DEVICE_INVALID},
		{"", CAMERA_DEVICE_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (camera_device_kind(devices[i].device) != devices[i].kind)
			fail_msg("%s", devices[i].device);
}

static void the_user_is_taken_out_of_a_url(void **state)
{
	struct camera_url url;

	(void)state;
	assert_true(camera_url_parse("https://viewer@cam.lan:8443/video?q=1", &url));
	assert_string_equal(url.user, "viewer");
	assert_string_equal(url.url, "https://cam.lan:8443/video?q=1");
	assert_int_equal(url.port, 8443);
	assert_true(camera_url_parse("http://cam/a@b", &url));
	assert_string_equal(url.user, "");
	assert_int_equal(url.port, 80);
}

static void secrets_are_not_shown(void **state)
{
	static const char *const shown[][2] = {
		{"/dev/video0", "/dev/video0"},
		{"command:/usr/bin/ffmpeg -i rtsp://u:secret@cam/ -", "command:ffmpeg"},
		{"command: rpicam-vid", "command:rpicam-vid"},
		{"http://viewer@cam/video?pwd=secret", "http://cam/video"},
		{"http://viewer:secret@cam/video#secret", "http://cam/video"},
		{"http://viewer:se@ret@cam", "http://cam"},
		{"rtsp://viewer:secret@cam/1", "rtsp://cam/1"},
	};
	char text[CAMERA_SHOWN_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		camera_device_show(shown[i][0], text, sizeof(text));
		assert_string_equal(text, shown[i][1]);
	}
	camera_device_show(shown[1][0], text, 10);
	assert_string_equal(text, "command:f");
}

static void a_refused_url_is_not_quoted_with_its_password(void **state)
{
	(void)state;
	ini_refused("[camera]\ndevice = http://viewer:secret@cam/video\n", "device = http://cam/video is invalid",
		    "the password in password_file");
	assert_string_equal(ini_loaded("[camera]\ndevice = http://viewer@cam/video?a=b\n").camera.device,
			    "http://viewer@cam/video?a=b");
	assert_string_equal(ini_loaded("[camera]\ndevice = command:x -a \n").camera.device, "command:x -a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_recognised),
		cmocka_unit_test(the_user_is_taken_out_of_a_url),
		cmocka_unit_test(secrets_are_not_shown),
		cmocka_unit_test(a_refused_url_is_not_quoted_with_its_password),
	};

	return cmocka_run_group_tests(tests, ini_folder_make, ini_folder_remove);
}
