/*
 * response_writer.h - the way of one answer to the web server: FCGI_STDOUT records (FastCGI specification 1.0,
 * section 5.3) on a non-blocking socket. Where the kernel allows it (zero_copy.h) the pages of files go into the socket
 * as they are, without a copy.
 *
 * The framing of a file is a function of the position alone, so a connection that waits keeps of it a position and no
 * bytes: what the socket did not take is read from the file again once it can be written. The lead stays in memory
 * until all has left.
 */
#ifndef FCGI_IO_RESPONSE_WRITER_H
#define FCGI_IO_RESPONSE_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "fcgi/io/virtual_file.h"
#include "shared/base/buffer.h"

struct response_writer {
	struct buffer lead;        /* whole records: the CGI headers and a short body */
	struct virtual_file *file; /* or NULL; owned */
	uint64_t first, end;       /* bytes of the file that follow the lead */
	uint64_t sent;             /* of everything, records' headers included */
	bool copies;               /* its file cannot give its pages */
};

enum response_writer_outcome {
	RESPONSE_WRITER_DONE,    /* the last byte is with the kernel */
	RESPONSE_WRITER_BLOCKED, /* call again when the socket can be written */
	RESPONSE_WRITER_FAILED,  /* the peer closed, or a file could not be read: close */
};

/*
 * Sends what the socket takes of one record, so that others have their turn, and the web server has taken that one when
 * the next one goes out.
 */
enum response_writer_outcome response_writer_send(struct response_writer *flow, int fd, uint8_t *scratch,
						  size_t scratch_bytes);

/*
 * All but the end of the request is with the kernel. A web server that knows the length closes then, without waiting
 * for that end: it has the whole answer.
 */
bool response_writer_is_delivered(const struct response_writer *flow);

void response_writer_free(struct response_writer *flow);

#endif
