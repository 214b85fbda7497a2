/*
 * fuzz_catalogue.c - recording_index.bin.
 *
 * Entries that are read name segments, and a name is found at an entry of that name. If the recorder writes a list of
 * the same entries, a range of time has every entry that overlaps it, and reading it returns what was written. Input:
 * the file, which is read unchanged and with corrected CRCs.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "recorderd/archive/catalogue_writer.h"
#include "shared/segment/catalogue.h"

#define ENTRIES_MAX 16u

static void check_json(const struct catalogue_entry *entry)
{
	struct json_object *object = catalogue_entry_json(entry, "bench");

	holds(object && json_object_to_json_string(object)[0] == '{');
	json_object_put(object);
}

static void check_entries(const struct catalogue *catalogue)
{
	struct catalogue_entry entries[ENTRIES_MAX], one;
	size_t good = catalogue_read(catalogue, 0, ENTRIES_MAX, entries);
	uint64_t number;

	holds(good <= catalogue->entries);
	for (size_t i = 0; i < good; i++) {
		holds(segment_file_valid(entries[i].file));
		holds(catalogue_read(catalogue, i, 1, &one) == 1 && memcmp(&one, &entries[i], sizeof(one)) == 0);
		check_json(&one);
		holds(catalogue_find(catalogue, entries[i].file, &number) && number >= i);
		holds(catalogue_read(catalogue, number, 1, &one) == 1 && strcmp(one.file, entries[i].file) == 0);
	}
	holds(catalogue_read(catalogue, catalogue->entries, 1, &one) == 0);
	holds(!catalogue_find(catalogue, "../recording_20260517_102300.mp4", &number));
}

static void check_range(const struct catalogue *catalogue, int64_t from_us, int64_t to_us)
{
	struct catalogue_entry entries[ENTRIES_MAX];
	size_t good = catalogue_read(catalogue, 0, ENTRIES_MAX, entries);
	uint64_t first, end;

	if (!catalogue_range(catalogue, from_us, to_us, &first, &end))
		return;
	holds(first <= end && end <= catalogue->entries);
	for (size_t i = 0; from_us < to_us && i < good; i++) {
		bool ended = entries[i].state != CATALOGUE_RECORDING && entries[i].end_wall_us <= from_us;
		if (!ended && entries[i].start_wall_us < to_us)
			holds(i >= first && i < end);
	}
}

static void check_file(const uint8_t *data, size_t size)
{
	struct catalogue catalogue;
	uint64_t first, end;

	scratch_write(CATALOGUE_FILE, data, size);
	if (catalogue_open(scratch_folder(), &catalogue) == CATALOGUE_OK) {
		check_entries(&catalogue);
		if (catalogue_range(&catalogue, 1000, 2000, &first, &end))
			holds(first <= end);
	}
	catalogue_close(&catalogue);
}

/* The same entries, as the recorder writes them. */
static void check_written(const struct catalogue_entry *read, size_t count)
{
	struct catalogue_entry entries[ENTRIES_MAX], again[ENTRIES_MAX];
	struct catalogue catalogue;
	struct reason why;

	memcpy(entries, read, count * sizeof(*read));
	holds(catalogue_write(scratch_folder(), 3, entries, count, false, &why));
	holds(catalogue_open(scratch_folder(), &catalogue) == CATALOGUE_OK && catalogue.entries == count);
	holds(catalogue_read(&catalogue, 0, count, again) == count);
	holds(memcmp(entries, again, count * sizeof(*entries)) == 0);
	for (size_t i = 0; i < count; i++) {
		check_range(&catalogue, entries[i].start_wall_us, entries[i].end_wall_us);
		check_range(&catalogue, entries[i].end_wall_us, entries[count - 1 - i].start_wall_us);
	}
	catalogue_close(&catalogue);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct catalogue_entry entries[ENTRIES_MAX];
	struct catalogue catalogue;
	uint8_t *sealed = input_copy(data, size);

	check_file(data, size);
	seal_catalogue(sealed, size);
	check_file(sealed, size);
	if (catalogue_open(scratch_folder(), &catalogue) == CATALOGUE_OK)
		check_written(entries, catalogue_read(&catalogue, 0, ENTRIES_MAX, entries));
	catalogue_close(&catalogue);
	free(sealed);
	return 0;
}
