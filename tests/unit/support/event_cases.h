/* event_cases.h - server-sent events for tests: a recorder that tells what a test wants, and a client that reads. */
#ifndef TESTS_UNIT_SUPPORT_EVENT_CASES_H
#define TESTS_UNIT_SUPPORT_EVENT_CASES_H

#include <stdbool.h>
#include <stdint.h>

#include "recorderd/notify/motion_ring_writer.h"
#include "recorderd/notify/notification_writer.h"
#include "tests/unit/support/live_client.h"

extern struct event_recorder {
	struct notification_writer *notifications; /* NULL: it does not run */
	struct motion_ring_writer *seconds;
	uint64_t series, number; /* of the newest notification */
} event_recorder;

/* Setup and teardown of a case: recorder-live, and a recorder with both rings. */
int event_cases_start(void **state);
int event_cases_stop(void **state);

/* The recorder's end, for the next one, and its next start. */
void event_recorder_detach(void);
void event_recorder_attach(void);

/* Puts a notification of that kind; `filling` bytes make its text longer. */
void tell(enum notification_kind kind, size_t filling);

/* Puts the record of a second in which a cell of that column, in the top row, moves so strongly. */
void pass_second(int64_t second, int column, enum motion_strength strength);

/* One block of the stream: what a client makes of it. */
struct event_block {
	char event[32];
	char id[80];
	char data[2048];
};

/* Requests a stream and reads its headers. `last_event_id` is the header, or NULL. */
struct viewer event_watch(const char *uri, const char *last_event_id);

/* Reads a block. False if the stream has ended. */
bool event_read(struct viewer *viewer, struct event_block *out);

/* Reads the next block with that event, whatever comes before it. */
void event_read_until(struct viewer *viewer, const char *event, struct event_block *out);

/* Reads the state that a stream without anything to catch up with begins with. */
struct viewer event_watch_from_now(const char *uri);

/* The next event, which is no state, is of that kind, and has that number in its id. */
void event_expect(struct viewer *viewer, enum notification_kind kind, uint64_t number);

#endif
