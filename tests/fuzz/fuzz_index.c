/*
 * fuzz_index.c - an .idx file.
 *
 * It never returns more records than the file has room for, and the same ones whether they are read one by one or all
 * at once. Input: the file, which is read unchanged and with corrected CRCs.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "shared/segment/index.h"

#define FILE_NAME   "recording_20260517_102300.idx"
#define RECORDS_MAX 256u

static void check_records(const struct index_reader *reader, size_t size)
{
	struct index_record records[RECORDS_MAX], one;
	uint64_t count = index_reader_count(reader);
	size_t good = index_reader_read(reader, 0, RECORDS_MAX, records);

	holds(count == size / INDEX_RECORD_BYTES - 1 && good <= count);
	for (size_t i = 0; i < good; i++) {
		holds(index_record_valid(&records[i], reader->segment_no));
		holds(index_reader_read(reader, i, 1, &one) == 1 && memcmp(&one, &records[i], sizeof(one)) == 0);
	}
	holds(index_reader_read(reader, UINT64_MAX, 1, &one) == 0);
	holds(index_reader_read(reader, count, 1, &one) == 0);
	if (good < count && good < RECORDS_MAX)
		holds(index_reader_read(reader, good, 1, &one) == 0);
}

static void check_file(const uint8_t *data, size_t size)
{
	struct index_reader reader;

	scratch_write(FILE_NAME, data, size);
	if (index_reader_open(scratch_folder(), FILE_NAME, 0, &reader) == INDEX_OK)
		check_records(&reader, size);
	index_reader_close(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *sealed = input_copy(data, size);

	check_file(data, size);
	seal_index(sealed, size);
	check_file(sealed, size);
	free(sealed);
	return 0;
}
