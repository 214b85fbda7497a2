/* mjpeg_frame.c - makes a complete JPEG out of what a camera sends as one. */
#include "recorderd/source/mjpeg_frame.h"

#include "recorderd/source/jpeg.h"

static void add_part(struct source_frame *frame, const uint8_t *data, size_t length)
{
	frame->parts[frame->count++] = (struct iovec){.iov_base = (void *)(uintptr_t)data, .iov_len = length};
}

bool mjpeg_frame_prepare(const uint8_t *data, size_t length, struct source_frame *out)
{
	struct jpeg_info info;

	*out = (struct source_frame){0};
	if (!jpeg_inspect(data, length, &info))
		return false;
	out->width = info.width;
	out->height = info.height;
	if (info.has_dht) {
		add_part(out, data, info.length);
		return true;
	}
	add_part(out, data, info.sos_at);
	add_part(out, jpeg_standard_dht, jpeg_standard_dht_bytes);
	add_part(out, data + info.sos_at, info.length - info.sos_at);
	return true;
}
