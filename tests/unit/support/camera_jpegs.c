/* camera_jpegs.c - small JPEGs as a camera might send them. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "recorderd/rawjpeg/jpeg_compressor.h"
#include "tests/unit/support/camera_jpegs.h"

size_t camera_jpeg_make(uint32_t width, uint32_t height, uint8_t *out, size_t bytes)
{
	struct v4l2_pix_format pix = {.width = width, .height = height, .pixelformat = V4L2_PIX_FMT_GREY};
	struct raw_format format;
	struct jpeg_compressor *encoder;
	uint8_t *picture = malloc((size_t)width * height);
	size_t length;

	raw_format_init(&format, &pix);
	encoder = jpeg_compressor_create(&format, NULL);
	for (size_t i = 0; i < (size_t)width * height; i++)
		picture[i] = (uint8_t)(16 + i % width * 200 / width);
	length = jpeg_compressor_run(encoder, picture, out, bytes);
	jpeg_compressor_destroy(encoder);
	free(picture);
	return length;
}

size_t camera_jpeg_strip_tables(uint8_t *jpeg, size_t length)
{
	size_t at = 2;

	while (at + 4 <= length && jpeg[at] == 0xff && jpeg[at + 1] != 0xda) {
		size_t segment = 2 + (size_t)(jpeg[at + 2] << 8 | jpeg[at + 3]);
		if (jpeg[at + 1] != 0xc4) {
			at += segment;
			continue;
		}
		memmove(jpeg + at, jpeg + at + segment, length - at - segment);
		length -= segment;
	}
	return length;
}
