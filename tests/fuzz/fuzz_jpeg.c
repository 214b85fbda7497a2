/*
 * fuzz_jpeg.c - a camera's picture. An accepted one ends within the data, and is the same picture without what follows
 * that end. With what it lacked it is a complete picture of the same size in the ring. Input: the picture.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "recorderd/source/jpeg.h"
#include "recorderd/source/mjpeg_frame.h"

#define ADDED_MAX 1024 /* bytes of Huffman tables and the end marker */

static void check_ring_picture(const uint8_t *data, size_t size)
{
	struct source_frame frame;
	struct jpeg_info after;
	size_t length = 0;

	if (mjpeg_frame_prepare(data, size, &frame) != DAMAGE_NONE)
		return;
	holds(frame.count <= SOURCE_PARTS_MAX);
	uint8_t *picture = malloc(size + ADDED_MAX);
	for (int i = 0; i < frame.count; i++) {
		holds(length + frame.parts[i].iov_len <= size + ADDED_MAX);
		memcpy(picture + length, frame.parts[i].iov_base, frame.parts[i].iov_len);
		length += frame.parts[i].iov_len;
	}
	holds(jpeg_inspect(picture, length, &after));
	holds(after.has_end && after.length == length && after.missing_tables == 0);
	holds(after.width == frame.width && after.height == frame.height);
	free(picture);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jpeg_info info, again;

	check_ring_picture(data, size);
	if (!jpeg_inspect(data, size, &info))
		return 0;
	holds(info.length <= size && info.length >= 4 && info.sos_at > 0 && info.sos_at < info.length);
	holds(!info.has_end || (data[info.length - 2] == 0xff && data[info.length - 1] == 0xd9));
	holds(data[info.sos_at] == 0xff && data[info.sos_at + 1] == 0xda);
	holds(info.width > 0 && info.height > 0 && info.components >= 1 && info.components <= 4);
	uint8_t *exact = input_copy(data, info.length);
	info.two_fields = false;
	holds(!info.has_end || (jpeg_inspect(exact, info.length, &again) && memcmp(&info, &again, sizeof(info)) == 0));
	free(exact);
	return 0;
}
