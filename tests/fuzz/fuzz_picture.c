/*
 * fuzz_picture.c - a camera's picture as recorder-motion decodes it. One that is accepted has the expected size and
 * values from 0 to 255, and gives the same values again after any other. Input: width and height (16 bits each), then
 * the picture.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "motion/picture.h"

#define SIDE_MAX 2048 /* a larger picture only takes longer */

static struct picture_decoder *decoder;

static enum picture_outcome decode(const uint8_t *jpeg, size_t length, unsigned width, unsigned height, float *luma,
				   struct plane_size *size)
{
	enum picture_outcome outcome = picture_decode(decoder, jpeg, length, width, height, luma, size);

	holds((outcome == PICTURE_OK) == (picture_problem(outcome) == NULL));
	if (outcome != PICTURE_OK)
		return outcome;
	holds(size->width >= PLANE_SIDE_MIN && size->width <= PLANE_SIDE_MAX);
	holds(size->height >= PLANE_SIDE_MIN && size->height <= PLANE_SIDE_MAX);
	for (int i = 0; i < plane_pixels(*size); i++)
		holds(luma[i] >= -0.01f && luma[i] <= 255.01f);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static float first[PLANE_PIXELS_MAX], second[PLANE_PIXELS_MAX];
	struct input input = {data, size};
	unsigned width = (unsigned)input_number(&input, 2) % SIDE_MAX,
		 height = (unsigned)input_number(&input, 2) % SIDE_MAX;
	struct plane_size first_size, second_size;

	if (!decoder)
		decoder = picture_decoder_create();
	holds(decoder != NULL);
	uint8_t *jpeg = input_copy(input.at, input.left);
	enum picture_outcome outcome = decode(jpeg, input.left, width, height, first, &first_size);
	decode(jpeg, input.left / 2, width, height, second, &second_size);
	holds(decode(jpeg, input.left, width, height, second, &second_size) == outcome);
	if (outcome == PICTURE_OK)
		holds(memcmp(first, second, (size_t)plane_pixels(first_size) * sizeof(*first)) == 0);
	free(jpeg);
	return 0;
}
