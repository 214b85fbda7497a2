/* crc32c.c - CRC-32C, in hardware where the processor has an instruction for it. */
#include "shared/base/crc32c.h"

#include <string.h>

#define POLYNOMIAL UINT32_C(0x82f63b78) /* 0x1edc6f41, reflected */

/* Eight bytes per step with eight tables ("slicing by 8"). */
static uint32_t tables[8][256];

static uint32_t update_by_tables(uint32_t crc, const uint8_t *at, size_t length)
{
	for (; length >= 8; at += 8, length -= 8) {
		crc ^= (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
		crc = tables[7][crc & 0xff] ^ tables[6][crc >> 8 & 0xff] ^ tables[5][crc >> 16 & 0xff] ^
		      tables[4][crc >> 24] ^ tables[3][at[4]] ^ tables[2][at[5]] ^ tables[1][at[6]] ^ tables[0][at[7]];
	}
	for (; length > 0; at++, length--)
		crc = crc >> 8 ^ tables[0][(crc ^ *at) & 0xff];
	return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t update_by_sse42(uint32_t crc, const uint8_t *at, size_t length)
{
	uint64_t wide = crc;

	for (; length >= 8; at += 8, length -= 8) {
		uint64_t word;
		memcpy(&word, at, 8);
		wide = __builtin_ia32_crc32di(wide, word);
	}
	crc = (uint32_t)wide;
	if (length >= 4) {
		uint32_t word;
		memcpy(&word, at, 4);
		crc = __builtin_ia32_crc32si(crc, word);
		at += 4;
		length -= 4;
	}
	for (; length > 0; at++, length--)
		crc = __builtin_ia32_crc32qi(crc, *at);
	return crc;
}
#endif

static uint32_t (*update)(uint32_t crc, const uint8_t *at, size_t length) = update_by_tables;

/* Runs before main(), so no thread ever sees half-filled tables. */
__attribute__((constructor)) static void prepare(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		tables[0][i] = crc;
	}
	for (int slice = 1; slice < 8; slice++)
		for (int i = 0; i < 256; i++)
			tables[slice][i] = tables[slice - 1][i] >> 8 ^ tables[0][tables[slice - 1][i] & 0xff];
#ifdef __x86_64__
	__builtin_cpu_init();
	if (__builtin_cpu_supports("sse4.2"))
		update = update_by_sse42;
#endif
}

uint32_t crc32c(uint32_t crc, const void *data, size_t length)
{
	return ~update(~crc, data, length);
}
