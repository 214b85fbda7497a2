/* moov_cases.h - for tests of the moov of clips: an empty one, and its boxes. */
#ifndef TESTS_UNIT_SUPPORT_MOOV_CASES_H
#define TESTS_UNIT_SUPPORT_MOOV_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "shared/media/mp4_moov.h"

#define CREATED_US INT64_C(1800000000000000)

static const uint8_t moov_entry[86] = {0, 0, 0, 86, 'a', 'v', 'c', '1'};

static inline struct mp4_moov *moov_create(int64_t created_wall_us)
{
	struct mp4_moov *movie = mp4_moov_create(&(struct mp4_moov_spec){
		.width = 96,
		.height = 64,
		.entry = moov_entry,
		.entry_bytes = sizeof(moov_entry),
		.created_wall_us = created_wall_us,
	});

	assert_non_null(movie);
	return movie;
}

/* The content of the box of that type, after its size and type, or NULL. */
static inline const uint8_t *moov_box(const struct buffer *moov, const char *type)
{
	const uint8_t *at = memmem(moov->data, moov->length, type, 4);

	return at ? at + 4 : NULL;
}

#endif
