/* notifier_cases.h - what the tests of notifications share: a notifier of a recorder that works, and its notifications. */
#ifndef TESTS_UNIT_SUPPORT_NOTIFIER_CASES_H
#define TESTS_UNIT_SUPPORT_NOTIFIER_CASES_H

#include "recorderd/notify/notifier.h"
#include "tests/unit/support/ring_cases.h"

struct json_object;

#define NOTIFIED_MAX 64

extern struct notifier_run {
	struct notification_writer *events;
	struct motion_ring_writer *motion;
	struct notifier *notifier;
	struct recorder_state state; /* of the recorder */
	enum gap_cause lost;
	mono_t newest;  /* frame */
	int64_t second; /* of the next motion record */
	struct json_object *notified[NOTIFIED_MAX];
	size_t count, read; /* notifications so far, and of these compared */
} notifier_run;

/* Setup of a program: ring_case.name is that of the ring of notifications. */
int notifier_name_rings(void **state);

/* Setup and teardown of a case. */
int notifier_open(void **state);
int notifier_close(void **state);

#define NOTIFIER_CASE(name) cmocka_unit_test_setup_teardown(name, notifier_open, notifier_close)

/* Notifies of the start. */
void notifier_begin(void);

/* Lets time pass (fake_clock.h); with five states per second. A camera that streams gives frames. */
void notifier_pass(int64_t us);
void notifier_live(double seconds);

/* A record per second: the strength of a cell, or a blank for none. */
void notifier_move(const char *strengths);

void notifier_lose_camera(enum camera_state as, enum gap_cause cause);
void notifier_get_camera_back(void);

/* Compares the kinds and causes since the last call, such as "camera-lost unplugged, camera-back". */
void expect_notified(const char *expected);

/* A member of notification `i`; empty if it has none. */
const char *notified_text(size_t i, const char *name);

#endif
