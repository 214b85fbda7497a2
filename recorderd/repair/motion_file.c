/* motion_file.c - repairs, renames, corrects and removes the .motion file beside a segment. */
#include "recorderd/repair/motion_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorderd/lists/replacement.h"
#include "shared/base/clock.h"
#include "shared/base/file_io.h"
#include "shared/base/log.h"

#define NAME_BYTES       96
#define RECORDS_PER_READ 64u
#define BYTES_MAX        (UINT64_C(4) * 86400 * MOTION_RECORD_BYTES) /* more than a segment of a day can have */

bool motion_file_exists(int folder, const char *segment_file)
{
	char name[NAME_BYTES];

	return motion_file_name(segment_file, name, sizeof(name)) &&
	       faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

uint64_t motion_file_bytes(int folder, const char *segment_file)
{
	char name[NAME_BYTES];
	struct stat status;

	if (!motion_file_name(segment_file, name, sizeof(name)) ||
	    fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return (uint64_t)status.st_size;
}

void motion_file_rename(int folder, const char *segment_file, const char *new_segment_file)
{
	char name[NAME_BYTES], new_name[NAME_BYTES];

	if (motion_file_name(segment_file, name, sizeof(name)) &&
	    motion_file_name(new_segment_file, new_name, sizeof(new_name)) &&
	    renameat(folder, name, folder, new_name) < 0 && errno != ENOENT)
		log_warn("archive", "cannot rename %s: %s", name, strerror(errno));
}

bool motion_file_remove(int folder, const char *segment_file)
{
	char name[NAME_BYTES];

	return !motion_file_name(segment_file, name, sizeof(name)) || unlinkat(folder, name, 0) == 0 || errno == ENOENT;
}

/* A .motion file on its way through the repair. */
struct contents {
	int fd;
	char name[NAME_BYTES];
	struct motion_header header;
	bool header_valid;
	struct buffer *records; /* that are kept */
	bool differs;           /* the file has something else as well */
};

static struct motion_record *last_kept(const struct contents *contents, size_t begin)
{
	const struct buffer *records = contents->records;

	if (records->length == begin)
		return NULL;
	return (struct motion_record *)(void *)(records->data + records->length - sizeof(struct motion_record));
}

/* Keeps a record if it is valid and in its place, and joins it with another one of its second. */
static void keep(struct contents *contents, const struct motion_file_owner *owner, const struct motion_record *record,
		 size_t begin)
{
	struct motion_record *last = last_kept(contents, begin);
	uint64_t segment_no = contents->header.segment_no;

	if (!motion_record_valid(record, segment_no) || record->second < owner->first_second - 1 ||
	    record->second > owner->end_second || (last && record->second < last->second)) {
		contents->differs = true;
	} else if (last && record->second == last->second) {
		contents->differs = true;
		motion_record_join(last, record);
		motion_record_seal(last, segment_no);
	} else {
		buffer_append(contents->records, record, sizeof(*record));
	}
}

static bool read_records(struct contents *contents, const struct motion_file_owner *owner)
{
	struct motion_record records[RECORDS_PER_READ];
	size_t begin = contents->records->length;
	uint64_t at = sizeof(struct motion_header);
	ssize_t got = 0;

	while (at < BYTES_MAX && (got = read_at(contents->fd, records, sizeof(records), at)) > 0) {
		size_t whole = (size_t)got / sizeof(records[0]);

		for (size_t i = 0; i < whole; i++)
			keep(contents, owner, &records[i], begin);
		contents->differs |= (size_t)got % sizeof(records[0]) != 0;
		at += (uint64_t)got;
	}
	contents->differs |= at >= BYTES_MAX;
	return got >= 0 && !contents->records->failed;
}

static bool replace(const struct contents *contents, int folder, size_t begin, struct reason *why)
{
	const struct buffer *records = contents->records;
	struct replacement new;

	if (!replacement_begin(&new, folder, contents->name, true, why))
		return false;
	bool good = replacement_write(&new, &contents->header, sizeof(contents->header), why) &&
		    (records->length == begin ||
		     replacement_write(&new, records->data + begin, records->length - begin, why));
	return replacement_end(&new, good, why);
}

/* Opens the file and reads its header. */
static enum motion_outcome open_file(struct contents *contents, int folder, const char *segment_file)
{
	struct stat status;

	if (!motion_file_name(segment_file, contents->name, sizeof(contents->name)))
		return MOTION_MISSING;
	contents->fd = openat(folder, contents->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (contents->fd < 0)
		return errno == ENOENT ? MOTION_MISSING : MOTION_ERROR;
	if (fstat(contents->fd, &status) < 0 || !S_ISREG(status.st_mode))
		return MOTION_ERROR;
	ssize_t got = read_at(contents->fd, &contents->header, sizeof(contents->header), 0);
	contents->header_valid = got == (ssize_t)sizeof(contents->header) && motion_header_valid(&contents->header) &&
				 contents->header.segment_no != 0 && clock_is_plausible(contents->header.first_wall_us);
	return got < 0 ? MOTION_ERROR : MOTION_OK;
}

/* What is in the file is kept or replaced. */
static enum motion_outcome settle(struct contents *contents, int folder, size_t begin)
{
	struct reason why = {""};
	bool some = contents->records->length > begin;

	if (!some && !contents->header_valid) {
		log_warn("archive", "%s is damaged: what moved then is not known", contents->name);
		return unlinkat(folder, contents->name, 0) == 0 ? MOTION_INVALID : MOTION_ERROR;
	}
	if (contents->differs) {
		log_info("archive", "%s repaired: %zu records", contents->name,
			 (contents->records->length - begin) / sizeof(struct motion_record));
		if (!replace(contents, folder, begin, &why))
			log_warn("archive", "%s", why.text);
	} else if (fdatasync(contents->fd) < 0) {
		log_debug("archive", "cannot sync %s: %s", contents->name, strerror(errno));
	}
	return MOTION_OK;
}

/* Rounded, away from zero. */
static int64_t whole_seconds(int64_t us)
{
	return (us + (us < 0 ? -US_PER_S : US_PER_S) / 2) / US_PER_S;
}

/*
 * The seconds that the file may have. While times are being corrected, the records may have moved and the segment not
 * yet.
 */
static struct motion_file_owner by_its_clock(const struct contents *contents, const struct motion_file_owner *owner)
{
	struct motion_file_owner moved = *owner;

	if (contents->header.first_wall_us == 0 || owner->first_wall_us == 0)
		return moved;
	int64_t seconds = whole_seconds(contents->header.first_wall_us - owner->first_wall_us);
	moved.first_second += seconds;
	moved.end_second += seconds;
	return moved;
}

static enum motion_outcome repair(struct contents *contents, int folder, const struct motion_file_owner *owner)
{
	size_t begin = contents->records->length;
	enum motion_outcome outcome = open_file(contents, folder, owner->file);

	if (outcome != MOTION_OK)
		return outcome;
	if (contents->header_valid && owner->segment_no != 0 && contents->header.segment_no != owner->segment_no)
		return MOTION_INVALID;
	if (!contents->header_valid && owner->segment_no == 0)
		return settle(contents, folder, begin); /* nobody knows whose records these are */
	if (!contents->header_valid) {
		motion_header_init(&contents->header, owner->segment_no);
		contents->header.first_wall_us = owner->first_wall_us;
		motion_header_seal(&contents->header);
		contents->differs = true;
	}
	struct motion_file_owner moved = by_its_clock(contents, owner);
	return read_records(contents, &moved) ? settle(contents, folder, begin) : MOTION_ERROR;
}

enum motion_outcome motion_file_repair(int folder, const struct motion_file_owner *owner, struct buffer *records)
{
	struct contents contents = {.fd = -1, .records = records};
	enum motion_outcome outcome = repair(&contents, folder, owner);
	int error = errno;

	if (contents.fd >= 0)
		close(contents.fd);
	errno = error;
	return outcome;
}

static void move(struct contents *contents, int64_t seconds)
{
	struct motion_record *records = (struct motion_record *)(void *)contents->records->data;
	size_t count = contents->records->length / sizeof(*records);

	for (size_t i = 0; i < count; i++) {
		records[i].second += seconds;
		motion_record_seal(&records[i], contents->header.segment_no);
	}
}

static bool redate(struct contents *contents, int folder, const struct motion_file_owner *owner, int64_t old_wall_us,
		   struct reason *why)
{
	enum motion_outcome outcome = open_file(contents, folder, owner->file);

	if (outcome == MOTION_ERROR)
		return reason_errno(why, "cannot read %s", contents->name);
	if (outcome != MOTION_OK || !contents->header_valid || contents->header.segment_no != owner->segment_no)
		return true; /* there is nothing to correct; a damaged one is repaired later */
	if (contents->header.first_wall_us == owner->first_wall_us)
		return true;
	if (contents->header.first_wall_us != 0)
		old_wall_us = contents->header.first_wall_us;
	if (!read_records(contents, owner))
		return reason_errno(why, "cannot read %s", contents->name);
	move(contents, whole_seconds(owner->first_wall_us - old_wall_us));
	contents->header.first_wall_us = owner->first_wall_us;
	motion_header_seal(&contents->header);
	return replace(contents, folder, 0, why);
}

bool motion_file_redate(int folder, const char *segment_file, uint64_t segment_no, int64_t old_wall_us,
			int64_t first_wall_us, struct reason *why)
{
	struct motion_file_owner owner = {
		.file = segment_file,
		.segment_no = segment_no,
		.first_wall_us = first_wall_us,
		.end_second = CLOCK_MAX_US / US_PER_S,
	};
	struct buffer records = {0};
	struct contents contents = {.fd = -1, .records = &records};
	bool good = redate(&contents, folder, &owner, old_wall_us, why);

	if (contents.fd >= 0)
		close(contents.fd);
	buffer_free(&records);
	return good;
}
