/*
 * picture.h - decodes the luma of a JPEG from the camera, as small as it is needed.
 *
 * The bytes are hostile. Only what cameras send is decoded: baseline Huffman JPEGs in one scan, grey or YCbCr, of the
 * size that the ring says. libjpeg then needs neither much memory nor much time, whatever the bytes are.
 */
#ifndef MOTION_PICTURE_H
#define MOTION_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#include "motion/detector/plane.h"

#define PICTURE_SIDE_MAX 16384

struct picture_decoder;

/* The decoder allocates memory for each picture, less than PICTURE_MEMORY_BYTES. Returns NULL if memory is short. */
#define PICTURE_MEMORY_BYTES (4u << 20)
struct picture_decoder *picture_decoder_create(void);
void picture_decoder_destroy(struct picture_decoder *decoder);

enum picture_outcome {
	PICTURE_OK,
	PICTURE_DAMAGED,     /* libjpeg found an error, or data is missing */
	PICTURE_UNSUPPORTED, /* a kind of JPEG that is not decoded here */
	PICTURE_OTHER_SIZE,  /* than the ring says */
	PICTURE_NO_MEMORY,
};

/* What is wrong with the pictures, for a person; NULL for PICTURE_OK. */
const char *picture_problem(enum picture_outcome outcome);

/*
 * Decodes a JPEG of width x height pixels into `luma` (PLANE_PIXELS_MAX values from 0 to 255) and sets *size. The
 * outcome is not PICTURE_OK if the values cannot be used.
 */
enum picture_outcome picture_decode(struct picture_decoder *decoder, const uint8_t *jpeg, size_t length, unsigned width,
				    unsigned height, float *luma, struct plane_size *size);

#endif
