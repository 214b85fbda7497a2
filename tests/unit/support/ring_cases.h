/* ring_cases.h - what the ring's test programs share: a ring of their own name, and frames that prove themselves. */
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

/* Setup of a program: a name of its own. */
int name_ring(void **state);

/* Setup and teardown of a case: there is no such ring. */
int remove_ring(void **state);

/* A writer, or NULL with ring_case.why. ring_writer_close() ends it; the same of the next two, which fail the test
 * instead. */
struct ring_writer *open_writer_of(uint64_t data_bytes, uint64_t entries, uint64_t *adopted);
struct ring_writer *open_writer(void);
struct ring_reader *open_reader(void);

/* The next 24 random bits of a seed. */
uint32_t ring_random(uint32_t *seed);

/* A frame is its own proof: bytes made from a seed, behind the CRC-32C of them. */
void make_frame(uint8_t *out, size_t length, uint32_t seed);

/* Whether make_frame() made it. */
bool frame_is_intact(const uint8_t *data, size_t length);

/* Puts a frame of make_frame() into the ring, in two parts; its number, 0 where it was refused. */
uint64_t ring_put(struct ring_writer *writer, size_t length, uint32_t seed, int64_t mono_us);

/* Puts frames numbered from `first`, of about PUT_BYTES: the number is their seed and time. */
void put_frames(struct ring_writer *writer, uint32_t first, uint32_t count);

/* The newest frames of the ring are those numbered up to `last`, whole and in order; returns how many. */
uint64_t assert_newest(const struct ring_reader *reader, uint32_t last);

/* Runs `body` in a child and takes its exit status; -1 where a signal ended it. */
int in_child(int (*body)(void));

/* For in_child(): writes frames 1 to 10 and leaves the ring as it is. */
int write_ten_and_die(void);

#define RING_CASE(name) cmocka_unit_test_setup_teardown(name, remove_ring, remove_ring)

#endif
