/* test_live_questions.c - motion events by a rule of the client's own, from live seconds to clients. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/notify/event_question.h"
#include "tests/unit/support/event_cases.h"
#include "tests/unit/support/live_server.h"

#define LEFT_HALF "area=0,0,.5,1"

static struct event_block block;
static int64_t now_second; /* seconds of the case begin here */

static int start(void **state)
{
	now_second = wall_now().us / US_PER_S - 100;
	return event_cases_start(state);
}

/* Still seconds from `from` to `to`, exclusive, counted from the beginning. */
static void still(int from, int to)
{
	for (int i = from; i < to; i++)
		pass_second(now_second + i, 0, MOTION_NONE);
}

static void expect(struct viewer *viewer, const char *event, int from)
{
	char text[64];

	do
		assert_true(event_read(viewer, &block));
	while (strcmp(block.event, "state") == 0 || *block.event == '\0');
	assert_string_equal(block.event, event);
	snprintf(text, sizeof(text), "\"from\":%" PRId64, now_second + from);
	if (!strstr(block.data, text))
		fail_msg("no %s in %s", text, block.data);
}

static void events_are_those_of_the_area_and_at_once(void **state)
{
	char id[128];

	(void)state;
	struct viewer left = event_watch_from_now("/events/live?" LEFT_HALF);
	struct viewer strong = event_watch_from_now("/events/live?strength=strong&join=1");
	pass_second(now_second, 30, MOTION_CLEAR);
	pass_second(now_second + 1, 3, MOTION_CLEAR);
	expect(&left, "motion-start", 1);
	snprintf(id, sizeof(id), "%016" PRIx64 "-1@%" PRId64, event_recorder.series, now_second + 1);
	assert_string_equal(block.id, id);
	pass_second(now_second + 2, 20, MOTION_STRONG);
	expect(&strong, "motion-start", 2);
	still(3, 9);
	expect(&strong, "motion-end", 2);
	expect(&left, "motion-end", 1);
	snprintf(id, sizeof(id), "\"to\":%" PRId64, now_second + 2);
	assert_non_null(strstr(block.data, id));
	live_leave(&left);
	live_leave(&strong);
}

/* The recorder's own say nothing about the area. */
static void motion_that_the_recorder_tells_is_left_out_and_the_rest_comes(void **state)
{
	(void)state;
	struct viewer left = event_watch_from_now("/events/live?" LEFT_HALF);
	tell(NOTIFY_MOTION_START, 0);
	tell(NOTIFY_MOTION_END, 0);
	tell(NOTIFY_SEGMENT, 0);
	event_expect(&left, NOTIFY_SEGMENT, 4);
	live_leave(&left);
	left = event_watch_from_now("/events/live?events=segment&" LEFT_HALF);
	pass_second(now_second, 3, MOTION_CLEAR);
	tell(NOTIFY_SEGMENT, 0);
	event_expect(&left, NOTIFY_SEGMENT, 5);
	live_leave(&left);
}

static void the_usual_rule_is_the_recorder_s(void **state)
{
	(void)state;
	struct viewer viewer = event_watch_from_now("/events/live?strength=faint&join=5&area=0,0,1,1");
	pass_second(now_second, 3, MOTION_CLEAR);
	tell(NOTIFY_MOTION_START, 0);
	event_expect(&viewer, NOTIFY_MOTION_START, 2);
	live_leave(&viewer);
}

static void the_state_answers_the_question(void **state)
{
	(void)state;
	pass_second(now_second, 3, MOTION_CLEAR);
	struct viewer viewer = event_watch("/events/live?" LEFT_HALF, NULL);
	event_read_until(&viewer, "state", &block);
	assert_non_null(strstr(block.data, "\"motion\":true"));
	live_leave(&viewer);
	viewer = event_watch("/events/live?area=.5,0,.5,1", NULL);
	event_read_until(&viewer, "state", &block);
	assert_non_null(strstr(block.data, "\"motion\":false"));
	live_leave(&viewer);
}

/* recorder-live is replaced meanwhile: what it finds depends on the records alone. */
static void a_client_that_comes_back_gets_what_it_missed(void **state)
{
	char id[128];

	(void)state;
	struct viewer viewer = event_watch_from_now("/events/live?" LEFT_HALF);
	still(0, 3);
	pass_second(now_second + 3, 3, MOTION_CLEAR);
	expect(&viewer, "motion-start", 3);
	snprintf(id, sizeof(id), "%s", block.id);
	live_leave(&viewer);
	live_server_stop();
	event_recorder_detach();
	event_recorder_attach();
	still(4, 12);
	pass_second(now_second + 12, 4, MOTION_STRONG);
	assert_int_equal(live_server_serve(), 0);
	viewer = event_watch("/events/live?" LEFT_HALF, id);
	expect(&viewer, "motion-end", 3);
	expect(&viewer, "motion-start", 12);
	assert_true(event_read(&viewer, &block));
	assert_string_equal(block.event, "state");
	live_leave(&viewer);
}

static void a_second_that_is_gone_is_a_loss(void **state)
{
	char id[128];

	(void)state;
	still(0, 3);
	snprintf(id, sizeof(id), "%016" PRIx64 "-1@%" PRId64, event_recorder.series, now_second - 1);
	struct viewer viewer = event_watch("/events/live?" LEFT_HALF, id);
	event_read_until(&viewer, "lost", &block);
	assert_non_null(strstr(block.data, "\"count\":null"));
	event_read_until(&viewer, "state", &block);
	live_leave(&viewer);
}

static void different_questions_are_limited_and_the_same_ones_shared(void **state)
{
	struct viewer viewers[EVENT_QUESTIONS_MAX + 2];
	char uri[64], *headers;
	int status;

	(void)state;
	live_server.max_event_clients = 100;
	live_server_publish();
	for (int i = 0; i < EVENT_QUESTIONS_MAX; i++) {
		snprintf(uri, sizeof(uri), "/events/live?join=%d", i + 10);
		viewers[i] = event_watch_from_now(uri);
	}
	live_expect_status("GET", "/events/live?join=9", 503, "Retry-After: ");
	viewers[EVENT_QUESTIONS_MAX] = event_watch_from_now("/events/live?join=10");
	viewers[EVENT_QUESTIONS_MAX + 1] = event_watch_from_now("/events/live");
	live_leave(&viewers[EVENT_QUESTIONS_MAX]);
	live_expect_status("GET", "/events/live?join=9", 503, "application/problem+json");
	live_leave(&viewers[1]);
	do {
		status = live_status_of("GET", "/events/live?join=9", &headers);
		free(headers);
	} while (status == 503);
	assert_int_equal(status, 200);
	for (int i = 0; i < EVENT_QUESTIONS_MAX + 2; i++)
		if (i != 1 && i != EVENT_QUESTIONS_MAX)
			live_leave(&viewers[i]);
}

#define QUESTION_CASE(name) cmocka_unit_test_setup_teardown(name, start, event_cases_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		QUESTION_CASE(events_are_those_of_the_area_and_at_once),
		QUESTION_CASE(motion_that_the_recorder_tells_is_left_out_and_the_rest_comes),
		QUESTION_CASE(the_usual_rule_is_the_recorder_s),
		QUESTION_CASE(the_state_answers_the_question),
		QUESTION_CASE(a_client_that_comes_back_gets_what_it_missed),
		QUESTION_CASE(a_second_that_is_gone_is_a_loss),
		QUESTION_CASE(different_questions_are_limited_and_the_same_ones_shared),
	};

	return cmocka_run_group_tests(tests, live_server_make_folder, live_server_remove_folder);
}
