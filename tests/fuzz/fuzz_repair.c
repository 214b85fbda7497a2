/*
 * fuzz_repair.c - a segment and its .idx after a crash.
 *
 * A repaired segment is complete, ends with its moov, has an index that agrees with the file, and is not changed by a
 * second repair, even by one that trusts its index. A file that is not ours is not changed, and one that cannot be
 * repaired keeps its bytes under another name. Input: size of the .idx (2 bytes), the .idx, the .mp4; their CRCs are
 * corrected.
 */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorderd/repair/segment_repair.h"
#include "shared/base/big_endian.h"
#include "shared/base/crc32c.h"
#include "shared/base/log.h"
#include "shared/segment/index.h"
#include "shared/segment/segment.h"

#define MEDIA_FILE "recording_20260517_102300.mp4"
#define INDEX_FILE "recording_20260517_102300.idx"

#define ASIDE_FILE  "damaged_" MEDIA_FILE
#define ASIDE_INDEX "damaged_" INDEX_FILE

struct contents {
	off_t size; /* -1: no such file */
	uint32_t crc;
};

static struct contents contents_of(const char *name)
{
	static uint8_t bytes[1 << 20];
	struct contents out = {-1, 0};
	int fd = openat(scratch_folder(), name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return out;
	out.size = read(fd, bytes, sizeof(bytes));
	holds(out.size >= 0);
	out.crc = crc32c(0, bytes, (size_t)out.size);
	close(fd);
	return out;
}

static bool same(struct contents a, struct contents b)
{
	return a.size == b.size && a.crc == b.crc;
}

static void check_entry(const struct catalogue_entry *entry)
{
	holds(entry->frames > 0 && entry->size_bytes == (uint64_t)contents_of(MEDIA_FILE).size);
	holds((uint64_t)contents_of(INDEX_FILE).size == (entry->frames + 1) * INDEX_RECORD_BYTES);
	holds(entry->end_wall_us >= entry->start_wall_us && strcmp(entry->file, MEDIA_FILE) == 0);
	holds(entry->width > 0 && entry->height > 0);
}

static void check_repaired(const struct catalogue_entry *entry)
{
	struct contents media = contents_of(MEDIA_FILE), index = contents_of(INDEX_FILE);
	struct catalogue_entry again;
	struct reason why;

	check_entry(entry);
	holds(segment_repair(scratch_folder(), MEDIA_FILE, &again, NULL, &why) == REPAIR_DONE);
	holds(memcmp(entry, &again, sizeof(again)) == 0);
	holds(segment_finish(scratch_folder(), MEDIA_FILE, &again, NULL, &why) == REPAIR_DONE);
	holds(memcmp(entry, &again, sizeof(again)) == 0);
	holds(same(contents_of(MEDIA_FILE), media) && same(contents_of(INDEX_FILE), index));
}

static bool read_layout(struct segment_layout *out)
{
	int fd = openat(scratch_folder(), MEDIA_FILE, O_RDONLY | O_CLOEXEC);
	bool good = segment_read_layout(fd, out) == SEGMENT_OK;

	close(fd);
	return good;
}

static bool is_open(void)
{
	struct segment_layout layout;
	bool open = read_layout(&layout) && layout.form == SEGMENT_OPEN;

	segment_layout_free(&layout);
	return open;
}

/* The media is followed by the moov, and by nothing of the torn end. */
static void check_end(void)
{
	struct segment_layout layout;
	uint8_t size_bytes[4];
	int fd = openat(scratch_folder(), MEDIA_FILE, O_RDONLY | O_CLOEXEC);

	holds(read_layout(&layout) && layout.form == SEGMENT_COMPLETE);
	holds(pread(fd, size_bytes, sizeof(size_bytes), (off_t)layout.media_end) == sizeof(size_bytes));
	holds(layout.media_end + be32_get(size_bytes) == (uint64_t)contents_of(MEDIA_FILE).size);
	segment_layout_free(&layout);
	close(fd);
}

static void check_outcome(enum repair_outcome outcome, const struct catalogue_entry *entry, struct contents before,
			  const struct reason *why)
{
	switch (outcome) {
	case REPAIR_DONE:
		holds(entry->state == CATALOGUE_COMPLETE);
		check_repaired(entry);
		break;
	case REPAIR_SET_ASIDE:
		holds(contents_of(MEDIA_FILE).size < 0 && contents_of(INDEX_FILE).size < 0 && why->text[0] != '\0');
		holds(same(before, contents_of(ASIDE_FILE)));
		unlinkat(scratch_folder(), ASIDE_FILE, 0);
		unlinkat(scratch_folder(), ASIDE_INDEX, 0);
		break;
	case REPAIR_EMPTY:
		holds(contents_of(MEDIA_FILE).size < 0 && contents_of(INDEX_FILE).size < 0);
		break;
	case REPAIR_FOREIGN:
		holds(same(before, contents_of(MEDIA_FILE)));
		break;
	case REPAIR_UNFINISHED:
	case REPAIR_FAILED:
		holds(why->text[0] != '\0');
		break;
	case REPAIR_GONE:
		holds(false);
	}
}

/* An index that was made to agree with the file is trusted; then only the sizes of the files can be checked. */
static void check_trusting(void)
{
	struct catalogue_entry entry;
	struct reason why = {""};
	enum repair_outcome outcome = segment_finish(scratch_folder(), MEDIA_FILE, &entry, NULL, &why);

	if (outcome == REPAIR_DONE)
		holds(entry.frames > 0 && entry.size_bytes == (uint64_t)contents_of(MEDIA_FILE).size);
	else
		holds(outcome != REPAIR_GONE);
	unlinkat(scratch_folder(), ASIDE_FILE, 0);
	unlinkat(scratch_folder(), ASIDE_INDEX, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	struct catalogue_entry entry;
	struct reason why = {""};
	size_t index_bytes = (size_t)input_number(&input, 2);

	log_set_level(LOG_ERROR);
	index_bytes = index_bytes < input.left ? index_bytes : input.left;
	size_t media_bytes = input.left - index_bytes;
	uint8_t *index = input_copy(input.at, index_bytes), *media = input_copy(input.at + index_bytes, media_bytes);
	seal_index(index, index_bytes);
	seal_segment(media, media_bytes);
	scratch_write(INDEX_FILE, index, index_bytes);
	scratch_write(MEDIA_FILE, media, media_bytes);
	struct contents before = contents_of(MEDIA_FILE);
	bool open = is_open();
	enum repair_outcome outcome = segment_repair(scratch_folder(), MEDIA_FILE, &entry, NULL, &why);
	check_outcome(outcome, &entry, before, &why);
	if (outcome == REPAIR_DONE && open)
		check_end();

	scratch_write(INDEX_FILE, index, index_bytes);
	scratch_write(MEDIA_FILE, media, media_bytes);
	check_trusting();
	free(index);
	free(media);
	return 0;
}
