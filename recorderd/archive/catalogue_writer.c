/* catalogue_writer.c - replaces recording_index.bin and recording_index.json. */
#include "recorderd/archive/catalogue_writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <json-c/json.h>

#include "recorderd/archive/archive_internal.h"
#include "recorderd/lists/replacement.h"
#include "shared/base/buffer.h"
#include "shared/base/clock.h"
#include "shared/base/crc32c.h"

#define FLUSH_BYTES 65536u

/* See catalogue.h. A segment that is still open has no end yet. */
static void fill_bounds(struct catalogue_entry *entries, size_t count)
{
	int64_t max_end = INT64_MIN, min_start = INT64_MAX;

	for (size_t i = 0; i < count; i++) {
		int64_t end = entries[i].state == CATALOGUE_RECORDING ? INT64_MAX : entries[i].end_wall_us;
		max_end = end > max_end ? end : max_end;
		entries[i].max_end_wall_us = max_end;
	}
	for (size_t i = count; i-- > 0;) {
		int64_t start = entries[i].start_wall_us;
		min_start = start < min_start ? start : min_start;
		entries[i].min_start_wall_us = min_start;
	}
}

/*
 * A segment whose times may be corrected was recorded after the one before it. So what ends before that one does will
 * not change, unless it shows the segment itself.
 */
static int64_t unsettled_from_us(const struct catalogue_entry *entries, size_t count)
{
	int64_t from_us = 0;

	for (size_t i = 0; i < count; i++) {
		bool first = i == 0 || !(entries[i - 1].flags & SEGMENT_CLOCK_DOUBTFUL);
		int64_t before_us = entries[i].last_wall_us > 0 ? entries[i].last_wall_us : 1;
		if (entries[i].flags & SEGMENT_CLOCK_DOUBTFUL && first && (from_us == 0 || before_us < from_us))
			from_us = before_us;
	}
	return from_us;
}

static void seal(struct catalogue_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		entries[i].crc = crc32c(0, &entries[i], offsetof(struct catalogue_entry, crc));
}

bool catalogue_write(int directory, uint64_t generation, struct catalogue_entry *entries, size_t count, bool durable,
		     struct reason *why)
{
	struct replacement new;
	struct catalogue_header header = {
		.magic = CATALOGUE_MAGIC,
		.generation = generation,
		.entries = count,
		.written_wall_us = wall_now().us,
		.unsettled_from_us = unsettled_from_us(entries, count),
		.entry_bytes = CATALOGUE_ENTRY_BYTES,
	};

	header.crc = crc32c(0, &header, offsetof(struct catalogue_header, crc));
	fill_bounds(entries, count);
	seal(entries, count);
	if (!replacement_begin(&new, directory, CATALOGUE_FILE, durable, why))
		return false;
	bool good = replacement_write(&new, &header, sizeof(header), why) &&
		    replacement_write(&new, entries, count * sizeof(*entries), why);
	return replacement_end(&new, good, why);
}

/* Each entry is on a line of its own, for tools that work by lines. */
static bool append_json(struct buffer *out, const struct catalogue_entry *entry, const char *camera)
{
	struct json_object *object = catalogue_entry_json(entry, camera);
	size_t length;

	if (!object)
		return false;
	const char *text = json_object_to_json_string_length(object, JSON_C_TO_STRING_PLAIN, &length);
	if (text)
		buffer_append(out, text, length);
	json_object_put(object);
	return text && !out->failed;
}

static bool write_entries_json(struct replacement *new, const struct catalogue_entry *entries, size_t count,
			       const char *camera, struct buffer *text, struct reason *why)
{
	buffer_append(text, "[", 1);
	for (size_t i = 0; i < count; i++) {
		buffer_append(text, i == 0 ? "\n" : ",\n", i == 0 ? 1 : 2);
		if (!append_json(text, &entries[i], camera))
			return reason_set(why, "out of memory for %s", new->file);
		if (text->length < FLUSH_BYTES)
			continue;
		if (!replacement_write(new, text->data, text->length, why))
			return false;
		buffer_clear(text);
	}
	buffer_append(text, "\n]\n", 3);
	if (text->failed)
		return reason_set(why, "out of memory for %s", new->file);
	return replacement_write(new, text->data, text->length, why);
}

bool catalogue_write_json(int directory, const struct catalogue_entry *entries, size_t count, const char *camera,
			  struct reason *why)
{
	struct replacement new;
	struct buffer text = {0};

	if (!replacement_begin(&new, directory, CATALOGUE_JSON, true, why))
		return false;
	bool good = write_entries_json(&new, entries, count, camera, &text, why);
	buffer_free(&text);
	return replacement_end(&new, good, why);
}

/*
 * Copies the list, so that it can be written without blocking those who change it. *wait is set while nothing was
 * recorded in a folder that the path has just come to lead to: that is no empty archive.
 */
static struct catalogue_entry *copy_entries(struct archive *archive, size_t *count, bool *wait)
{
	pthread_mutex_lock(&archive->lock);
	*count = 0;
	*wait = archive->unrecorded && archive->count == 0;
	struct catalogue_entry *entries = malloc((archive->count + 1) * sizeof(*entries));
	for (size_t i = 0; entries && i < archive->count; i++)
		if (!archive->segments[i].deleting)
			entries[(*count)++] = archive->segments[i].entry;
	pthread_mutex_unlock(&archive->lock);
	return entries;
}

bool archive_write_lists(struct archive *archive, bool also_json, struct reason *why)
{
	int folder = archive_dup_folder(archive);
	size_t count;
	bool good = false, wait = false;

	pthread_mutex_lock(&archive->list_lock);
	struct catalogue_entry *entries = copy_entries(archive, &count, &wait);
	if (entries && wait)
		good = true;
	else if (entries && folder >= 0)
		good = catalogue_write(folder, ++archive->generation, entries, count, also_json, why);
	else
		reason_set(why, "cannot write the list of segments: %s", entries ? "no folder" : "out of memory");
	pthread_mutex_unlock(&archive->list_lock);
	if (good && also_json && !wait) /* the keeper alone does this: no lock is needed */
		good = catalogue_write_json(folder, entries, count, archive->config->camera.name, why);
	free(entries);
	if (folder >= 0)
		close(folder);
	return good;
}

static bool is_missing(int folder, const char *name)
{
	return faccessat(folder, name, F_OK, 0) < 0 && errno == ENOENT;
}

void archive_check_lists(struct archive *archive, int folder)
{
	if (!is_missing(folder, CATALOGUE_FILE) && !is_missing(folder, CATALOGUE_JSON))
		return;
	atomic_store(&archive->lists_dirty, true);
}
