/* live_server.h - recorder-live's loop on a thread, and a recorder that writes what a test wants. */
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
	struct ring_writer *recorder; /* NULL if it does not run */
	uint64_t max_event_clients;   /* 0: as in `camera` */
	int64_t silence_us;           /* 0: a minute */
	uint64_t max_viewers;         /* as read by the recorder; `camera` is as read by recorder-live */
} live_server;

/* Publishes the recorder's state with the current time as its heartbeat. */
void live_server_publish(void);

/* Starts the recorder: a new ring, and its state. */
void live_server_start_recorder(void);

/* Starts both. recorder-live gives up on a recorder without a heartbeat for that long. Returns 0 on success. */
int live_server_start_with(void **state, int64_t gone_limit_us);

/* Setup of a case: the same, with five minutes. */
int live_server_start(void **state);

/* Starts recorder-live's thread again. Returns 0 on success. */
int live_server_serve(void);

/* Ends recorder-live's thread; does nothing if it has ended. */
void live_server_stop(void);

/* Teardown of a test case. */
int live_server_tear_down(void **state);

/* Records frame number n, which is made from the seed n, so that a viewer can tell which one it got. */
void record_frame_sized(uint32_t n, size_t length, uint16_t width);

/* The same with FRAME_BYTES and WIDTH. */
void record_frame(uint32_t n);

/* Setup of a test program: its folder, socket and names. */
int live_server_make_folder(void **state);

/* Teardown of a test program. */
int live_server_remove_folder(void **state);

#define CASE(name) cmocka_unit_test_setup_teardown(name, live_server_start, live_server_tear_down)

#endif
