/* catalogue.c - reads and searches recordings/recording_index.bin. */
#include "shared/segment/catalogue.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/crc32c.h"
#include "shared/base/file_io.h"

#define ENTRIES_PER_READ 64

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the structs are the file's bytes");
static_assert(sizeof(struct catalogue_header) == sizeof(struct catalogue_entry),
	      "entry n is at (n + 1) times its size");

static bool header_valid(const struct catalogue_header *header)
{
	return header->magic == CATALOGUE_MAGIC && header->generation != 0 &&
	       header->entry_bytes == CATALOGUE_ENTRY_BYTES &&
	       header->crc == crc32c(0, header, offsetof(struct catalogue_header, crc));
}

/* Workers open the file that an entry names, so that must be a segment's name and nothing else. */
bool catalogue_entry_valid(const struct catalogue_entry *entry)
{
	return entry->crc == crc32c(0, entry, offsetof(struct catalogue_entry, crc)) &&
	       clock_is_plausible(entry->start_wall_us) && clock_is_plausible(entry->end_wall_us) &&
	       clock_is_plausible(entry->last_wall_us) && memchr(entry->file, '\0', sizeof(entry->file)) &&
	       segment_file_valid(entry->file);
}

/* Reads up to `count` whole items of 192 bytes from item `first` of the file; -1 with errno. */
static ssize_t read_items(int fd, uint64_t first, size_t count, void *out)
{
	ssize_t got = read_at(fd, out, count * CATALOGUE_ENTRY_BYTES, first * CATALOGUE_ENTRY_BYTES);

	return got < 0 ? -1 : got / (ssize_t)CATALOGUE_ENTRY_BYTES;
}

enum catalogue_outcome catalogue_open(int directory, struct catalogue *out)
{
	enum catalogue_outcome outcome = CATALOGUE_ERROR;
	struct catalogue_header header;
	struct stat status;

	*out = (struct catalogue){.fd = -1};
	int fd = file_open_plain(directory, CATALOGUE_FILE);
	if (fd < 0)
		return errno == ENOENT ? CATALOGUE_MISSING : errno == EBADMSG ? CATALOGUE_INVALID : CATALOGUE_ERROR;
	ssize_t got = read_items(fd, 0, 1, &header);
	if (got < 0 || fstat(fd, &status) < 0)
		goto refuse;
	outcome = CATALOGUE_INVALID;
	errno = EBADMSG;
	if (got != 1 || !header_valid(&header))
		goto refuse;
	if (header.entries != (uint64_t)status.st_size / CATALOGUE_ENTRY_BYTES - 1 ||
	    (uint64_t)status.st_size % CATALOGUE_ENTRY_BYTES != 0)
		goto refuse;
	*out = (struct catalogue){
		.fd = fd,
		.generation = header.generation,
		.entries = header.entries,
		.unsettled_from_us = header.unsettled_from_us,
	};
	return CATALOGUE_OK;

refuse:;
	int kept = errno;
	close(fd);
	errno = kept;
	return outcome;
}

void catalogue_close(struct catalogue *catalogue)
{
	if (catalogue->fd >= 0 && catalogue->generation != 0)
		close(catalogue->fd);
	*catalogue = (struct catalogue){.fd = -1};
}

size_t catalogue_read(const struct catalogue *catalogue, uint64_t first, size_t count, struct catalogue_entry *out)
{
	size_t good = 0;

	if (first >= catalogue->entries)
		return 0;
	if (count > catalogue->entries - first)
		count = (size_t)(catalogue->entries - first);
	ssize_t got = read_items(catalogue->fd, first + 1, count, out);
	while ((ssize_t)good < got && catalogue_entry_valid(&out[good]))
		good++;
	return good;
}

/* The two bounds, by which the list is sorted. */
static int64_t bound_max_end(const struct catalogue_entry *entry)
{
	return entry->max_end_wall_us;
}

static int64_t bound_min_start(const struct catalogue_entry *entry)
{
	return entry->min_start_wall_us;
}

/* Number of the first entry whose bound is at least `wall_us`. */
static bool search(const struct catalogue *catalogue, int64_t (*bound)(const struct catalogue_entry *), int64_t wall_us,
		   uint64_t *number)
{
	uint64_t low = 0, high = catalogue->entries;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		struct catalogue_entry entry;
		if (catalogue_read(catalogue, middle, 1, &entry) != 1)
			return false;
		if (bound(&entry) < wall_us)
			low = middle + 1;
		else
			high = middle;
	}
	*number = low;
	return true;
}

bool catalogue_range(const struct catalogue *catalogue, int64_t from_wall_us, int64_t to_wall_us, uint64_t *first,
		     uint64_t *end)
{
	*first = *end = 0;
	if (from_wall_us >= to_wall_us)
		return true;
	/*
	 * A segment does not contain its end, while the range contains `from`: an entry that ends at `from` is not in
	 * it.
	 */
	if (!search(catalogue, bound_max_end, from_wall_us + 1, first) ||
	    !search(catalogue, bound_min_start, to_wall_us, end))
		return false;
	if (*end < *first)
		*end = *first;
	return true;
}

bool catalogue_find(const struct catalogue *catalogue, const char *file, uint64_t *number)
{
	struct catalogue_entry entries[ENTRIES_PER_READ];

	/* From the newest backwards: most requests are for recent footage. */
	for (uint64_t end = catalogue->entries; end > 0;) {
		size_t count = end < ENTRIES_PER_READ ? (size_t)end : ENTRIES_PER_READ;
		end -= count;
		if (read_items(catalogue->fd, end + 1, count, entries) != (ssize_t)count)
			return false;
		for (size_t i = count; i-- > 0;) {
			if (strncmp(entries[i].file, file, sizeof(entries[i].file)) != 0 ||
			    !catalogue_entry_valid(&entries[i]))
				continue;
			*number = end + i;
			return true;
		}
	}
	return false;
}
