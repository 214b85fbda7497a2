/* seal.c - corrects the CRCs of a file that is large enough to have them. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "shared/base/big_endian.h"
#include "shared/base/crc32c.h"
#include "shared/motion/motion_list.h"
#include "shared/motion/motion_record.h"
#include "shared/segment/catalogue.h"
#include "shared/segment/index.h"

#define INFO_BYTES 128u /* of the uuid box, which ends with its CRC */

void seal_index(uint8_t *file, size_t size)
{
	struct index_header header;
	struct index_record record;

	if (size < sizeof(header))
		return;
	memcpy(&header, file, sizeof(header));
	header.segment_no |= header.segment_no == 0;
	index_header_seal(&header);
	memcpy(file, &header, sizeof(header));
	for (size_t at = sizeof(header); size - at >= sizeof(record); at += sizeof(record)) {
		memcpy(&record, file + at, sizeof(record));
		index_record_seal(&record, header.segment_no);
		memcpy(file + at, &record, sizeof(record));
	}
}

void seal_segment(uint8_t *file, size_t size)
{
	uint32_t ftyp_bytes = size >= 4 ? be32_get(file) : 0;

	if (ftyp_bytes < 8 || ftyp_bytes > size || size - ftyp_bytes < INFO_BYTES)
		return;
	be32_put(file + ftyp_bytes + INFO_BYTES - 4, crc32c(0, file + ftyp_bytes, INFO_BYTES - 4));
}

void seal_catalogue(uint8_t *file, size_t size)
{
	struct catalogue_header header;
	uint32_t crc;

	if (size < sizeof(header))
		return;
	memcpy(&header, file, sizeof(header));
	header.magic = CATALOGUE_MAGIC;
	header.generation |= header.generation == 0;
	header.entries = size / CATALOGUE_ENTRY_BYTES - 1;
	header.entry_bytes = CATALOGUE_ENTRY_BYTES;
	memcpy(file, &header, sizeof(header));
	for (size_t at = 0; size - at >= CATALOGUE_ENTRY_BYTES; at += CATALOGUE_ENTRY_BYTES) {
		crc = crc32c(0, file + at, CATALOGUE_ENTRY_BYTES - sizeof(crc));
		memcpy(file + at + CATALOGUE_ENTRY_BYTES - sizeof(crc), &crc, sizeof(crc));
	}
}

void seal_motion(uint8_t *file, size_t size)
{
	struct motion_header header;
	struct motion_record record;

	if (size < sizeof(header))
		return;
	memcpy(&header, file, sizeof(header));
	header.magic = MOTION_MAGIC;
	header.segment_no |= header.segment_no == 0;
	header.record_bytes = MOTION_RECORD_BYTES;
	header.columns = MOTION_COLUMNS;
	header.rows = MOTION_ROWS;
	motion_header_seal(&header);
	memcpy(file, &header, sizeof(header));
	for (size_t at = sizeof(header); size - at >= sizeof(record); at += sizeof(record)) {
		memcpy(&record, file + at, sizeof(record));
		motion_record_seal(&record, header.segment_no);
		memcpy(file + at, &record, sizeof(record));
	}
}

/* As many entries as fit before the blocks, of which there are as many as the header says, if they fit. */
void seal_motion_list(uint8_t *file, size_t size)
{
	struct motion_list_header header;
	struct motion_list_entry entry;
	struct motion_list_block block;
	size_t at = sizeof(header);

	if (size < sizeof(header))
		return;
	memcpy(&header, file, sizeof(header));
	header.blocks %= (uint32_t)((size - at) / sizeof(block) + 1);
	header.entries = (uint32_t)((size - at - header.blocks * sizeof(block)) / sizeof(entry));
	motion_list_header_seal(&header);
	memcpy(file, &header, sizeof(header));
	for (uint32_t i = 0; i < header.entries; i++, at += sizeof(entry)) {
		memcpy(&entry, file + at, sizeof(entry));
		motion_list_entry_seal(&entry);
		memcpy(file + at, &entry, sizeof(entry));
	}
	for (uint32_t i = 0; i < header.blocks; i++, at += sizeof(block)) {
		memcpy(&block, file + at, sizeof(block));
		motion_list_block_seal(&block);
		memcpy(file + at, &block, sizeof(block));
	}
}
