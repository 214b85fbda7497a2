/* jpeg.h - what a recorder must know about a camera's JPEG without decoding it (ITU-T T.81, annex B). */
#ifndef RECORDERD_SOURCE_JPEG_H
#define RECORDERD_SOURCE_JPEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JPEG_STRAYS_MAX 4

/* Bytes between two segments that belong to neither. Decoders skip them, but strict ones refuse the picture. */
struct jpeg_stray {
	size_t at, length;
};

struct jpeg_info {
	size_t length;           /* up to the end of the picture, without the padding that some cameras add after it */
	bool has_end;            /* false: there is no EOI, and it must be appended at `length` */
	bool header_valid;       /* decoders accept the tables and the sampling factors that precede the first scan */
	bool two_fields;         /* one field of an interlaced picture, and another one follows (AVI1) */
	size_t sos_at;           /* the offset of the SOS marker, where missing Huffman tables are inserted */
	unsigned missing_tables; /* what the first scan needs and no DHT before it defines: bits of jpeg_tables.h */
	struct jpeg_stray strays[JPEG_STRAYS_MAX]; /* before the first scan, to be left out */
	unsigned stray_count;
	uint16_t width, height;
	uint8_t components;
	uint8_t h_sampling, v_sampling; /* of the first component */
};

/*
 * Follows the marker segments to SOS and finds the end of the last scan. Returns false for anything that is not one
 * complete baseline, extended or progressive JPEG: no SOI, a segment longer than the data, no SOF, not 8 bits per
 * sample, a size of zero, no SOS, or no end. sos_at is not 0 if only the end is missing.
 *
 * A picture whose header is not valid is one all the same. But libjpeg and FFmpeg give up on it, and Chromium shows
 * nothing more of a live stream in which there was one.
 *
 * The end is EOI. Some cameras leave it out, or pad a picture in its place; then the Huffman codes of a baseline
 * picture tell whether all of it is there (jpeg_scan.h).
 *
 * Pure function; never reads outside of data[0 .. length).
 */
bool jpeg_inspect(const uint8_t *data, size_t length, struct jpeg_info *out);

#endif
