/*
 * fuzz_segment.c - the .mp4 of a segment.
 *
 * Records are ordered by time and by offset, each frame is within the media, and the scan ends after the last one. The
 * file truncated there has the same records, and the moov that finishes it is one whole box. Input: the file, which is
 * read unchanged and with a corrected CRC.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <unistd.h>

#include "shared/segment/segment.h"

#define RECORDS_MAX 512u
#define INDEX_FILE  "recording_20260517_102300.idx"

struct walked {
	const struct segment_layout *layout;
	struct index_record records[RECORDS_MAX];
	size_t count;
	uint64_t good_end;
};

static bool take(const struct index_record *record, void *context)
{
	struct walked *walked = context;
	const struct index_record *before = walked->count ? &walked->records[walked->count - 1] : NULL;

	holds(index_record_valid(record, walked->layout->info.segment_no));
	holds(record->offset > walked->layout->fragments_at && record->size > 0);
	holds(record->offset + record->size <= walked->layout->media_end);
	holds(!before || record->wall_us >= before->wall_us);
	holds(!before || record->offset > before->offset + before->size);
	walked->records[walked->count++] = *record;
	return walked->count < RECORDS_MAX;
}

static void walk(int fd, const struct segment_layout *layout, struct walked *out)
{
	out->layout = layout;
	out->count = 0;
	holds(segment_walk(fd, layout, take, out, &out->good_end) == SEGMENT_OK);
	holds(out->good_end >= layout->fragments_at && out->good_end <= layout->media_end);
	if (out->count > 0) {
		const struct index_record *last = &out->records[out->count - 1];
		holds(out->good_end == last->offset + last->size);
	}
}

static void check_layout(const struct segment_layout *layout, size_t size)
{
	holds(layout->media_at == layout->free_at + 16 && layout->fragments_at > layout->media_at);
	holds(layout->fragments_at <= layout->media_end && layout->media_end <= size);
	holds(layout->head.length == layout->fragments_at);
	holds(layout->init.entry == layout->entry_bytes && layout->init.entry_bytes <= MP4_ENTRY_MAX);
	holds(memchr(layout->info.camera, '\0', sizeof(layout->info.camera)));
}

static void check_cut(const uint8_t *data, const struct walked *walked)
{
	static struct walked again;
	struct segment_layout layout;
	int fd = memory_file(data, (size_t)walked->good_end);

	holds(segment_read_layout(fd, &layout) == SEGMENT_OK);
	walk(fd, &layout, &again);
	holds(again.count == walked->count && again.good_end == walked->good_end);
	holds(memcmp(again.records, walked->records, walked->count * sizeof(walked->records[0])) == 0);
	segment_layout_free(&layout);
	close(fd);
}

static void check_moov(const struct walked *walked)
{
	struct buffer index = {0}, moov = {0};
	struct index_reader reader;
	struct mp4_box box;
	struct index_header header = {.segment_no = walked->layout->info.segment_no};

	index_header_seal(&header);
	buffer_append(&index, &header, sizeof(header));
	buffer_append(&index, walked->records, walked->count * sizeof(walked->records[0]));
	scratch_write(INDEX_FILE, index.data, index.length);
	if (index_reader_open(scratch_folder(), INDEX_FILE, header.segment_no, &reader) == INDEX_OK) {
		holds(index_reader_count(&reader) == walked->count);
		if (segment_build_moov(walked->layout, &reader, walked->count, &moov))
			holds(mp4_box_header(moov.data, moov.length, 0, &box) == MP4_OK && box.size == moov.length);
	}
	index_reader_close(&reader);
	buffer_free(&index);
	buffer_free(&moov);
}

static void check_file(const uint8_t *data, size_t size)
{
	static struct walked walked;
	struct segment_layout layout;
	int fd = memory_file(data, size);

	if (segment_read_layout(fd, &layout) == SEGMENT_OK) {
		check_layout(&layout, size);
		walk(fd, &layout, &walked);
		if (layout.form == SEGMENT_OPEN)
			check_cut(data, &walked);
		check_moov(&walked);
	}
	segment_layout_free(&layout);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *sealed = input_copy(data, size);

	check_file(data, size);
	seal_segment(sealed, size);
	check_file(sealed, size);
	free(sealed);
	return 0;
}
