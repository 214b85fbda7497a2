/*
 * fuzz_jpeg.c - a camera's picture.
 *
 * One that is accepted ends with EOI within the data, and is the same picture without what comes after that. With the
 * missing tables added, as it goes into the ring, it is a whole picture of the same size with tables. Input: the
 * picture.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "recorderd/source/jpeg.h"
#include "recorderd/source/mjpeg_frame.h"

static void check_ring_picture(const uint8_t *data, size_t size, const struct jpeg_info *info)
{
	struct source_frame frame;
	struct jpeg_info after;
	size_t length = 0;

	holds(mjpeg_frame_prepare(data, size, &frame));
	uint8_t *picture = malloc(info->length + jpeg_standard_dht_bytes);
	for (int i = 0; i < (int)frame.count; i++) {
		memcpy(picture + length, frame.parts[i].iov_base, frame.parts[i].iov_len);
		length += frame.parts[i].iov_len;
	}
	holds(length == info->length + (info->has_dht ? 0 : jpeg_standard_dht_bytes));
	holds(jpeg_inspect(picture, length, &after));
	holds(after.has_dht && after.length == length && after.width == info->width && after.height == info->height);
	free(picture);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jpeg_info info, again;

	if (!jpeg_inspect(data, size, &info))
		return 0;
	holds(info.length <= size && info.length >= 4 && info.sos_at > 0 && info.sos_at < info.length);
	holds(data[info.length - 2] == 0xff && data[info.length - 1] == 0xd9);
	holds(data[info.sos_at] == 0xff && data[info.sos_at + 1] == 0xda);
	holds(info.width > 0 && info.height > 0 && info.components >= 1 && info.components <= 4);
	uint8_t *exact = input_copy(data, info.length);
	holds(jpeg_inspect(exact, info.length, &again) && memcmp(&info, &again, sizeof(info)) == 0);
	check_ring_picture(exact, info.length, &info);
	free(exact);
	return 0;
}
