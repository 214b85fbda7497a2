/* live_client.h - a viewer of the live stream, which it parses frame by frame. */
#ifndef TESTS_UNIT_SUPPORT_LIVE_CLIENT_H
#define TESTS_UNIT_SUPPORT_LIVE_CLIENT_H

#include <stdint.h>

#include "shared/base/buffer.h"

struct viewer {
	int fd;
	struct buffer bytes; /* received but not parsed yet */
	int last_type;       /* of the last record */
};

extern char live_socket_path[80]; /* where recorder-live listens */

/* Connects and sends a request; live_leave() ends it. Waits at most a minute for anything. */
struct viewer live_ask(const char *method, const char *uri);

/* Closes the connection. */
void live_leave(struct viewer *viewer);

/* Requests a stream, and reads its headers and the first boundary. */
struct viewer live_watch(const char *uri);

/* Reads the next part and returns its frame number, 0 if the stream has ended. Fails if a byte of the part is wrong. */
uint32_t live_next_frame(struct viewer *viewer);

/* Reads the next frame after `last`, which is sent again if the next one takes long. */
uint32_t live_frame_after(struct viewer *viewer, uint32_t last);

/* The status of an answer, and its headers, which the caller frees. */
int live_status_of(const char *method, const char *uri, char **headers);

/* The answer has that status, and its headers contain `header`. */
void live_expect_status(const char *method, const char *uri, int status, const char *header);

#endif
