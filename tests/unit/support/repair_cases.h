/* repair_cases.h - for tests of the repair: one small undamaged segment in all its forms. */
#ifndef TESTS_UNIT_SUPPORT_REPAIR_CASES_H
#define TESTS_UNIT_SUPPORT_REPAIR_CASES_H

#include "recorderd/repair/segment_repair.h"
#include "tests/unit/support/segment_cases.h"

#define MEDIA_FILE "recording_20270115_080000.mp4"
#define INDEX_FILE "recording_20270115_080000.idx"

/* Set by make_forms(), until drop_forms(). */
extern struct forms {
	int directory;                  /* media_folder, open */
	struct buffer segment;          /* the open form, of SMALL frames */
	struct buffer index_file;       /* of the whole segment */
	struct buffer plain[SMALL + 1]; /* the complete form with so many frames */
	size_t ends[SMALL + 1];         /* where the open form with so many frames ends */
} forms;

/* Writes both files; without an index if that is NULL. */
void put_files(const void *media, size_t media_bytes, const void *index, size_t index_bytes);

/* Fails unless the file has exactly that content. */
void assert_file(const char *name, const void *data, size_t length);

/* The length of an index of that many frames. */
size_t index_bytes(size_t frames);

/* Fails unless both files are what an undisturbed recorder makes of the first `count` frames. */
void assert_repaired_to(size_t count, const struct catalogue_entry *entry);

/* How many whole frames the first `length` bytes of the open form have. */
size_t whole_frames(size_t length);

/* Setup of a program. The repair itself makes the complete forms; a case has FFmpeg check each of them. */
int make_forms(void **state);

/* Its teardown. */
int drop_forms(void **state);

#endif
