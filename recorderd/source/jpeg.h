/*
 * jpeg.h - what a recorder must know of a camera's JPEG without decoding it (ITU-T T.81, annex B).
 */
#ifndef RECORDERD_SOURCE_JPEG_H
#define RECORDERD_SOURCE_JPEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jpeg_info {
	size_t length; /* through EOI, without the padding that some cameras put behind it */
	size_t sos_at; /* offset of the SOS marker: where missing Huffman tables go */
	bool has_dht;  /* at least one DHT before SOS */
	uint16_t width, height;
	uint8_t components;
	uint8_t h_sampling, v_sampling; /* of the first component */
};

/*
 * Walks the marker segments to SOS and finds the EOI behind the last scan. False for anything that is not one whole
 * baseline, extended or progressive JPEG: no SOI, a length that leaves the data, no SOF, not 8 bits a sample, a zero
 * size, no SOS, no EOI. Pure; never reads outside of data[0 .. length).
 */
bool jpeg_inspect(const uint8_t *data, size_t length, struct jpeg_info *out);

/* The DHT segment with the standard tables (T.81, annex K.3), marker and length included. */
extern const uint8_t jpeg_standard_dht[];
extern const size_t jpeg_standard_dht_bytes;

#endif
