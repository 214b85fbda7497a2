/* index.c - seals, verifies and reads the records of an .idx file. */
#include "shared/segment/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/crc32c.h"
#include "shared/base/file_io.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the structs are the file's bytes");

static uint32_t header_crc(const struct index_header *header)
{
	return crc32c(0, header, offsetof(struct index_header, crc));
}

static uint32_t record_crc(const struct index_record *record, uint64_t segment_no)
{
	return crc32c((uint32_t)segment_no, record, offsetof(struct index_record, crc));
}

void index_header_seal(struct index_header *header)
{
	header->magic = INDEX_MAGIC;
	header->record_bytes = INDEX_RECORD_BYTES;
	header->crc = header_crc(header);
}

static bool header_valid(const struct index_header *header)
{
	return header->magic == INDEX_MAGIC && header->record_bytes == INDEX_RECORD_BYTES &&
	       header->crc == header_crc(header);
}

void index_record_seal(struct index_record *record, uint64_t segment_no)
{
	record->crc = record_crc(record, segment_no);
}

bool index_record_valid(const struct index_record *record, uint64_t segment_no)
{
	return record->crc == record_crc(record, segment_no) && clock_is_plausible(record->wall_us) &&
	       record->offset <= INDEX_OFFSET_MAX && record->size <= INDEX_SIZE_MAX;
}

enum index_outcome index_reader_open(int directory, const char *file, uint64_t segment_no, struct index_reader *out)
{
	enum index_outcome outcome = INDEX_INVALID;
	struct index_header header;

	*out = (struct index_reader){.fd = -1};
	int fd = file_open_plain(directory, file);
	if (fd < 0)
		return errno == ENOENT ? INDEX_MISSING : errno == EBADMSG ? INDEX_INVALID : INDEX_ERROR;
	ssize_t got = read_at(fd, &header, sizeof(header), 0);
	if (got < 0) {
		outcome = INDEX_ERROR;
		goto refuse;
	}
	if ((size_t)got < sizeof(header) || !header_valid(&header))
		goto refuse;
	if (header.segment_no == 0 || (segment_no != 0 && header.segment_no != segment_no))
		goto refuse;
	*out = (struct index_reader){.fd = fd, .segment_no = header.segment_no, .first_wall_us = header.first_wall_us};
	return INDEX_OK;

refuse:;
	int kept = errno;
	close(fd);
	errno = kept;
	return outcome;
}

void index_reader_close(struct index_reader *reader)
{
	if (reader->fd >= 0 && reader->segment_no != 0)
		close(reader->fd);
	*reader = (struct index_reader){.fd = -1};
}

uint64_t index_reader_count(const struct index_reader *reader)
{
	struct stat status;

	if (fstat(reader->fd, &status) < 0 || status.st_size < (off_t)INDEX_RECORD_BYTES)
		return 0;
	return (uint64_t)status.st_size / INDEX_RECORD_BYTES - 1;
}

size_t index_reader_read(const struct index_reader *reader, uint64_t first, size_t count, struct index_record *out)
{
	size_t whole = 0, good = 0;

	if (first > (uint64_t)INT64_MAX / INDEX_RECORD_BYTES - 1)
		return 0;
	ssize_t got = read_at(reader->fd, out, count * INDEX_RECORD_BYTES, (first + 1) * INDEX_RECORD_BYTES);
	if (got > 0)
		whole = (size_t)got / INDEX_RECORD_BYTES;
	while (good < whole && index_record_valid(&out[good], reader->segment_no))
		good++;
	return good;
}

bool index_name(const char *segment_file, char *out, size_t bytes)
{
	size_t length = strlen(segment_file);

	if (length <= 4 || length >= bytes || strcmp(segment_file + length - 4, ".mp4") != 0)
		return false;
	snprintf(out, bytes, "%.*s.idx", (int)(length - 4), segment_file);
	return true;
}
