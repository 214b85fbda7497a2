/*
 * fuzz_remote.c - what recorder-fetch reads from a store: lists of objects, day lists, and names of pieces.
 *
 * A day list that is accepted has only usable entries, and its segments make a list that workers accept. Pieces add
 * bytes only at the end of what is joined, and only bytes that they have. Input: a byte that chooses, then a
 * document, a day list (which is read unchanged and with right CRCs), or numbers.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "offsite/remote/day_list.h"
#include "offsite/remote/piece_join.h"
#include "offsite/remote/segment_list.h"
#include "offsite/store/list_document.h"
#include "shared/base/crc32c.h"

#define ARCHIVE "00112233445566778899aabbccddeeff"
#define OTHER   "ffeeddccbbaa99887766554433221100"

static bool take_item(const struct list_item *item, void *context)
{
	size_t *count = context;

	holds(item->name[0] && memchr(item->name, '\0', sizeof(item->name)));
	holds(memchr(item->etag, '\0', sizeof(item->etag)));
	return ++*count < 10000;
}

static void check_document(const uint8_t *data, size_t size)
{
	struct list_page page;
	size_t count = 0;

	if (list_document_parse((const char *)data, size, take_item, &count, &page))
		holds(!page.truncated || page.token[0]);
}

/* Half of the segments are in another archive. */
static void check_segments(const struct ship_list_entry *entries, size_t count)
{
	struct remote_segment *segments = calloc(count + 1, sizeof(*segments));

	for (size_t i = 0; segments && i < count; i++) {
		segments[i] = (struct remote_segment){.entry = entries[i].segment,
						      .object_start_us = entries[i].object_start_us};
		memcpy(segments[i].archive, i % 2 ? OTHER : ARCHIVE, sizeof(ARCHIVE));
	}
	if (segments) {
		segment_list_finish(segments, count);
		for (size_t i = 0; i < count; i++) {
			holds(catalogue_entry_valid(&segments[i].entry));
			holds(i == 0 || segments[i - 1].entry.max_end_wall_us <= segments[i].entry.max_end_wall_us);
			holds(i == 0 || segments[i - 1].entry.min_start_wall_us <= segments[i].entry.min_start_wall_us);
		}
	}
	free(segments);
}

static void check_day(const uint8_t *data, size_t size)
{
	struct object_name name = {.kind = OBJECT_DAY, .camera = "bench", .archive = ARCHIVE};
	struct ship_list_entry *entries;
	size_t count;

	if (day_list_parse(data, size, &name, &entries, &count)) {
		holds((count + 1) * SHIP_LIST_ENTRY_BYTES == size);
		for (size_t i = 0; i < count; i++)
			holds(ship_list_entry_valid(&entries[i]) && entries[i].encryption == 0);
		check_segments(entries, count);
	} else {
		holds(!entries && count == 0);
	}
	free(entries);
}

static void seal_day(uint8_t *file, size_t size)
{
	struct ship_list_header header;
	struct ship_list_entry entry;

	for (size_t at = sizeof(header); at < size && size - at >= sizeof(entry); at += sizeof(entry)) {
		memcpy(&entry, file + at, sizeof(entry));
		entry.segment.crc = crc32c(0, &entry.segment, offsetof(struct catalogue_entry, crc));
		ship_list_entry_seal(&entry);
		memcpy(file + at, &entry, sizeof(entry));
	}
	if (size < sizeof(header))
		return;
	header = (struct ship_list_header){.magic = SHIP_LIST_DAY_MAGIC,
					   .entries = size / SHIP_LIST_ENTRY_BYTES - 1,
					   .archive = ARCHIVE,
					   .camera = "bench"};
	ship_list_header_seal(&header);
	memcpy(file, &header, sizeof(header));
}

static void check_pieces(struct input *input)
{
	struct piece_join join = {0};

	while (input->left > 0) {
		struct piece_part media, index;
		struct object_name piece = {.kind = OBJECT_PIECE, .media_at = input_number(input, 5)};
		piece.media_bytes = input_number(input, 4);
		piece.index_at = input_number(input, 5);
		piece.index_bytes = input_number(input, 4);
		if (piece_join_take(&join, &piece, &media, &index) != PIECE_NEW)
			continue;
		holds(media.at == join.media_end && index.at == join.index_end);
		holds(media.skip + media.bytes <= piece.media_bytes);
		holds(index.skip >= piece.media_bytes || index.bytes == 0);
		holds(index.skip + index.bytes <= piece.media_bytes + piece.index_bytes);
		join.media_end += media.bytes;
		join.index_end += index.bytes;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	uint64_t kind = input_number(&input, 1) % 3;
	uint8_t *file = input_copy(input.at, input.left);

	if (kind == 0) {
		check_document(file, input.left);
	} else if (kind == 1) {
		check_day(file, input.left);
		seal_day(file, input.left);
		check_day(file, input.left);
	} else {
		check_pieces(&input);
	}
	free(file);
	return 0;
}
