/*
 * fuzz.h - what the targets share. Each fuzz_NAME.c is one LLVMFuzzerTestOneInput(), and its first lines say what holds
 * for every input, beyond "nothing crashes". libFuzzer searches for inputs (make fuzz); replay.c runs those of
 * corpus/NAME (make fuzz-replay).
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What holds for every input: libFuzzer keeps the one for which it does not. */
#define holds(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                 \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

/* The input, taken piece by piece from its front; past its end come zeros. */
struct input {
	const uint8_t *at;
	size_t left;
};

uint64_t input_number(struct input *input, size_t bytes);         /* little-endian, at most 8 bytes */
size_t input_bytes(struct input *input, void *out, size_t bytes); /* how many there were */
char *input_text(struct input *input);                            /* up to the next NUL; free() it */
uint8_t *input_copy(const uint8_t *data, size_t size);            /* of exactly that size; free() it */

/* A folder in memory that goes at exit, as a descriptor, and its path. */
int scratch_folder(void);
const char *scratch_path(void);

/* Writes a file of it; takes it away. */
void scratch_write(const char *name, const void *data, size_t size);
void scratch_remove(const char *name);

/* A nameless file in memory. */
int memory_file(const void *data, size_t size);

/* CRCs are no help against those who can compute them, and in the way of a search: these make them right. */
void seal_index(uint8_t *file, size_t size);
void seal_segment(uint8_t *file, size_t size);
void seal_catalogue(uint8_t *file, size_t size);

#endif
