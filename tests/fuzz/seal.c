/* seal.c - corrects the CRCs of a file that is large enough to have them. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "shared/base/big_endian.h"
#include "shared/base/crc32c.h"
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
