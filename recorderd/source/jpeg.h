/* jpeg.h - what a recorder must know about a camera's JPEG without decoding it (ITU-T T.81, annex B). */
#ifndef RECORDERD_SOURCE_JPEG_H
#define RECORDERD_SOURCE_JPEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jpeg_info {
	size_t length; /* including EOI, without the padding that some cameras add after it */
	size_t sos_at; /* the offset of the SOS marker, where missing Huffman tables are inserted */
	bool has_dht;  /* there is at least one DHT before SOS */
	uint16_t width, height;
	uint8_t components;
	uint8_t h_sampling, v_sampling; /* of the first component */
};

/*
 * Follows the marker segments to SOS and finds the EOI after the last scan. Returns false for anything that is not one
 * complete baseline, extended or progressive JPEG: no SOI, a segment longer than the data, no SOF, not 8 bits per
 * sample, a size of zero, no SOS, no EOI. Pure function; never reads outside of data[0 .. length).
 */
bool jpeg_inspect(const uint8_t *data, size_t length, struct jpeg_info *out);

/* A DHT segment with the standard tables (T.81, annex K.3), including marker and length. */
extern const uint8_t jpeg_standard_dht[];
extern const size_t jpeg_standard_dht_bytes;

#endif
