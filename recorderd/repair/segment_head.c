/* segment_head.c - rebuilds the damaged beginning of a segment. */
#include "recorderd/repair/segment_head.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/big_endian.h"
#include "shared/base/file_io.h"
#include "shared/segment/catalogue.h"
#include "shared/segment/segment.h"

#define HEAD_BYTES        4096u
#define DONORS_MAX        64     /* on either side in the order of names */
#define CONTIGUOUS_MAX_US 100000 /* between two segments without a gap */
#define TYPE_AVC1         MP4_TYPE('a', 'v', 'c', '1')
#define AVCC_SPS_AT       8u /* after avcC's type: 5 bytes, number of SPS, length of the first one (ISO/IEC 14496-15) */
#define INFO_BYTES        128u
#define MEDIA_FREE_SIZE   16u

/* What is known of the segment, and from where. */
struct known {
	bool listed, indexed;
	struct catalogue_entry entry;
	uint64_t segment_no;
	int64_t first_wall_us;
};

static void read_from_list(int folder, const char *file, struct known *known)
{
	struct catalogue list;
	uint64_t number;

	if (catalogue_open(folder, &list) != CATALOGUE_OK)
		return;
	known->listed = catalogue_find(&list, file, &number) && catalogue_read(&list, number, 1, &known->entry) == 1;
	catalogue_close(&list);
	if (!known->listed)
		return;
	known->segment_no = known->entry.segment_no;
	known->first_wall_us = known->entry.start_wall_us;
	known->listed = !known->entry.holes; /* otherwise start_wall_us may be that of the first frame left */
}

static void read_from_index(int folder, const char *file, struct known *known)
{
	char name[SEGMENT_FILE_BYTES];
	struct index_reader index;

	if (!index_name(file, name, sizeof(name)) || index_reader_open(folder, name, 0, &index) != INDEX_OK)
		return;
	known->indexed = true;
	known->listed = known->listed && known->entry.segment_no == index.segment_no;
	known->segment_no = index.segment_no;
	known->first_wall_us = index.first_wall_us;
	index_reader_close(&index);
}

/* The end of the last frame of a segment, from its index; 0 if that is not known. */
static int64_t read_end(int folder, const char *file, uint64_t segment_no)
{
	char name[SEGMENT_FILE_BYTES];
	struct index_record last;
	struct index_reader index;
	int64_t end_us = 0;

	if (!index_name(file, name, sizeof(name)) || index_reader_open(folder, name, segment_no, &index) != INDEX_OK)
		return 0;
	uint64_t count = index_reader_count(&index);
	if (count && index_reader_read(&index, count - 1, 1, &last) == 1)
		end_us = last.wall_us + last.duration_us;
	index_reader_close(&index);
	return end_us;
}

/* The segment's uuid box, as far as it is known; the rest is the donor's. */
static struct segment_info build_info(int folder, const struct known *known, const char *donor_file,
				      const struct segment_info *donor)
{
	struct segment_info info = *donor;

	info.segment_no = known->segment_no;
	info.first_wall_us = known->first_wall_us;
	info.flags = 0;
	info.first_mono_us = 0; /* the boot is not known, so the monotonic time means nothing */
	memset(info.boot_id, 0, sizeof(info.boot_id));
	if (known->listed) {
		info.run_no = known->entry.run_no;
		info.last_wall_us = known->entry.last_wall_us;
		info.utc_offset_s = known->entry.utc_offset_s;
		info.gap_cause = known->entry.gap_cause;
		info.source = known->entry.source;
		return info;
	}
	info.last_wall_us =
		donor->segment_no + 1 == known->segment_no ? read_end(folder, donor_file, donor->segment_no) : 0;
	int64_t apart_us = known->first_wall_us - info.last_wall_us;
	info.gap_cause = apart_us >= 0 && apart_us <= CONTIGUOUS_MAX_US ? GAP_NONE : GAP_DISK;
	return info;
}

/* The first key frame that a scan finds. */
struct first_key {
	struct index_record record;
	bool found;
};

static bool keep_first(const struct index_record *record, void *context)
{
	struct first_key *first = context;

	first->record = *record;
	first->found = true;
	return false;
}

/* True if the head's H.264 parameters are also at the beginning of the key frame. Other codecs have none. */
static bool parameters_match(const struct segment_layout *layout, int media, const struct index_record *key)
{
	static const uint8_t type[] = {'a', 'v', 'c', 'C'};
	const struct mp4_init *init = &layout->init;
	uint8_t frame[HEAD_BYTES];

	if (init->codec != TYPE_AVC1)
		return true;
	const uint8_t *end = init->entry + init->entry_bytes, *avcc;
	avcc = memmem(init->entry, init->entry_bytes, type, sizeof(type));
	if (!avcc || end - avcc < (ptrdiff_t)(sizeof(type) + AVCC_SPS_AT))
		return false;
	const uint8_t *sps = avcc + sizeof(type) + AVCC_SPS_AT;
	size_t length = be16_get(sps - 2);
	ssize_t got = read_at(media, frame, key->size < sizeof(frame) ? key->size : sizeof(frame), key->offset);
	return length > 0 && (size_t)(end - sps) >= length && got > 0 && memmem(frame, (size_t)got, sps, length);
}

static bool build_head(const struct segment_layout *donor, const struct segment_info *info, struct buffer *head)
{
	size_t ftyp_bytes = (size_t)donor->free_at - INFO_BYTES;

	buffer_append(head, donor->head.data, ftyp_bytes);
	segment_info_encode(info, head);
	buffer_u32(head, MEDIA_FREE_SIZE);
	buffer_u32(head, MP4_TYPE('f', 'r', 'e', 'e'));
	buffer_u64(head, 0);
	buffer_append(head, donor->head.data + donor->media_at, (size_t)(donor->fragments_at - donor->media_at));
	return !head->failed && head->length == donor->fragments_at;
}

/* Finds the first frame that follows if the donor's head is taken for the segment's own. */
static struct first_key find_first(int media, const struct segment_layout *donor, const struct segment_info *info)
{
	struct segment_layout layout = *donor;
	struct first_key first = {.found = false};
	struct segment_scan_options search = {.thorough = true, .on_record = keep_first, .context = &first};
	struct segment_scan_result found;
	struct stat status;

	layout.info = *info;
	layout.media_end = fstat(media, &status) == 0 ? (uint64_t)status.st_size : 0;
	if (segment_scan_fragments(media, &layout, &search, &found) != SEGMENT_OK)
		first.found = false;
	return first;
}

/* Tries another segment as the donor. True if its head fits; then `head` has the new head. */
static bool try_donor(int folder, const char *donor_file, int media, const struct known *known, struct buffer *head)
{
	struct segment_layout donor = {0};
	int fd = openat(folder, donor_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool good = fd >= 0 && segment_read_layout(fd, &donor) == SEGMENT_OK;

	if (good) {
		struct segment_info info = build_info(folder, known, donor_file, &donor.info);
		struct first_key first = find_first(media, &donor, &info);
		bool alike = !known->listed ||
			     (known->entry.codec == donor.init.codec && known->entry.width == donor.init.width &&
			      known->entry.height == donor.init.height && known->entry.media_at == donor.media_at);
		good = first.found && alike && parameters_match(&donor, media, &first.record) &&
		       build_head(&donor, &info, head);
	}
	segment_layout_free(&donor);
	if (fd >= 0)
		close(fd);
	return good;
}

static int is_segment(const struct dirent *entry)
{
	return segment_file_valid(entry->d_name);
}

/* Tries the nearest segments in the order of names, alternately before and after this one. */
static bool find_donor(int folder, const char *file, int media, const struct known *known, struct buffer *head)
{
	struct dirent **entries = NULL;
	int count = scandirat(folder, ".", &entries, is_segment, alphasort), own = 0;
	bool found = false;

	while (own < count && strcmp(entries[own]->d_name, file) != 0)
		own++;
	for (int apart = 1; !found && apart < DONORS_MAX && apart <= count; apart++) {
		found = own >= apart && try_donor(folder, entries[own - apart]->d_name, media, known, head);
		if (!found && own + apart < count) {
			buffer_clear(head);
			found = try_donor(folder, entries[own + apart]->d_name, media, known, head);
		}
	}
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return found;
}

/* True if the file begins like an MP4 of another program: our uuid box never follows such boxes. */
static bool is_foreign(int media)
{
	static const char types[] = "styp moov moof sidx mdat free skip wide";
	uint8_t head[HEAD_BYTES];
	struct mp4_box box;
	ssize_t got = read_at(media, head, sizeof(head), 0);
	size_t at = 0;

	if (got < 16 || mp4_box_header(head, (size_t)got, 0, &box) != MP4_OK)
		return false;
	if (box.type == MP4_TYPE('f', 't', 'y', 'p')) {
		at = box.size < (uint64_t)got - 8 ? (size_t)box.size : 0;
		if (!at || mp4_box_header(head, (size_t)got, at, &box) != MP4_OK)
			return false;
	}
	const char *known = memmem(types, sizeof(types) - 1, head + at + 4, 4);
	return known && (known - types) % 5 == 0;
}

/* True if there are whole fragments anywhere, of whatever segment. */
static bool has_fragments(int media)
{
	struct segment_layout layout = {.info = {.first_wall_us = 0}};
	struct first_key first = {.found = false};
	struct segment_scan_options search = {.unknown_head = true, .on_record = keep_first, .context = &first};
	struct segment_scan_result found;
	struct stat status;

	layout.media_end = fstat(media, &status) == 0 ? (uint64_t)status.st_size : 0;
	return segment_scan_fragments(media, &layout, &search, &found) == SEGMENT_OK &&
	       (first.found || found.more_fragments);
}

enum head_outcome segment_head_rebuild(int folder, const char *file, int media, struct reason *why)
{
	struct known known = {.listed = false};
	struct buffer head = {0};
	enum head_outcome outcome = HEAD_UNKNOWN;

	if (is_foreign(media))
		return HEAD_FOREIGN;
	read_from_list(folder, file, &known);
	read_from_index(folder, file, &known);
	if ((known.listed || known.indexed) && find_donor(folder, file, media, &known, &head)) {
		outcome = HEAD_REBUILT;
		if (!write_at(media, head.data, head.length, 0) || fdatasync(media) < 0) {
			reason_errno(why, "cannot write the beginning of %s", file);
			outcome = HEAD_FAILED;
		}
	} else if (!has_fragments(media)) {
		outcome = HEAD_EMPTY;
	}
	buffer_free(&head);
	return outcome;
}
