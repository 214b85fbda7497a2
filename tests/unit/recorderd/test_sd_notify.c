/* test_sd_notify.c - the messages to a service manager. */
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

static int manager; /* the service manager's socket */

/* Opens the manager's socket at an abstract address, and sets NOTIFY_SOCKET. */
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

/* The next datagram; empty if there is none. */
static const char *heard(void)
{
	static char text[2048];
	ssize_t got = recv(manager, text, sizeof(text) - 1, 0);

	text[got > 0 ? got : 0] = '\0';
	return text;
}

static void each_message_is_one_datagram(void **state)
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

static void a_reload_carries_its_start_time(void **state)
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

static void children_do_not_inherit_the_manager_s_socket(void **state)
{
	struct sd_notify notify;

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
	struct sd_notify notify;

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

static void a_watchdog_for_another_process_is_ignored(void **state)
{
	static const struct {
		const char *period, *pid;
	} none[] = {{"1000000", "1"}, {"", NULL}, {"-5", NULL}, {"1s", NULL}, {"99999999999999999999", NULL}};
	struct sd_notify notify;

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

static void the_status_is_sent_when_it_changes(void **state)
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

static void watchdog_messages_are_sent_while_the_capture_lives(void **state)
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

static void watchdog_messages_are_sent_no_more_often_than_needed(void **state)
{
	struct service service;

	(void)state;
	setenv("WATCHDOG_USEC", "9000000000000000", 1); /* far longer than any uptime */
	service_open(&service);
	for (int i = 0; i < 100; i++)
		service_tick(&service, &streaming, true);
	heard();
	assert_string_equal(heard(), "WATCHDOG=1");
	assert_string_equal(heard(), "");
	service_close(&service);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

static void a_recorder_that_starts_again_goes_on_to_be_heard(void **state)
{
	struct sd_notify notify;

	(void)state;
	setenv("WATCHDOG_USEC", "30000000", 1);
	sd_notify_open(&notify);
	assert_null(getenv("NOTIFY_SOCKET"));
	sd_notify_hand_over(&notify);
	sd_notify_close(&notify);
	sd_notify_open(&notify);
	assert_int_equal(notify.watchdog_us, 30000000);
	sd_notify_send(&notify, "READY=1");
	assert_string_equal(heard(), "READY=1");
	sd_notify_close(&notify);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_message_is_one_datagram),
		TEST(a_reload_carries_its_start_time),
		TEST(a_recorder_that_starts_again_goes_on_to_be_heard),
		TEST(children_do_not_inherit_the_manager_s_socket),
		TEST(without_a_manager_nothing_happens),
		TEST(a_watchdog_for_another_process_is_ignored),
		TEST(the_status_is_sent_when_it_changes),
		TEST(watchdog_messages_are_sent_while_the_capture_lives),
		TEST(watchdog_messages_are_sent_no_more_often_than_needed),
	};

	return cmocka_run_group_tests_name("sd_notify", tests, NULL, NULL);
}
