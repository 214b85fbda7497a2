/* live_server.h - recorder-live's loop on a thread, beside a recorder that writes what a test wants, for tests. */
#ifndef TESTS_UNIT_SUPPORT_LIVE_SERVER_H
#define TESTS_UNIT_SUPPORT_LIVE_SERVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/config/config.h"
#include "tests/unit/support/live_client.h"
#include "tests/unit/support/ring_cases.h"

#define FRAME_BYTES 150000 /* three records */
#define WIDTH       64

extern struct live_server {
	char folder[64];
	struct config camera;
	struct ring_writer *recorder; /* NULL: it does not run */
	uint64_t places;              /* as the recorder has read them; those of `camera` are as recorder-live did */
} live_server;

/* Publishes the recorder's state with a heartbeat of now. */
void live_server_publish(void);

/* The recorder's side: a new ring, and its state. */
void live_server_start_recorder(void);

/* Starts both; recorder-live gives a recorder up that says nothing for that long. Not 0: failed. */
int live_server_start_with(void **state, int64_t gone_limit_us);

/* Setup of a case: the same with five minutes. */
int live_server_start(void **state);

/* Ends recorder-live's thread; once more does nothing. */
void live_server_stop(void);

/* Teardown of a case. */
int live_server_tear_down(void **state);

/* Frame number n is made from the seed n, so that a viewer can tell which one it got. */
void record_frame_sized(uint32_t n, size_t length, uint16_t width);

/* The same with FRAME_BYTES and WIDTH. */
void record_frame(uint32_t n);

/* Setup of a program: its folder, socket and names. */
int live_server_make_folder(void **state);

/* Its teardown. */
int live_server_remove_folder(void **state);

#define CASE(name) cmocka_unit_test_setup_teardown(name, live_server_start, live_server_tear_down)

#endif
