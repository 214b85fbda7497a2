/* shipped_file.c - writes shipped.bin. */
#include "offsite/shipped_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/file_io.h"
#include "shared/base/log.h"
#include "shared/store/object_name.h"

#define PART_FILE "." SHIP_LIST_FILE PART_SUFFIX

/* Puts a list of these entries in the file's place. */
static bool replace(const struct shipped_file *file, const struct shipped_file_owner *owner,
		    const struct ship_list *list)
{
	struct ship_list_header header;
	int fd = openat(file->folder, PART_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);

	if (fd < 0)
		return false;
	ship_list_header_make(&header, SHIP_LIST_MAGIC, owner->archive, owner->camera, owner->bucket);
	bool good = write_at(fd, &header, sizeof(header), 0) &&
		    (list->count == 0 ||
		     write_at(fd, list->entries, list->count * sizeof(*list->entries), sizeof(header))) &&
		    fsync(fd) == 0;
	int error = errno;
	close(fd);
	errno = error;
	return good && renameat(file->folder, PART_FILE, file->folder, SHIP_LIST_FILE) == 0 &&
	       folder_sync(file->folder);
}

/* Reads the file, after replacing one that is not what it has to be. */
static enum ship_list_outcome read_own(struct shipped_file *file, const struct shipped_file_owner *owner)
{
	struct ship_list *list = &file->list;
	enum ship_list_outcome outcome = ship_list_read(file->folder, owner->camera, owner->bucket, list);

	if (outcome == SHIP_LIST_ERROR)
		return outcome;
	bool own = outcome == SHIP_LIST_OK && strcmp(list->archive, owner->archive) == 0;
	if (own && !list->names_no_bucket)
		return outcome;
	if (outcome == SHIP_LIST_OTHER)
		log_warn("ship", SHIP_LIST_FILE " is of another bucket: everything is shipped again");
	else if (!own && outcome != SHIP_LIST_MISSING)
		log_warn("ship", SHIP_LIST_FILE " is not of these recordings: everything is shipped again");
	if (!own)
		ship_list_free(list);
	bool replaced = replace(file, owner, list);
	int error = errno;
	ship_list_free(list);
	errno = error;
	return replaced ? ship_list_read(file->folder, owner->camera, owner->bucket, list) : SHIP_LIST_ERROR;
}

bool shipped_file_open(struct shipped_file *file, int folder, const struct shipped_file_owner *owner,
		       struct reason *why)
{
	*file = (struct shipped_file){.folder = folder, .fd = -1};
	snprintf(file->camera, sizeof(file->camera), "%s", owner->camera);
	if (read_own(file, owner) == SHIP_LIST_OK)
		file->fd = openat(folder, SHIP_LIST_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	/* What a crash left after the last whole entry would hide those that follow. */
	if (file->fd >= 0 && ftruncate(file->fd, (off_t)file->list.file_bytes) == 0)
		return true;
	reason_errno(why, "cannot read or write " SHIP_LIST_FILE);
	shipped_file_close(file);
	return false;
}

void shipped_file_close(struct shipped_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	ship_list_free(&file->list);
}

bool shipped_file_append(struct shipped_file *file, struct ship_list_entry *entry, struct reason *why)
{
	uint64_t at = file->list.file_bytes;

	ship_list_entry_seal(entry);
	if (!write_at(file->fd, entry, sizeof(*entry), at) || fdatasync(file->fd) < 0) {
		reason_errno(why, "cannot write " SHIP_LIST_FILE);
		(void)!ftruncate(file->fd, (off_t)at);
		return false;
	}
	if (!ship_list_put(&file->list, entry)) {
		(void)!ftruncate(file->fd, (off_t)at);
		return reason_set(why, "out of memory");
	}
	file->list.file_bytes += sizeof(*entry);
	file->list.last_start_us = entry->segment.start_wall_us;
	return true;
}

void shipped_file_day(const struct shipped_file *file, int64_t day_us, const struct ship_list_entry *instead,
		      struct buffer *out)
{
	struct ship_list_header header;
	size_t begin = out->length;
	uint64_t entries = 0;

	ship_list_header_make(&header, SHIP_LIST_DAY_MAGIC, file->list.archive, file->camera, NULL);
	buffer_append(out, &header, sizeof(header));
	for (size_t i = 0; i < file->list.count; i++) {
		const struct ship_list_entry *entry = &file->list.entries[i];

		if (instead && ship_list_entry_matches(entry, &instead->segment))
			entry = instead;
		if (object_day_us(entry->segment.start_wall_us) != day_us)
			continue;
		buffer_append(out, entry, sizeof(*entry));
		entries++;
	}
	if (out->failed)
		return;
	header.entries = entries;
	header.day_us = day_us;
	ship_list_header_seal(&header);
	memcpy(out->data + begin, &header, sizeof(header));
}
