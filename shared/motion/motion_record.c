/* motion_record.c - seals, verifies, joins and reads the records of a .motion file. */
#include "shared/motion/motion_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/crc32c.h"
#include "shared/base/file_io.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the structs are the file's bytes");

static uint32_t header_crc(const struct motion_header *header)
{
	return crc32c(0, header, offsetof(struct motion_header, crc));
}

static uint32_t record_crc(const struct motion_record *record, uint64_t segment_no)
{
	return crc32c((uint32_t)segment_no, record, offsetof(struct motion_record, crc));
}

void motion_header_init(struct motion_header *header, uint64_t segment_no)
{
	*header = (struct motion_header){
		.magic = MOTION_MAGIC,
		.segment_no = segment_no,
		.record_bytes = MOTION_RECORD_BYTES,
		.columns = MOTION_COLUMNS,
		.rows = MOTION_ROWS,
	};
	motion_header_seal(header);
}

void motion_header_seal(struct motion_header *header)
{
	header->crc = header_crc(header);
}

bool motion_header_valid(const struct motion_header *header)
{
	return header->magic == MOTION_MAGIC && header->record_bytes == MOTION_RECORD_BYTES &&
	       header->columns == MOTION_COLUMNS && header->rows == MOTION_ROWS && header->crc == header_crc(header);
}

void motion_record_seal(struct motion_record *record, uint64_t segment_no)
{
	record->crc = record_crc(record, segment_no);
}

bool motion_record_valid(const struct motion_record *record, uint64_t segment_no)
{
	return record->crc == record_crc(record, segment_no) && motion_second_valid(record->second);
}

/* The mean of both, weighted by the pictures that were looked at, and rounded. */
static int weighted(int a, unsigned a_frames, int b, unsigned b_frames)
{
	int frames = (int)(a_frames + b_frames);
	int sum = a * (int)a_frames + b * (int)b_frames;

	return (sum + (sum < 0 ? -frames : frames) / 2) / frames;
}

uint8_t motion_flags_join(uint8_t a, uint8_t b)
{
	const uint8_t unknown = MOTION_LEARNING | MOTION_GLOBAL;
	bool known = !(a & unknown) || !(b & unknown);

	return (uint8_t)((a | b) & ~(known ? unknown : 0));
}

void motion_record_join(struct motion_record *into, const struct motion_record *from)
{
	bool counted = into->frames != 0 || from->frames != 0;
	unsigned a = counted ? into->frames : 1, b = counted ? from->frames : 1;

	motion_cells_join(&into->cells, &from->cells);
	into->moving_cells = (uint16_t)motion_cells_count(&into->cells);
	into->flags = motion_flags_join(into->flags, from->flags);
	into->frames = (uint8_t)(a + b > UINT8_MAX ? UINT8_MAX : into->frames + from->frames);
	into->mean_luma = (uint8_t)weighted(into->mean_luma, a, from->mean_luma, b);
	into->sharpness = (uint8_t)weighted(into->sharpness, a, from->sharpness, b);
	into->gain = (int8_t)weighted(into->gain, a, from->gain, b);
	into->jpeg_bytes = (uint16_t)weighted(into->jpeg_bytes, a, from->jpeg_bytes, b);
	if (into->likeness == MOTION_LIKENESS_UNKNOWN)
		into->likeness = from->likeness;
	else if (from->likeness != MOTION_LIKENESS_UNKNOWN)
		into->likeness = (int8_t)weighted(into->likeness, a, from->likeness, b);
}

enum motion_outcome motion_reader_open(int directory, const char *file, uint64_t segment_no, struct motion_reader *out)
{
	enum motion_outcome outcome = MOTION_INVALID;
	struct motion_header header;

	*out = (struct motion_reader){.fd = -1};
	int fd = file_open_plain(directory, file);
	if (fd < 0)
		return errno == ENOENT ? MOTION_MISSING : errno == EBADMSG ? MOTION_INVALID : MOTION_ERROR;
	ssize_t got = read_at(fd, &header, sizeof(header), 0);
	if (got < 0) {
		outcome = MOTION_ERROR;
		goto refuse;
	}
	if ((size_t)got < sizeof(header) || !motion_header_valid(&header))
		goto refuse;
	if (header.segment_no == 0 || (segment_no != 0 && header.segment_no != segment_no))
		goto refuse;
	*out = (struct motion_reader){
		.fd = fd,
		.segment_no = header.segment_no,
		.first_wall_us = header.first_wall_us,
	};
	return MOTION_OK;

refuse:;
	int kept = errno;
	close(fd);
	errno = kept;
	return outcome;
}

void motion_reader_close(struct motion_reader *reader)
{
	if (reader->fd >= 0 && reader->segment_no != 0)
		close(reader->fd);
	*reader = (struct motion_reader){.fd = -1};
}

uint64_t motion_reader_count(const struct motion_reader *reader)
{
	struct stat status;

	if (fstat(reader->fd, &status) < 0 || status.st_size < (off_t)MOTION_RECORD_BYTES)
		return 0;
	return (uint64_t)status.st_size / MOTION_RECORD_BYTES - 1;
}

size_t motion_reader_read(const struct motion_reader *reader, uint64_t first, size_t count, struct motion_record *out)
{
	size_t whole = 0, good = 0;

	if (first > (uint64_t)INT64_MAX / MOTION_RECORD_BYTES - 1)
		return 0;
	ssize_t got = read_at(reader->fd, out, count * MOTION_RECORD_BYTES, (first + 1) * MOTION_RECORD_BYTES);
	if (got > 0)
		whole = (size_t)got / MOTION_RECORD_BYTES;
	while (good < whole && motion_record_valid(&out[good], reader->segment_no))
		good++;
	return good;
}

bool motion_file_name(const char *segment_file, char *out, size_t bytes)
{
	size_t length = strlen(segment_file);

	if (length <= 4 || strcmp(segment_file + length - 4, ".mp4") != 0)
		return false;
	int written = snprintf(out, bytes, "%.*s.motion", (int)(length - 4), segment_file);
	return written >= 0 && (size_t)written < bytes;
}
