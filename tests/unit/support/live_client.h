/* live_client.h - a viewer of the live stream, for tests: asks for it, and takes it apart frame by frame. */
#ifndef TESTS_UNIT_SUPPORT_LIVE_CLIENT_H
#define TESTS_UNIT_SUPPORT_LIVE_CLIENT_H

#include <stdint.h>

#include "shared/base/buffer.h"

struct viewer {
	int fd;
	struct buffer bytes; /* what came and was not looked at yet */
	int last_type;       /* of the last record */
};

extern char live_socket_path[80]; /* where recorder-live listens */

/* Connects and asks; live_leave() ends it. Nothing that it waits for takes longer than a minute. */
struct viewer live_ask(const char *method, const char *uri);

/* Hangs up. */
void live_leave(struct viewer *viewer);

/* Asks for a stream, and takes its head and first boundary. */
struct viewer live_watch(const char *uri);

/* The next part: its frame's number, 0 where the stream has ended. Fails where a byte of it is wrong. */
uint32_t live_next_frame(struct viewer *viewer);

/* The next one behind frame `last`, which is sent again where the next one is long in coming. */
uint32_t live_frame_after(struct viewer *viewer, uint32_t last);

/* The status of an answer, and its head, to be freed. */
int live_status_of(const char *method, const char *uri, char **headers);

/* Fails unless the answer has that status and that in its head. */
void live_expect_status(const char *method, const char *uri, int status, const char *header);

#endif
