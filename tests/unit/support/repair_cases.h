/* repair_cases.h - what the tests of the repair share: one small segment in all its forms, as nobody disturbed it. */
#ifndef TESTS_UNIT_SUPPORT_REPAIR_CASES_H
#define TESTS_UNIT_SUPPORT_REPAIR_CASES_H

#include "recorderd/repair/segment_repair.h"
#include "tests/unit/support/segment_cases.h"

#define MEDIA_FILE "recording_20270115_080000.mp4"
#define INDEX_FILE "recording_20270115_080000.idx"

/* Of make_forms() until drop_forms(). */
extern struct forms {
	int directory;                  /* media_folder, open */
	struct buffer segment;          /* open, of SMALL frames */
	struct buffer index_file;       /* of all of it */
	struct buffer plain[SMALL + 1]; /* finished, with so many frames */
	size_t ends[SMALL + 1];         /* of the open form with so many frames */
} forms;

/* Writes both files; index NULL: there is none. */
void put_files(const void *media, size_t media_bytes, const void *index, size_t index_bytes);

/* Fails unless the file holds exactly that. */
void assert_file(const char *name, const void *data, size_t length);

/* Length of an index of so many frames. */
size_t index_bytes(size_t frames);

/* Both files are what an undisturbed recorder makes of the first `count` frames. */
void assert_repaired_to(size_t count, const struct catalogue_entry *entry);

/* How many frames are whole in so many bytes of the open form. */
size_t whole_frames(size_t length);

/* Setup of a program. The repair itself makes the undisturbed forms; FFmpeg is asked about each by a case. */
int make_forms(void **state);

/* Its teardown. */
int drop_forms(void **state);

#endif
