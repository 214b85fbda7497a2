/* segment_checksum.c - the checksum of a fragment. */
#include "shared/segment/segment.h"

#include "shared/base/big_endian.h"
#include "shared/base/crc32c.h"

uint32_t segment_checksum_begin(const uint8_t *moof, size_t bytes, uint32_t flags_at, uint64_t segment_no)
{
	static const uint8_t zeros[2];
	size_t check_at = (size_t)flags_at + 2, after = check_at + sizeof(zeros);
	uint32_t crc = crc32c((uint32_t)segment_no, moof, check_at);

	crc = crc32c(crc, zeros, sizeof(zeros));
	return crc32c(crc, moof + after, bytes - after);
}

uint16_t segment_checksum_end(uint32_t crc)
{
	uint16_t check = (uint16_t)(crc ^ crc >> 16);

	return check ? check : 1;
}

void segment_checksum_seal(uint8_t *data, size_t bytes, const struct mp4_fragment *fragment, uint64_t segment_no)
{
	be16_put(data + fragment->flags_at + 2,
		 segment_checksum_end(segment_checksum_begin(data, bytes, fragment->flags_at, segment_no)));
}
