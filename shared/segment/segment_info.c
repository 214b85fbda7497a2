/* segment_info.c - writes and reads the uuid box of a segment. */
#include "shared/segment/segment.h"

#include <string.h>

#include "shared/base/big_endian.h"
#include "shared/base/clock.h"
#include "shared/base/crc32c.h"

/*
 * The box (ISO/IEC 14496-12, 11.1) has 128 bytes, all big-endian:
 *
 *       0  u32     128                   40  i64     first_wall_us        72  u32     source
 *       4  u32     'uuid'                48  i64     first_mono_us        76  u8[16]  boot_id
 *       8  u8[16]  SCRsegment-info1      56  i64     last_wall_us         92  u8[32]  camera, then zeros
 *      24  u64     segment_no            64  i32     utc_offset_s        124  u32     CRC-32C of the 124 bytes before
 *      32  u64     run_no                68  u32     gap_cause
 *
 * The upper 16 bits of source are the flags; older recorders wrote none.
 *
 * It is valid if its size, its types, its CRC and its times (clock_is_plausible) are. A later version gets another
 * extended type.
 */

#define BOX_BYTES 128u
#define CRC_AT    124u

static const uint8_t extended_type[16] = {'S', 'C', 'R', 's', 'e', 'g', 'm', 'e',
					  'n', 't', '-', 'i', 'n', 'f', 'o', '1'};

void segment_info_encode(const struct segment_info *info, struct buffer *out)
{
	char camera[sizeof(info->camera)] = {0};
	size_t at = out->length;

	memcpy(camera, info->camera, strnlen(info->camera, sizeof(camera) - 1));
	if (!buffer_reserve(out, BOX_BYTES))
		return;
	buffer_u32(out, BOX_BYTES);
	buffer_u32(out, MP4_TYPE('u', 'u', 'i', 'd'));
	buffer_append(out, extended_type, sizeof(extended_type));
	buffer_u64(out, info->segment_no);
	buffer_u64(out, info->run_no);
	buffer_u64(out, (uint64_t)info->first_wall_us);
	buffer_u64(out, (uint64_t)info->first_mono_us);
	buffer_u64(out, (uint64_t)info->last_wall_us);
	buffer_u32(out, (uint32_t)info->utc_offset_s);
	buffer_u32(out, info->gap_cause);
	buffer_u32(out, (uint32_t)info->flags << 16 | info->source);
	buffer_append(out, info->boot_id, sizeof(info->boot_id));
	buffer_append(out, camera, sizeof(camera));
	buffer_u32(out, crc32c(0, out->data + at, CRC_AT));
}

bool segment_info_decode(const uint8_t *data, size_t length, struct segment_info *out)
{
	if (length != BOX_BYTES || be32_get(data) != BOX_BYTES || be32_get(data + 4) != MP4_TYPE('u', 'u', 'i', 'd'))
		return false;
	if (memcmp(data + 8, extended_type, sizeof(extended_type)) != 0)
		return false;
	if (be32_get(data + CRC_AT) != crc32c(0, data, CRC_AT))
		return false;
	*out = (struct segment_info){
		.segment_no = be64_get(data + 24),
		.run_no = be64_get(data + 32),
		.first_wall_us = (int64_t)be64_get(data + 40),
		.first_mono_us = (int64_t)be64_get(data + 48),
		.last_wall_us = (int64_t)be64_get(data + 56),
		.utc_offset_s = (int32_t)be32_get(data + 64),
		.gap_cause = be32_get(data + 68),
		.flags = be16_get(data + 72),
		.source = be16_get(data + 74),
	};
	if (!clock_is_plausible(out->first_wall_us) || !clock_is_plausible(out->first_mono_us) ||
	    !clock_is_plausible(out->last_wall_us))
		return false;
	memcpy(out->boot_id, data + 76, sizeof(out->boot_id));
	memcpy(out->camera, data + 92, sizeof(out->camera) - 1);
	return true;
}
