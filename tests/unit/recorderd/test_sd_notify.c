/* What a service manager hears: recorderd/sd_notify.h, recorderd/service.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/service.h"

static int manager; /* the socket that a service manager listens at */

/* Listens at an abstract address of this test's own, and names it in the environment. */
static int begin(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char name[64];
	int length = snprintf(name, sizeof(name), "@test-notify-%d", (int)getpid());

	(void)state;
	memcpy(address.sun_path, name, (size_t)length);
	address.sun_path[0] = '\0';
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	setenv("NOTIFY_SOCKET", name, 1);
	return bind(manager, (struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length));
}

static int end(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return close(manager);
}

/* The next datagram; empty where there is none. */
static const char *heard(void)
{
	static char text[2048];
	ssize_t got = recv(manager, text, sizeof(text) - 1, 0);

	text[got > 0 ? got : 0] = '\0';
	return text;
}

static void each_message_is_a_datagram(void **state)
{
	struct service service;

	(void)state;
	service_open(&service);
	service_ready(&service);
	service_stopping(&service);
	assert_string_equal(heard(), "READY=1");
	assert_string_equal(heard(), "STOPPING=1");
	service_close(&service);
}

static void a_reload_says_when_it_began(void **state)
{
	int64_t before_us = mono_now().us;
	struct service service;
	long long at_us;

	(void)state;
	service_open(&service);
	service_reloading(&service);
	assert_int_equal(sscanf(heard(), "RELOADING=1\nMONOTONIC_USEC=%lld", &at_us), 1);
	assert_true(at_us >= before_us && at_us <= mono_now().us);
	service_close(&service);
}

static void no_child_inherits_the_manager(void **state)
{
	struct notify notify;

	(void)state;
	setenv("WATCHDOG_USEC", "1000000", 1);
	sd_notify_open(&notify);
	assert_int_equal(notify.watchdog_us, 1000000);
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	sd_notify_close(&notify);
}

static void without_a_manager_nothing_happens(void **state)
{
	static const char *const addresses[] = {"", "relative/path", "@", "vsock:2:5000"};
	char longer[200];
	struct notify notify;

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	unsetenv("NOTIFY_SOCKET");
	sd_notify_open(&notify);
	assert_int_equal(notify.fd, -1);
	sd_notify_send(&notify, "READY=1");
	for (size_t i = 0; i <= sizeof(addresses) / sizeof(addresses[0]); i++) {
		setenv("NOTIFY_SOCKET", i < sizeof(addresses) / sizeof(addresses[0]) ? addresses[i] : longer, 1);
		sd_notify_open(&notify);
		assert_int_equal(notify.fd, -1);
	}
}

static void a_watchdog_for_another_process_is_not_ours(void **state)
{
	static const struct {
		const char *period, *pid;
	} none[] = {{"1000000", "1"}, {"", NULL}, {"-5", NULL}, {"1s", NULL}, {"99999999999999999999", NULL}};
	struct notify notify;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		if (i > 0) {
			end(state);
			begin(state);
		}
		setenv("WATCHDOG_USEC", none[i].period, 1);
		if (none[i].pid)
			setenv("WATCHDOG_PID", none[i].pid, 1);
		sd_notify_open(&notify);
		assert_true(notify.fd >= 0);
		assert_int_equal(notify.watchdog_us, 0);
		sd_notify_close(&notify);
	}
}

static const struct recorder_state streaming = {
	.camera_state = CAMERA_STREAMING,
	.recording_state = RECORDING_ON,
	.device = "/dev/video0",
	.format = "MJPG",
	.width = 1280,
	.height = 720,
	.fps_milli = 30000,
};

static void the_state_is_said_in_words_when_it_changes(void **state)
{
	struct recorder_state now = streaming;
	struct service service;

	(void)state;
	service_open(&service);
	service_tick(&service, &now, true);
	assert_string_equal(heard(), "STATUS=recording: 1280x720 MJPG at 30 frames/s from /dev/video0");
	service_tick(&service, &now, true);
	assert_string_equal(heard(), "");
	now.recording_state = RECORDING_OFF;
	service_tick(&service, &now, true);
	assert_string_equal(heard(), "STATUS=Warning: Recording is switched off.");
	now.camera_state = CAMERA_WAITING;
	service_tick(&service, &now, true);
	assert_string_equal(heard(), "STATUS=FAILURE: The camera is not streaming: waiting.");
	service_close(&service);
}

static void a_sign_of_life_is_given_while_the_capture_lives(void **state)
{
	struct service service;

	(void)state;
	setenv("WATCHDOG_USEC", "3000", 1); /* one is due each millisecond */
	service_open(&service);
	service_tick(&service, &streaming, true);
	heard();
	assert_string_equal(heard(), "WATCHDOG=1");
	usleep(2000);
	service_tick(&service, &streaming, false);
	assert_string_equal(heard(), "");
	service_tick(&service, &streaming, true);
	assert_string_equal(heard(), "WATCHDOG=1");
	service_close(&service);
}

static void signs_of_life_are_not_many(void **state)
{
	struct service service;

	(void)state;
	setenv("WATCHDOG_USEC", "9000000000000000", 1); /* no machine has been up for a third of that */
	service_open(&service);
	for (int i = 0; i < 100; i++)
		service_tick(&service, &streaming, true);
	heard();
	assert_string_equal(heard(), "WATCHDOG=1");
	assert_string_equal(heard(), "");
	service_close(&service);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_message_is_a_datagram),
		TEST(a_reload_says_when_it_began),
		TEST(no_child_inherits_the_manager),
		TEST(without_a_manager_nothing_happens),
		TEST(a_watchdog_for_another_process_is_not_ours),
		TEST(the_state_is_said_in_words_when_it_changes),
		TEST(a_sign_of_life_is_given_while_the_capture_lives),
		TEST(signs_of_life_are_not_many),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
