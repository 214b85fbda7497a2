/* ring_cases.h - what the ring's test programs share: a ring with a name of its own, and frames with checksums. */
#ifndef TESTS_UNIT_SUPPORT_RING_CASES_H
#define TESTS_UNIT_SUPPORT_RING_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recorderd/ring/ring_writer.h"
#include "shared/ring/ring_reader.h"

#define MIB (UINT64_C(1) << 20)

extern struct ring_case {
	char name[64]; /* of the ring: name_ring() */
	struct reason why;
} ring_case;

/* Setup of a program: chooses the name. */
int name_ring(void **state);

/* Setup and teardown of a case: removes the ring. */
int remove_ring(void **state);

/* Opens a writer; NULL and ring_case.why if that fails. The next two fail the test instead. The caller closes them. */
struct ring_writer *open_writer_of(uint64_t data_bytes, uint64_t entries, uint64_t *adopted);
struct ring_writer *open_writer(void);
struct ring_reader *open_reader(void);

/* The next 24 random bits of a seed. */
uint32_t ring_random(uint32_t *seed);

/* Makes a frame that can be checked: bytes from a seed, after their CRC-32C. */
void make_frame(uint8_t *out, size_t length, uint32_t seed);

/* True if make_frame() made it. */
bool frame_is_intact(const uint8_t *data, size_t length);

/* Puts a frame of make_frame() into the ring, in two parts. Returns its number; 0 if it was refused. */
uint64_t ring_put(struct ring_writer *writer, size_t length, uint32_t seed, int64_t mono_us);

/* Puts frames numbered from `first`, of about PUT_BYTES each. The number is the seed and the time. */
void put_frames(struct ring_writer *writer, uint32_t first, uint32_t count);

/* Checks that the newest frames of the ring are those numbered up to `last`, whole and in order; returns how many. */
uint64_t assert_newest(const struct ring_reader *reader, uint32_t last);

/* Runs `body` in a child and returns its exit status; -1 if a signal ended it. */
int in_child(int (*body)(void));

/* For in_child(): writes frames 1 to 10 and exits without closing the ring. */
int write_ten_and_die(void);

#define RING_CASE(name) cmocka_unit_test_setup_teardown(name, remove_ring, remove_ring)

#endif
