/* clip_times.c - when a kept clip was filmed, from its own header. */
#include "fcgi/clip/clip_times.h"

#include "shared/base/big_endian.h"
#include "shared/base/clock.h"
#include "shared/base/file_io.h"
#include "shared/media/mp4_box.h"

#define EPOCH_1904_S INT64_C(2082844800) /* seconds from 1904 to 1970 */
#define YEAR_2200_S  INT64_C(7258118400)
#define LONGEST_S    (366 * 24 * 3600)

/* Finds the box of that type at `at`, with at least `content` bytes. Returns its content, or NULL. */
static const uint8_t *content_of(const uint8_t *head, size_t length, size_t at, uint32_t type, size_t content,
				 uint64_t *end)
{
	struct mp4_box box;

	if (at > length || mp4_box_header(head, length, at, &box) != MP4_OK || box.type != type)
		return NULL;
	if (length - at < box.header_bytes + content || box.size < box.header_bytes + content)
		return NULL;
	*end = box.at + box.size;
	return head + at + box.header_bytes;
}

/* mvhd of version 0 has times of 4 bytes, that of version 1 has times of 8. */
static bool read_mvhd(const uint8_t *mvhd, struct clip_times *out)
{
	bool is_long = mvhd[0] == 1;
	uint64_t created = is_long ? be64_get(mvhd + 4) : be32_get(mvhd + 4);
	uint32_t timescale = be32_get(mvhd + (is_long ? 20 : 12));
	uint64_t duration = is_long ? be64_get(mvhd + 24) : be32_get(mvhd + 16);

	if (mvhd[0] > 1 || created <= (uint64_t)EPOCH_1904_S || created > (uint64_t)(EPOCH_1904_S + YEAR_2200_S) ||
	    timescale == 0 || duration / timescale > LONGEST_S)
		return false;
	out->start_us = ((int64_t)created - EPOCH_1904_S) * US_PER_S;
	out->duration_us =
		(int64_t)(duration / timescale) * US_PER_S + (int64_t)(duration % timescale * US_PER_S / timescale);
	return true;
}

bool clip_times_parse(const uint8_t *head, size_t length, struct clip_times *out)
{
	uint64_t ftyp_end, end;

	if (!content_of(head, length, 0, MP4_TYPE('f', 't', 'y', 'p'), 8, &ftyp_end) || ftyp_end > length)
		return false;
	const uint8_t *moov = content_of(head, length, (size_t)ftyp_end, MP4_TYPE('m', 'o', 'o', 'v'), 8, &end);
	if (!moov)
		return false;
	const uint8_t *mvhd = content_of(head, length, (size_t)(moov - head), MP4_TYPE('m', 'v', 'h', 'd'), 32, &end);
	return mvhd && read_mvhd(mvhd, out);
}

bool clip_times_read(int fd, struct clip_times *out)
{
	uint8_t head[CLIP_TIMES_BYTES];
	ssize_t got = read_at(fd, head, sizeof(head), 0);

	return got > 0 && clip_times_parse(head, (size_t)got, out);
}
