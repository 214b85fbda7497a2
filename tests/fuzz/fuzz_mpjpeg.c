/*
 * fuzz_mpjpeg.c - FFmpeg's multipart stream.
 *
 * The parts do not depend on the pieces in which the stream arrives: the parser asks for more bytes until a part is
 * complete, and the part is within the data. Input: the stream.
 */
#include "tests/fuzz/fuzz.h"

#include "recorderd/source/mpjpeg.h"

static void check_prefix(const uint8_t *data, const struct mpjpeg_part *part, size_t length)
{
	struct mpjpeg_part none;
	uint8_t *prefix = input_copy(data, length);

	if (length < part->used)
		holds(mpjpeg_next(prefix, length, &none) == MPJPEG_MORE);
	free(prefix);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mpjpeg_part part;

	while (mpjpeg_next(data, size, &part) == MPJPEG_PART) {
		size_t head = part.used - part.length;
		holds(part.used <= size && part.length > 0 && part.body == data + head && head <= MPJPEG_HEAD_MAX);
		check_prefix(data, &part, 0);
		check_prefix(data, &part, head / 2);
		check_prefix(data, &part, head - 1);
		check_prefix(data, &part, part.used - 1);
		data += part.used;
		size -= part.used;
	}
	return 0;
}
