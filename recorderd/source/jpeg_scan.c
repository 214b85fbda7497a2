/* jpeg_scan.c - finds the end of a baseline scan that no marker ends. */
#include "recorderd/source/jpeg_scan.h"

#include <stdbool.h>

#define LENGTH_MAX     ((size_t)2 << 20) /* bytes, so that the event loop is never busy with one frame for long */
#define PADDING_RUN    32                /* so many equal bytes at the end are padding */
#define FAST_BITS      9
#define BLOCK_SAMPLES  64
#define MISSING_SHARE  32
#define RST0           0xd0
#define END_OF_BLOCK   0x00
#define SIXTEEN_ZEROES 0xf0

/* A canonical Huffman code (annex C). */
struct code {
	const uint8_t *values;
	uint32_t end[17];                  /* one more than the last code of so many bits, left-aligned in 16 bits */
	int32_t offset[17];                /* from a code of so many bits to its index in values */
	uint8_t fast_bits[1 << FAST_BITS]; /* 0: the code is longer */
	uint8_t fast_value[1 << FAST_BITS];
};

/* Entropy-coded data as bits, most significant first. Bytes stuffed after 0xFF are removed (F.1.2.3). */
struct reader {
	const uint8_t *at, *start, *end;
	uint64_t bits; /* the next ones, left-aligned */
	unsigned count;
};

static void code_init(struct code *code, const uint8_t *table)
{
	uint32_t next = 0, index = 0;

	*code = (struct code){.values = table + 16};
	for (unsigned bits = 1; bits <= 16; bits++) {
		code->offset[bits] = (int32_t)index - (int32_t)next;
		for (unsigned i = 0; i < table[bits - 1]; i++, next++, index++) {
			if (bits > FAST_BITS)
				continue;
			uint32_t first = next << (FAST_BITS - bits), same = 1u << (FAST_BITS - bits);
			for (uint32_t j = first; j < first + same && j < 1u << FAST_BITS; j++) {
				code->fast_bits[j] = (uint8_t)bits;
				code->fast_value[j] = code->values[index];
			}
		}
		code->end[bits] = next << (16 - bits);
		next <<= 1;
	}
}

static void refill(struct reader *reader)
{
	while (reader->count <= 56 && reader->at < reader->end) {
		uint64_t byte = *reader->at;

		if (byte == 0xff) {
			if (reader->end - reader->at < 2 || reader->at[1] != 0)
				return; /* a marker */
			reader->at++;
		}
		reader->at++;
		reader->bits |= byte << (56 - reader->count);
		reader->count += 8;
	}
}

static bool skip_bits(struct reader *reader, unsigned count)
{
	if (count > reader->count)
		return false;
	reader->bits <<= count;
	reader->count -= count;
	return true;
}

/* Decodes one code. Returns false at the end of the data, or if there is no such code. */
static bool read_code(struct reader *reader, const struct code *code, uint8_t *value)
{
	refill(reader);
	uint32_t next = (uint32_t)(reader->bits >> 48), fast = next >> (16 - FAST_BITS);
	unsigned bits = code->fast_bits[fast];

	if (bits) {
		*value = code->fast_value[fast];
		return skip_bits(reader, bits);
	}
	for (bits = FAST_BITS + 1; bits <= 16; bits++)
		if (next < code->end[bits]) {
			*value = code->values[(int32_t)(next >> (16 - bits)) + code->offset[bits]];
			return skip_bits(reader, bits);
		}
	return false;
}

static bool skip_block(struct reader *reader, const struct code *dc, const struct code *ac)
{
	uint8_t value;

	if (!read_code(reader, dc, &value) || value > 15 || !skip_bits(reader, value))
		return false;
	for (unsigned k = 1; k < BLOCK_SAMPLES; k++) {
		if (!read_code(reader, ac, &value))
			return false;
		if (value == END_OF_BLOCK)
			return true;
		k += value >> 4;
		if (value == SIXTEEN_ZEROES)
			continue;
		if (k >= BLOCK_SAMPLES || (value & 15) == 0 || !skip_bits(reader, value & 15))
			return false;
	}
	return true;
}

/* Moves `at` back to the first byte of which no bit was used. */
static void drop_bits(struct reader *reader)
{
	for (; reader->count >= 8; reader->count -= 8) {
		reader->at--;
		if (*reader->at == 0 && reader->at > reader->start && reader->at[-1] == 0xff)
			reader->at--;
	}
	reader->bits = 0;
	reader->count = 0;
}

static bool skip_restart(struct reader *reader, uint32_t number)
{
	drop_bits(reader);
	while (reader->end - reader->at > 2 && reader->at[0] == 0xff && reader->at[1] == 0xff)
		reader->at++;
	if (reader->end - reader->at < 2 || reader->at[0] != 0xff || reader->at[1] != RST0 + number % 8)
		return false;
	reader->at += 2;
	return true;
}

/*
 * Removes zeros, 0xFF and long runs of one byte from the end: a decoder would take them for codes, and a truncated
 * picture for a complete one. A pair FF 00 is a stuffed byte and stays.
 */
static const uint8_t *without_padding(const uint8_t *data, size_t length)
{
	size_t end = length, run = 0;

	while (run < length && data[length - 1 - run] == data[length - 1])
		run++;
	if (run >= PADDING_RUN)
		end -= run;
	while (end > 0 && (data[end - 1] == 0 || data[end - 1] == 0xff))
		end--;
	while (length - end >= 2 && data[end] == 0xff && data[end + 1] == 0)
		end += 2;
	return data + end;
}

/* Skips MCUs and returns how many there are. */
static uint32_t skip_mcus(const struct jpeg_scan *scan, struct reader *reader)
{
	struct code dc[4], ac[4];

	for (unsigned i = 0; i < scan->components; i++) {
		code_init(&dc[i], scan->component[i].dc);
		code_init(&ac[i], scan->component[i].ac);
	}
	for (uint32_t mcu = 0; mcu < scan->mcus; mcu++) {
		if (scan->restart_interval && mcu && mcu % scan->restart_interval == 0 &&
		    !skip_restart(reader, mcu / scan->restart_interval - 1))
			return mcu;
		for (unsigned i = 0; i < scan->components; i++)
			for (unsigned block = 0; block < scan->component[i].blocks; block++)
				if (!skip_block(reader, &dc[i], &ac[i]))
					return mcu;
	}
	return scan->mcus;
}

size_t jpeg_scan_length(const struct jpeg_scan *scan, const uint8_t *data, size_t length)
{
	if (length > LENGTH_MAX)
		return 0;

	struct reader reader = {.at = data, .start = data, .end = without_padding(data, length)};
	uint32_t missing = scan->mcus - skip_mcus(scan, &reader);
	if (missing == 0) {
		drop_bits(&reader);
		return (size_t)(reader.at - data);
	}
	/* Only if the data ends there: codes that are wrong in the middle are damage. */
	refill(&reader);
	bool at_end = reader.at == reader.end;
	return at_end && missing <= scan->mcus / MISSING_SHARE ? (size_t)(reader.end - data) : 0;
}
