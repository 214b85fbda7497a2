/*
 * response_writer.h - sends one response to the web server.
 *
 * It writes FCGI_STDOUT records (FastCGI specification 1.0, section 5.3) to a non-blocking socket. If the kernel
 * supports it (zero_copy.h), the pages of files go into the socket without a copy.
 *
 * Of a file that is partial, bytes may have to be fetched first (virtual_file.h). The head is sent together with the first
 * bytes of the media, so that a response of which nothing can be had is not begun.
 *
 * The framing of a file depends only on the position. So a blocked connection keeps its position and no bytes: what the
 * socket did not accept is read from the file again later. The head stays in memory until everything is sent.
 */
#ifndef FCGI_IO_RESPONSE_WRITER_H
#define FCGI_IO_RESPONSE_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "fcgi/io/virtual_file.h"
#include "shared/base/buffer.h"

struct response_writer {
	struct buffer head;            /* whole records: the CGI headers and a short body */
	struct virtual_file *file;     /* or NULL; owned */
	uint64_t first, end;           /* bytes of the file that follow the head */
	uint64_t sent;                 /* bytes sent, including the headers of records */
	bool copies;                   /* sendfile() does not work for this file */
	struct virtual_file_need need; /* what is missing, after RESPONSE_WRITER_LACKS_BYTES */
};

enum response_writer_outcome {
	RESPONSE_WRITER_DONE,        /* the kernel has the last byte */
	RESPONSE_WRITER_BLOCKED,     /* call again when the socket is writable */
	RESPONSE_WRITER_LACKS_BYTES, /* call again when writer->need has been fetched */
	RESPONSE_WRITER_FAILED,      /* the peer closed or a file could not be read: close the connection */
};

/*
 * Sends as much of one record as the socket accepts. That gives other connections their turn, and the web server has
 * read a record before the next one is sent.
 */
enum response_writer_outcome response_writer_send(struct response_writer *writer, int fd, uint8_t *scratch,
						  size_t scratch_bytes);

/* How many bytes of the file, from its beginning, come before the next one that is sent. */
uint64_t response_writer_file_position(const struct response_writer *writer);

/*
 * Whether the kernel has everything but the end of the request. A web server that knows the length may close then,
 * without waiting for that end, because it has the whole response.
 */
bool response_writer_is_delivered(const struct response_writer *writer);

void response_writer_free(struct response_writer *writer);

#endif
