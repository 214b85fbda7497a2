/*
 * fuzz_store.c - what recorder-ship leaves for others: names of objects, archive.id, shipped.bin and status.bin.
 *
 * A name that is parsed is made again as it was. What is read of a list is sorted, has each segment once, and is found.
 * Input: a name, NUL, then the bytes of the files, which are read unchanged and with corrected CRCs.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "shared/base/crc32c.h"
#include "shared/store/archive_id.h"
#include "shared/store/object_name.h"
#include "shared/store/ship_list.h"
#include "shared/store/ship_status.h"

static void check_name(const char *text)
{
	char again[OBJECT_NAME_BYTES];
	struct object_name name;

	if (!object_name_parse(text, &name))
		return;
	holds(object_name_make(&name, again) && strcmp(text, again) == 0);
	holds(strncmp(text, "v1/", 3) == 0 && !strstr(text, "//") && !strstr(text, "/."));
}

static const uint8_t no_bucket[BUCKET_DIGEST_BYTES];

static void check_list(const uint8_t *data, size_t size)
{
	struct ship_list list = {0};

	scratch_write(SHIP_LIST_FILE, data, size);
	if (ship_list_read(scratch_folder(), "bench", no_bucket, &list) == SHIP_LIST_OK) {
		holds(list.file_bytes <= size && list.count < size / SHIP_LIST_ENTRY_BYTES);
		for (size_t i = 0; i < list.count; i++) {
			holds(ship_list_entry_valid(&list.entries[i]));
			holds(ship_list_find(&list, &list.entries[i].segment) == &list.entries[i]);
			holds(i == 0 || list.entries[i - 1].segment.segment_no <= list.entries[i].segment.segment_no);
		}
		size_t count = list.count;
		holds(ship_list_read(scratch_folder(), "bench", no_bucket, &list) == SHIP_LIST_OK &&
		      list.count == count);
	} else {
		holds(list.count == 0);
	}
	ship_list_free(&list);
}

static void seal_list(uint8_t *file, size_t size)
{
	struct ship_list_header header;
	struct ship_list_entry entry;

	for (size_t at = 0; size - at >= sizeof(entry); at += sizeof(entry)) {
		memcpy(&entry, file + at, sizeof(entry));
		entry.segment.crc = crc32c(0, &entry.segment, offsetof(struct catalogue_entry, crc));
		ship_list_entry_seal(&entry);
		if (at > 0)
			memcpy(file + at, &entry, sizeof(entry));
	}
	if (size < sizeof(header))
		return;
	memcpy(&header, file, sizeof(header));
	ship_list_header_make(&header, SHIP_LIST_MAGIC, "00112233445566778899aabbccddeeff", "bench", NULL);
	memcpy(file, &header, sizeof(header));
}

static void check_status(const uint8_t *data, size_t size)
{
	struct ship_status status = {0};

	memcpy(&status, data, size < sizeof(status) ? size : sizeof(status));
	if (ship_status_check(&status))
		holds(strlen(status.error) < sizeof(status.error));
	ship_status_seal(&status);
	if (ship_status_check(&status))
		holds(strlen(status.error) < sizeof(status.error));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	char *name = input_text(&input);
	uint8_t *file = input_copy(input.at, input.left);
	struct archive_id id;

	check_name(name);
	if (archive_id_parse(name, strlen(name), &id))
		holds(archive_id_valid(id.id));
	check_status(file, input.left);
	check_list(file, input.left);
	seal_list(file, input.left);
	check_list(file, input.left);
	free(file);
	free(name);
	return 0;
}
