/* motion_list.c - names, seals, verifies and reads the lists of .motion files. */
#include "shared/motion/motion_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/crc32c.h"
#include "shared/base/file_io.h"

#define PREFIX "motion_"
#define SUFFIX ".bin"
#define DIGITS 8

void motion_list_name(int64_t second, char out[MOTION_LIST_FILE_BYTES])
{
	time_t seconds = second;
	struct tm utc;

	gmtime_r(&seconds, &utc);
	snprintf(out, MOTION_LIST_FILE_BYTES, PREFIX "%04d%02d%02d" SUFFIX, (utc.tm_year + 1900) % 10000,
		 (utc.tm_mon + 1) % 100, utc.tm_mday % 100);
}

bool motion_list_name_valid(const char *name)
{
	struct tm utc = {0};
	char again[MOTION_LIST_FILE_BYTES];

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 || strspn(name + strlen(PREFIX), "0123456789") != DIGITS)
		return false;
	if (sscanf(name + strlen(PREFIX), "%4d%2d%2d", &utc.tm_year, &utc.tm_mon, &utc.tm_mday) != 3)
		return false;
	utc.tm_year -= 1900;
	utc.tm_mon--;
	time_t second = timegm(&utc); /* which turns February 30 into March 2 */
	if (!motion_second_valid(second))
		return false;
	motion_list_name(second, again);
	return strcmp(name, again) == 0;
}

static uint32_t header_crc(const struct motion_list_header *header)
{
	return crc32c(0, header, offsetof(struct motion_list_header, crc));
}

static uint32_t entry_crc(const struct motion_list_entry *entry)
{
	return crc32c(0, entry, offsetof(struct motion_list_entry, crc));
}

static uint32_t block_crc(const struct motion_list_block *block)
{
	return crc32c(0, block, offsetof(struct motion_list_block, crc));
}

void motion_list_header_seal(struct motion_list_header *header)
{
	header->magic = MOTION_LIST_MAGIC;
	header->crc = header_crc(header);
}

void motion_list_entry_seal(struct motion_list_entry *entry)
{
	entry->crc = entry_crc(entry);
}

void motion_list_block_seal(struct motion_list_block *block)
{
	block->crc = block_crc(block);
}

/* A period [first, end) of possible seconds, which may be empty. */
static bool period_valid(int64_t first, int64_t end)
{
	return motion_second_valid(first) && motion_second_valid(end) && first <= end;
}

static uint64_t blocks_at(const struct motion_list_header *header)
{
	return ((uint64_t)header->entries + 1) * MOTION_LIST_ENTRY_BYTES;
}

static bool header_valid(const struct motion_list_header *header, uint64_t file_bytes)
{
	return header->magic == MOTION_LIST_MAGIC && header->crc == header_crc(header) &&
	       period_valid(header->first_second, header->end_second) &&
	       file_bytes >= blocks_at(header) + (uint64_t)header->blocks * MOTION_LIST_BLOCK_BYTES;
}

enum motion_outcome motion_list_open(int directory, const char *file, struct motion_list *out)
{
	enum motion_outcome outcome = MOTION_INVALID;
	struct motion_list_header header;
	struct stat status;

	*out = (struct motion_list){.fd = -1};
	int fd = file_open_plain(directory, file);
	if (fd < 0)
		return errno == ENOENT ? MOTION_MISSING : errno == EBADMSG ? MOTION_INVALID : MOTION_ERROR;
	/* Few of the blocks are needed, so reading ahead would read many times as much. */
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	ssize_t got = read_at(fd, &header, sizeof(header), 0);
	if (got < 0 || fstat(fd, &status) < 0)
		outcome = MOTION_ERROR;
	else if ((size_t)got == sizeof(header) && header_valid(&header, (uint64_t)status.st_size))
		outcome = MOTION_OK;
	if (outcome == MOTION_OK) {
		*out = (struct motion_list){.fd = fd, .header = header};
		return outcome;
	}
	int kept = errno;
	close(fd);
	errno = kept;
	return outcome;
}

void motion_list_close(struct motion_list *list)
{
	if (list->fd >= 0 && list->header.magic != 0)
		close(list->fd);
	*list = (struct motion_list){.fd = -1};
}

/* Reads the items from number `first` on, of `total` ones of `bytes` bytes each that begin at `at`. */
static size_t read_items(int fd, uint64_t at, size_t bytes, uint32_t total, uint32_t first, size_t count, void *out)
{
	if (first >= total)
		return 0;
	if (count > total - first)
		count = total - first;
	ssize_t got = read_at(fd, out, count * bytes, at + (uint64_t)first * bytes);
	return got > 0 ? (size_t)got / bytes : 0;
}

size_t motion_list_read(const struct motion_list *list, uint32_t first, size_t count, struct motion_list_entry *out)
{
	return read_items(list->fd, MOTION_LIST_ENTRY_BYTES, sizeof(*out), list->header.entries, first, count, out);
}

size_t motion_list_read_blocks(const struct motion_list *list, uint32_t first, size_t count,
			       struct motion_list_block *out)
{
	return read_items(list->fd, blocks_at(&list->header), sizeof(*out), list->header.blocks, first, count, out);
}

/* Whether its blocks can be of its seconds: more would be read for nothing. */
static bool blocks_valid(const struct motion_list_header *header, const struct motion_list_entry *entry)
{
	return (uint64_t)entry->first_block + entry->blocks <= header->blocks &&
	       entry->blocks <= (entry->end_second - entry->first_second) / MOTION_BLOCK_SECONDS + 2;
}

static bool file_valid(const char file[SEGMENT_FILE_BYTES])
{
	return memchr(file, '\0', SEGMENT_FILE_BYTES) != NULL && segment_file_valid(file);
}

bool motion_list_entry_valid(const struct motion_list_header *header, const struct motion_list_entry *entry)
{
	return entry->crc == entry_crc(entry) && entry->segment_no != 0 && entry->footage <= 1 &&
	       period_valid(entry->first_second, entry->end_second) &&
	       (entry->records == 0 || entry->first_second < entry->end_second) && blocks_valid(header, entry) &&
	       file_valid(entry->file);
}

bool motion_list_block_valid(const struct motion_list_entry *entry, const struct motion_list_block *block)
{
	return block->crc == block_crc(block) && block->segment_no == (uint32_t)entry->segment_no &&
	       motion_second_valid(block->second) && block->second % MOTION_BLOCK_SECONDS == 0 &&
	       block->second < entry->end_second && block->second + MOTION_BLOCK_SECONDS > entry->first_second;
}
