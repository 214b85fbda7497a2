/*
 * jpeg_splitter.h - finds the JPEGs in what a camera's program or a network camera sends (ITU-T T.81, annex B).
 *
 * It takes JPEGs one right after the other (rpicam-vid --codec mjpeg, ffmpeg -f mjpeg) and multipart/x-mixed-replace
 * (ffmpeg -f mpjpeg, most network cameras), with boundaries and lengths of any kind: it follows the marker segments of
 * each picture to its EOI, and skips what is between two pictures. A thumbnail within a picture is in one of its
 * segments. A picture without an EOI ends at the start of the next one, as does one whose segments lead nowhere:
 * recorderd decides what it is worth. Pure functions.
 */
#ifndef SOURCE_JPEG_SPLITTER_H
#define SOURCE_JPEG_SPLITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JPEG_SPLITTER_JUNK_MAX (1024u * 1024) /* bytes between two pictures */

/* Zeroed: at the start of a stream, or after a picture. */
struct jpeg_splitter {
	bool started;   /* the beginning of a picture was found, at `begin` */
	bool in_scan;   /* `at` is within entropy-coded data, otherwise at a marker */
	bool is_broken; /* its segments lead nowhere, and it ends where the next picture starts */
	size_t begin, at;
};

struct jpeg_part {
	size_t begin, length; /* in the data */
};

enum jpeg_splitter_outcome {
	JPEG_SPLITTER_PICTURE,
	JPEG_SPLITTER_MORE, /* more data is needed */
	JPEG_SPLITTER_JUNK, /* there is no picture in JPEG_SPLITTER_JUNK_MAX bytes, or one is larger than SOURCE_PICTURE_MAX */
};

/*
 * Finds the next picture. `data` begins where the picture before ended, and keeps its beginning until there is one:
 * bytes are only added. Never reads outside of it.
 */
enum jpeg_splitter_outcome jpeg_splitter_next(struct jpeg_splitter *splitter, const uint8_t *data, size_t length,
					      struct jpeg_part *out);

#endif
