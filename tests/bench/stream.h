/*
 * stream.h - the receiving end of a multipart/x-mixed-replace stream, or of a fragmented MP4 without an end: reads its
 * socket and reports each complete picture. The kernel discards the picture's bytes (MSG_TRUNC), so that the viewers of
 * a benchmark leave the machine to what is measured.
 */
#ifndef TESTS_BENCH_STREAM_H
#define TESTS_BENCH_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_LINE_BYTES 256

enum stream_state { STREAM_ASKED, STREAM_SERVED, STREAM_REFUSED, STREAM_CLOSED };

struct stream {
	int fd; /* non-blocking */
	enum stream_state state;
	int status;       /* of the answer; 0: none yet */
	size_t body_left; /* of the picture that is being read */
	size_t length;    /* Content-Length of the part whose headers are being read */
	char line[STREAM_LINE_BYTES];
	size_t line_length;
	int64_t taken_us; /* wall time at which the camera took the picture (FRAMES_STAMP, else X-Timestamp); 0: unknown
			   */
	uint64_t pictures, bytes;
	bool video, in_boxes, in_mdat; /* an MP4; its headers are over; its mdat is being read */
	int64_t key_us, key_media_us;  /* of the newest prft: wall time, and the time in the video that it belongs to */
};

/* Called for each picture whose last byte has arrived. */
typedef void (*stream_picture)(struct stream *stream, void *context);

/*
 * Reads at most `limit` bytes. Returns how many; 0 if there is nothing now, or if the stream is closed (see its
 * state).
 */
size_t stream_read(struct stream *stream, size_t limit, stream_picture picture, void *context);

#endif
