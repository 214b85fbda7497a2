/* test_control_server.c - the control socket: requests, answers, and who may connect. */
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "recorderd/control/control_server.h"
#include "shared/ring/control.h"

#define CLIENTS_MAX 12
#define LIMIT_US    (20 * US_PER_S) /* far more than anything here needs */

static struct loop *loop;
static struct control_server *server;
static struct loop_timer round_timer;
static mono_t limit;
static int clients[CLIENTS_MAX];
static char name[32], answer[CONTROL_LINE_BYTES];
static size_t answered;

/* What the server has asked the recorder to do. */
static bool on, camera_on, has_camera;
static unsigned switched, changes;
static uint32_t ticket;
static char changed_name[64], changed_value[64];

static void set_recording(void *context, bool to)
{
	(void)context;
	on = to;
	switched++;
}

static void set_camera(void *context, bool to)
{
	(void)context;
	camera_on = to;
}

static bool adjust(void *context, uint32_t number, const char *control_name, const char *value, struct reason *why)
{
	(void)context;
	ticket = number;
	changes++;
	snprintf(changed_name, sizeof(changed_name), "%s", control_name);
	snprintf(changed_value, sizeof(changed_value), "%s", value);
	return has_camera || reason_set(why, "there is no camera");
}

static bool write_choice(void *context, uint32_t number, const struct setup_choice *choice, struct reason *why)
{
	(void)context;
	(void)why;
	ticket = number;
	changes++;
	snprintf(changed_name, sizeof(changed_name), "%s", choice->edits[0].key);
	snprintf(changed_value, sizeof(changed_value), "%.60s", choice->edits[0].value);
	return true;
}

static struct json_object *describe(void *context)
{
	struct json_object *json = json_object_new_object();

	(void)context;
	json_object_object_add(json, "fps", json_object_new_int(30));
	return json;
}

static struct control_server *open_control(struct reason *why)
{
	return control_server_create(&(struct control_server_parts){.loop = loop,
								    .camera = name,
								    .set_recording = set_recording,
								    .set_camera = set_camera,
								    .set_control = adjust,
								    .set_up = write_choice,
								    .describe_setup = describe},
				     why);
}

static int set_up(void **state)
{
	struct reason why;

	(void)state;
	snprintf(name, sizeof(name), "control-test-%d", (int)getpid());
	loop = loop_create();
	server = open_control(&why);
	has_camera = true;
	switched = changes = 0;
	for (int i = 0; i < CLIENTS_MAX; i++)
		clients[i] = -1;
	return loop && server ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (clients[i] >= 0)
			close(clients[i]);
	control_server_destroy(server);
	loop_destroy(loop);
	return 0;
}

static void dial(int client, const char *line)
{
	struct sockaddr_un address;
	socklen_t bytes = control_address(name, &address);

	clients[client] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(clients[client], (struct sockaddr *)&address, bytes), 0);
	if (line)
		assert_int_equal(send(clients[client], line, strlen(line), MSG_NOSIGNAL), strlen(line));
}

static int heard_client;

/* Reads until the server has closed the connection. */
static void hear_round(void *context)
{
	ssize_t got = recv(clients[heard_client], answer + answered, sizeof(answer) - 1 - answered, MSG_DONTWAIT);

	(void)context;
	if (got > 0)
		answered += (size_t)got;
	if (got == 0) {
		loop_stop(loop);
		return;
	}
	assert_true(mono_now().us < limit.us);
	loop_timer_set(loop, &round_timer, (mono_t){mono_now().us + US_PER_MS});
}

static const char *hear(int client)
{
	answered = 0;
	memset(answer, 0, sizeof(answer));
	heard_client = client;
	limit = (mono_t){mono_now().us + LIMIT_US};
	round_timer.due = hear_round;
	loop_timer_set(loop, &round_timer, mono_now());
	loop_run(loop);
	return answer;
}

static unsigned wanted_changes;

static void changes_round(void *context)
{
	(void)context;
	if (changes >= wanted_changes) {
		loop_stop(loop);
		return;
	}
	assert_true(mono_now().us < limit.us);
	loop_timer_set(loop, &round_timer, (mono_t){mono_now().us + US_PER_MS});
}

static void wait_for_changes(unsigned count)
{
	wanted_changes = count;
	limit = (mono_t){mono_now().us + LIMIT_US};
	round_timer.due = changes_round;
	loop_timer_set(loop, &round_timer, mono_now());
	loop_run(loop);
}

static void recording_is_switched_and_the_answer_has_its_new_state(void **state)
{
	(void)state;
	dial(2, "{\"power\":\"on\"}\n");
	assert_string_equal(hear(2), "{\"outcome\":\"done\",\"power\":\"on\"}\n");
	assert_true(camera_on);
	dial(0, "{\"recording\":\"on\"}\n");
	assert_string_equal(hear(0), "{\"outcome\":\"done\",\"recording\":\"on\"}\n");
	assert_true(on);
	dial(1, "{\"recording\":\"off\"}\n");
	assert_string_equal(hear(1), "{\"outcome\":\"done\",\"recording\":\"off\"}\n");
	assert_false(on);
	assert_int_equal(switched, 2);
}

static void a_control_is_answered_once_the_camera_has_set_it(void **state)
{
	(void)state;
	dial(0, "{\"control\":\"gain\",\"value\":7}\n");
	wait_for_changes(1);
	assert_string_equal(changed_name, "gain");
	assert_string_equal(changed_value, "7");
	assert_int_equal(recv(clients[0], answer, 1, MSG_DONTWAIT), -1);
	control_server_finish(server, ticket, true, 6, NULL);
	assert_string_equal(hear(0), "{\"outcome\":\"done\",\"control\":\"gain\",\"value\":6}\n");
}

static void the_camera_s_refusal_is_the_answer(void **state)
{
	(void)state;
	dial(0, "{\"control\":\"gain\",\"value\":700}\n");
	wait_for_changes(1);
	control_server_finish(server, ticket, false, 0, &(struct reason){"it takes \"0\" to 255"});
	assert_string_equal(hear(0), "{\"outcome\":\"refused\",\"sentence\":\"it takes \\\"0\\\" to 255\"}\n");
}

static void without_a_camera_its_controls_are_unavailable(void **state)
{
	(void)state;
	has_camera = false;
	dial(0, "{\"control\":\"gain\",\"value\":7}\n");
	assert_string_equal(hear(0), "{\"outcome\":\"unavailable\",\"sentence\":\"there is no camera\"}\n");
}

static void a_choice_of_the_set_up_is_answered_once_it_is_written(void **state)
{
	(void)state;
	dial(0, "{\"setup\":{\"fps\":25}}\n");
	wait_for_changes(1);
	assert_string_equal(changed_name, "fps");
	assert_string_equal(changed_value, "25");
	assert_int_equal(recv(clients[0], answer, 1, MSG_DONTWAIT), -1);
	control_server_finish_setup(server, ticket, CONFIG_REPLACED, true, NULL);
	assert_string_equal(hear(0), "{\"outcome\":\"done\",\"restarts\":true}\n");
	dial(1, "{\"setup\":{\"fps\":25}}\n");
	wait_for_changes(2);
	control_server_finish_setup(server, ticket, CONFIG_UNWRITABLE, true, &(struct reason){"read-only"});
	assert_string_equal(hear(1), "{\"outcome\":\"unwritable\",\"sentence\":\"read-only\"}\n");
	dial(2, "{\"setup\":{}}\n");
	assert_string_equal(hear(2), "{\"fps\":30,\"outcome\":\"done\"}\n");
	assert_int_equal(changes, 2);
}

static void nonsense_and_overlong_lines_are_refused(void **state)
{
	static char line[CONTROL_LINE_BYTES + 1];

	(void)state;
	dial(0, "nonsense\n");
	assert_non_null(strstr(hear(0), "\"refused\""));
	memset(line, ' ', CONTROL_LINE_BYTES);
	dial(1, line);
	assert_non_null(strstr(hear(1), "\"refused\""));
	assert_int_equal(switched + changes, 0);
}

static void a_line_may_come_in_pieces(void **state)
{
	(void)state;
	dial(0, "{\"recording\"");
	dial(1, "{\"recording\":\"off\"}\n");
	hear(1);
	assert_int_equal(send(clients[0], ":\"on\"}\n", 7, MSG_NOSIGNAL), 7);
	assert_string_equal(hear(0), "{\"outcome\":\"done\",\"recording\":\"on\"}\n");
}

/* The ninth client waits until one of eight silent ones leaves. */
static void when_all_connections_are_in_use_the_next_client_waits(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++)
		dial(i, i ? NULL : "{\"control\":\"gain\",\"value\":7}\n");
	wait_for_changes(1);
	dial(8, "{\"recording\":\"on\"}\n");
	close(clients[3]);
	clients[3] = -1;
	assert_non_null(strstr(hear(8), "\"done\""));
}

static void an_answer_for_a_client_that_has_left_goes_to_nobody_else(void **state)
{
	uint32_t first;

	(void)state;
	dial(0, "{\"control\":\"gain\",\"value\":1}\n");
	wait_for_changes(1);
	first = ticket;
	dial(1, "{\"control\":\"gain\",\"value\":2}\n");
	wait_for_changes(2);
	close(clients[0]);
	clients[0] = -1;
	control_server_finish(server, first, true, 1, NULL);
	control_server_finish(server, ticket, true, 2, NULL);
	assert_non_null(strstr(hear(1), "\"value\":2"));
}

static void a_second_server_of_the_same_name_is_refused(void **state)
{
	struct reason why = {""};

	(void)state;
	assert_null(open_control(&why));
	assert_true(why.text[0]);
}

static void the_socket_of_a_killed_recorder_is_replaced(void **state)
{
	struct sockaddr_un address;
	socklen_t bytes = control_address(name, &address);
	struct reason why = {""};
	struct stat status;

	(void)state;
	control_server_destroy(server);
	assert_int_equal(lstat(address.sun_path, &status), -1);
	int left = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(left, (struct sockaddr *)&address, bytes), 0);
	close(left);
	server = open_control(&why);
	if (!server)
		fail_msg("%s", why.text);
	assert_int_equal(lstat(address.sun_path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0660);
	dial(0, "{\"recording\":\"off\"}\n");
}

/* Somebody has removed the user's folder. */
static void a_socket_that_was_removed_is_created_again(void **state)
{
	struct sockaddr_un address;
	struct stat status;

	(void)state;
	control_address(name, &address);
	dial(0, "{\"control\":\"gain\",\"value\":7}\n");
	wait_for_changes(1);
	assert_int_equal(unlink(address.sun_path), 0);
	control_server_check(server);
	dial(1, "{\"recording\":\"on\"}\n");
	assert_non_null(strstr(hear(1), "\"done\""));
	assert_int_equal(lstat(address.sun_path, &status), 0);
	control_server_check(server);
	dial(2, "{\"recording\":\"off\"}\n");
	assert_non_null(strstr(hear(2), "\"done\""));
	/* A client that had connected before still gets its answer. */
	control_server_finish(server, ticket, true, 7, NULL);
	assert_non_null(strstr(hear(0), "\"value\":7"));
}

static void another_file_in_its_place_is_left_alone(void **state)
{
	struct sockaddr_un address;
	socklen_t bytes = control_address(name, &address);
	struct stat status;
	int other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(unlink(address.sun_path), 0);
	assert_int_equal(bind(other, (struct sockaddr *)&address, bytes), 0);
	assert_int_equal(listen(other, 8), 0);
	control_server_check(server);
	control_server_destroy(server);
	server = NULL;
	assert_int_equal(lstat(address.sun_path, &status), 0);
	close(other);
	assert_int_equal(unlink(address.sun_path), 0);
}

#define NOBODY 65534

/* Sends a request as a process of another user; never returns. */
static void request_as_nobody(const gid_t *groups, size_t count)
{
	const char request[] = "{\"recording\":\"on\"}\n";
	struct sockaddr_un address;
	socklen_t bytes = control_address(name, &address);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (setgroups(count, groups) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
		_exit(2);
	if (connect(fd, (struct sockaddr *)&address, bytes) != 0 ||
	    send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		_exit(1);
	_exit(recv(fd, answer, sizeof(answer), 0) > 0 ? 0 : 1);
}

static pid_t asker;
static int asker_status;

static void asker_round(void *context)
{
	(void)context;
	if (waitpid(asker, &asker_status, WNOHANG) == asker) {
		loop_stop(loop);
		return;
	}
	assert_true(mono_now().us < limit.us);
	loop_timer_set(loop, &round_timer, (mono_t){mono_now().us + US_PER_MS});
}

static int status_of_nobody(const gid_t *groups, size_t count)
{
	asker = fork();
	if (asker == 0)
		request_as_nobody(groups, count);
	limit = (mono_t){mono_now().us + LIMIT_US};
	round_timer.due = asker_round;
	loop_timer_set(loop, &round_timer, mono_now());
	loop_run(loop);
	assert_true(WIFEXITED(asker_status));
	return WEXITSTATUS(asker_status);
}

static void another_user_is_answered_if_the_recorder_s_group_is_among_its_own(void **state)
{
	const gid_t groups[] = {NOBODY - 1, getegid(), NOBODY - 2};

	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can change its user */
	assert_int_equal(status_of_nobody(groups, 3), 0);
	assert_int_equal(switched, 1);
	assert_int_equal(status_of_nobody(NULL, 0), 1);
	assert_int_equal(status_of_nobody(groups, 1), 1);
	assert_int_equal(switched, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(recording_is_switched_and_the_answer_has_its_new_state),
		CASE(a_control_is_answered_once_the_camera_has_set_it),
		CASE(the_camera_s_refusal_is_the_answer),
		CASE(without_a_camera_its_controls_are_unavailable),
		CASE(a_choice_of_the_set_up_is_answered_once_it_is_written),
		CASE(nonsense_and_overlong_lines_are_refused),
		CASE(a_line_may_come_in_pieces),
		CASE(when_all_connections_are_in_use_the_next_client_waits),
		CASE(an_answer_for_a_client_that_has_left_goes_to_nobody_else),
		CASE(another_user_is_answered_if_the_recorder_s_group_is_among_its_own),
		CASE(a_second_server_of_the_same_name_is_refused),
		CASE(the_socket_of_a_killed_recorder_is_replaced),
		CASE(a_socket_that_was_removed_is_created_again),
		CASE(another_file_in_its_place_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
