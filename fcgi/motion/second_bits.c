/* second_bits.c - one bit per second of an hour. */
#include "fcgi/motion/second_bits.h"

#define WORDS ((int)(sizeof(struct second_bits) / sizeof(uint64_t)))

void second_bits_set(struct second_bits *bits, int from, int to)
{
	while (from < to) {
		int end = (from / 64 + 1) * 64 < to ? (from / 64 + 1) * 64 : to;
		bits->words[from / 64] |= (UINT64_MAX >> (64 - (end - from))) << from % 64;
		from = end;
	}
}

/* The first second from `at` on whose bit, after each word was changed by `invert`, is set. */
static int search(const struct second_bits *bits, int at, uint64_t invert)
{
	for (int word = at / 64; word < WORDS; word++) {
		uint64_t left = bits->words[word] ^ invert;
		if (word == at / 64)
			left &= UINT64_MAX << at % 64;
		if (left)
			return word * 64 + __builtin_ctzll(left);
	}
	return -1;
}

int second_bits_next(const struct second_bits *bits, int at)
{
	return search(bits, at, 0);
}

int second_bits_previous(const struct second_bits *bits, int at)
{
	for (int word = (at - 1) / 64; at > 0 && word >= 0; word--) {
		uint64_t left = bits->words[word];
		if (word == (at - 1) / 64)
			left &= UINT64_MAX >> (63 - (at - 1) % 64);
		if (left)
			return word * 64 + 63 - __builtin_clzll(left);
	}
	return -1;
}

int second_bits_row_end(const struct second_bits *bits, int at)
{
	int end = search(bits, at, UINT64_MAX);

	return end < 0 ? WORDS * 64 : end;
}
