/* ship_list.c - seals, checks, reads and searches lists of what is in the store. */
#include "shared/store/ship_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/crc32c.h"
#include "shared/base/file_io.h"
#include "shared/store/object_name.h"

#define ENTRIES_PER_READ 64
#define ENTRIES_MAX      200000 /* nearly four years of segments of ten minutes: more is no list of ours */

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the structs are the file's bytes");

void ship_list_header_seal(struct ship_list_header *header)
{
	header->entry_bytes = SHIP_LIST_ENTRY_BYTES;
	header->crc = crc32c(0, header, offsetof(struct ship_list_header, crc));
}

void ship_list_entry_seal(struct ship_list_entry *entry)
{
	entry->crc = crc32c(0, entry, offsetof(struct ship_list_entry, crc));
}

bool ship_list_header_valid(const struct ship_list_header *header, uint64_t magic)
{
	return header->magic == magic && header->entry_bytes == SHIP_LIST_ENTRY_BYTES &&
	       header->crc == crc32c(0, header, offsetof(struct ship_list_header, crc)) &&
	       clock_is_plausible(header->day_us) && header->day_us == object_day_us(header->day_us) &&
	       memchr(header->archive, '\0', sizeof(header->archive)) && archive_id_valid(header->archive) &&
	       memchr(header->camera, '\0', sizeof(header->camera));
}

bool ship_list_entry_valid(const struct ship_list_entry *entry)
{
	return entry->crc == crc32c(0, entry, offsetof(struct ship_list_entry, crc)) &&
	       catalogue_entry_valid(&entry->segment) && clock_is_plausible(entry->object_start_us) &&
	       entry->segment.segment_no <= OBJECT_SEGMENT_MAX;
}

void ship_list_header_make(struct ship_list_header *out, uint64_t magic, const char *archive, const char *camera,
			   const uint8_t *bucket)
{
	*out = (struct ship_list_header){.magic = magic};
	snprintf(out->archive, sizeof(out->archive), "%s", archive);
	snprintf(out->camera, sizeof(out->camera), "%s", camera);
	if (bucket)
		memcpy(out->bucket, bucket, sizeof(out->bucket));
	ship_list_header_seal(out);
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Orders segments by number, and those of one number by what tells them apart. */
static int compare_segments(const struct catalogue_entry *a, const struct catalogue_entry *b)
{
	int order = compare_numbers(a->segment_no, b->segment_no);

	if (order == 0)
		order = compare_numbers(a->run_no, b->run_no);
	if (order == 0)
		order = memcmp(a->boot_id, b->boot_id, sizeof(a->boot_id));
	if (order == 0)
		order = compare_numbers((uint64_t)a->first_mono_us, (uint64_t)b->first_mono_us);
	if (order == 0)
		order = compare_numbers(a->size_bytes, b->size_bytes);
	return order != 0 ? order : compare_numbers(a->frames, b->frames);
}

bool ship_list_entry_matches(const struct ship_list_entry *entry, const struct catalogue_entry *segment)
{
	return compare_segments(&entry->segment, segment) == 0;
}

/* Where the segment is, or belongs. */
static size_t place_of(const struct ship_list *list, const struct catalogue_entry *segment)
{
	size_t first = 0, end = list->count;

	while (first < end) {
		size_t middle = first + (end - first) / 2;
		if (compare_segments(&list->entries[middle].segment, segment) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

const struct ship_list_entry *ship_list_find(const struct ship_list *list, const struct catalogue_entry *segment)
{
	size_t at = place_of(list, segment);

	return at < list->count && ship_list_entry_matches(&list->entries[at], segment) ? &list->entries[at] : NULL;
}

static bool make_place(struct ship_list *list)
{
	if (list->count < list->capacity)
		return true;
	size_t capacity = list->capacity ? 2 * list->capacity : 64;
	struct ship_list_entry *grown = realloc(list->entries, capacity * sizeof(*grown));
	if (!grown)
		return false;
	list->entries = grown;
	list->capacity = capacity;
	return true;
}

bool ship_list_put(struct ship_list *list, const struct ship_list_entry *entry)
{
	size_t at = place_of(list, &entry->segment);

	if (at == list->count || !ship_list_entry_matches(&list->entries[at], &entry->segment)) {
		if (!make_place(list))
			return false;
		memmove(&list->entries[at + 1], &list->entries[at], (list->count - at) * sizeof(*entry));
		list->count++;
	}
	list->entries[at] = *entry;
	return true;
}

static int compare_indexes(const void *a, const void *b, void *entries)
{
	const size_t left = *(const size_t *)a, right = *(const size_t *)b;
	const struct ship_list_entry *in = entries;
	int order = compare_segments(&in[left].segment, &in[right].segment);

	return order != 0 ? order : compare_numbers(left, right);
}

/* Sorts the entries after some were appended. Of those of one segment only the last one stays. */
static bool sort_entries(struct ship_list *list)
{
	size_t kept = 0, count = list->count;
	size_t *order = malloc((count + 1) * sizeof(*order));
	struct ship_list_entry *sorted = malloc((count + 1) * sizeof(*sorted));
	bool good = order && sorted;

	for (size_t i = 0; good && i < count; i++)
		order[i] = i;
	if (good)
		qsort_r(order, count, sizeof(*order), compare_indexes, list->entries);
	for (size_t i = 0; good && i < count; i++) {
		const struct ship_list_entry *entry = &list->entries[order[i]];
		if (kept > 0 && ship_list_entry_matches(&sorted[kept - 1], &entry->segment))
			kept--;
		sorted[kept++] = *entry;
	}
	free(order);
	if (!good) {
		free(sorted);
		return false;
	}
	free(list->entries);
	list->entries = sorted;
	list->count = kept;
	list->capacity = count + 1;
	return true;
}

void ship_list_free(struct ship_list *list)
{
	free(list->entries);
	*list = (struct ship_list){0};
}

/* Appends entries of the file to the list, up to the first invalid one. Returns false with errno. */
static bool append_entries(int fd, struct ship_list *list)
{
	struct ship_list_entry entries[ENTRIES_PER_READ];

	for (;;) {
		ssize_t got = read_at(fd, entries, sizeof(entries), list->file_bytes);

		if (got < 0)
			return false;
		size_t count = (size_t)got / sizeof(*entries);
		for (size_t i = 0; i < count; i++) {
			if (!ship_list_entry_valid(&entries[i]) || list->count >= ENTRIES_MAX)
				return true;
			if (!make_place(list)) {
				errno = ENOMEM;
				return false;
			}
			list->entries[list->count++] = entries[i];
			list->last_start_us = entries[i].segment.start_wall_us;
			list->file_bytes += sizeof(*entries);
		}
		if (count < ENTRIES_PER_READ)
			return true;
	}
}

static bool read_entries(int fd, struct ship_list *list)
{
	size_t before = list->count;

	if (!append_entries(fd, list))
		return false;
	errno = ENOMEM;
	return list->count == before || sort_entries(list);
}

static enum ship_list_outcome read_list(int fd, const char *camera, const uint8_t *bucket, struct ship_list *list)
{
	struct ship_list_header header;
	struct stat status;
	ssize_t got = read_at(fd, &header, sizeof(header), 0);

	if (got < 0 || fstat(fd, &status) < 0)
		return SHIP_LIST_ERROR;
	bool old = got == sizeof(header) && ship_list_header_valid(&header, SHIP_LIST_MAGIC_1);
	if (got != sizeof(header) || !S_ISREG(status.st_mode) ||
	    (!old && !ship_list_header_valid(&header, SHIP_LIST_MAGIC)) || strcmp(header.camera, camera) != 0)
		return SHIP_LIST_INVALID;
	if (!old && memcmp(header.bucket, bucket, sizeof(header.bucket)) != 0)
		return SHIP_LIST_OTHER;
	if (strcmp(header.archive, list->archive) != 0 || old != list->names_no_bucket ||
	    list->file_bytes > (uint64_t)status.st_size) {
		ship_list_free(list);
		memcpy(list->archive, header.archive, sizeof(list->archive));
		list->file_bytes = sizeof(header);
	}
	list->names_no_bucket = old;
	return read_entries(fd, list) ? SHIP_LIST_OK : SHIP_LIST_ERROR;
}

enum ship_list_outcome ship_list_read(int folder, const char *camera, const uint8_t bucket[BUCKET_DIGEST_BYTES],
				      struct ship_list *list)
{
	int fd = openat(folder, SHIP_LIST_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	enum ship_list_outcome outcome;

	if (fd < 0) {
		outcome = errno == ENOENT ? SHIP_LIST_MISSING : SHIP_LIST_ERROR;
	} else {
		outcome = read_list(fd, camera, bucket, list);
		int error = errno;
		close(fd);
		errno = error;
	}
	if (outcome != SHIP_LIST_OK)
		ship_list_free(list);
	return outcome;
}
