/*
 * fuzz.h - what the targets share.
 *
 * Each fuzz_NAME.c is one LLVMFuzzerTestOneInput(). Its first lines say what holds for every input, in addition to
 * "nothing crashes". libFuzzer searches for inputs (make fuzz); replay.c runs those in corpus/NAME (make fuzz-replay).
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Must hold for every input; libFuzzer keeps an input for which it does not. */
#define holds(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                 \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

/* The input, read piece by piece; after its end come zeros. */
struct input {
	const uint8_t *at;
	size_t left;
};

uint64_t input_number(struct input *input, size_t bytes);         /* little-endian, at most 8 bytes */
size_t input_bytes(struct input *input, void *out, size_t bytes); /* returns how many there were */
char *input_text(struct input *input);                            /* up to the next NUL; the caller frees it */
uint8_t *input_copy(const uint8_t *data, size_t size);            /* of exactly that size; the caller frees it */

/* A folder in memory that is removed at exit, as a descriptor, and its path. */
int scratch_folder(void);
const char *scratch_path(void);

/* Writes or removes a file in it. */
void scratch_write(const char *name, const void *data, size_t size);
void scratch_remove(const char *name);

/* An anonymous file in memory. */
int memory_file(const void *data, size_t size);

/* These make the CRCs right: an attacker can compute them, and a search would not get past them. */
void seal_index(uint8_t *file, size_t size);
void seal_segment(uint8_t *file, size_t size);
void seal_catalogue(uint8_t *file, size_t size);
void seal_motion(uint8_t *file, size_t size);
void seal_motion_list(uint8_t *file, size_t size);

#endif
