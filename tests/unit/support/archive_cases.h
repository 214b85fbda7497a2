/*
 * archive_cases.h - for tests of the archive: a folder with segments of any number and time, and an archive on it.
 *
 * Such tests are linked with the fakes of the clock, the disk and NTP.
 */
#ifndef TESTS_UNIT_SUPPORT_ARCHIVE_CASES_H
#define TESTS_UNIT_SUPPORT_ARCHIVE_CASES_H

#include "recorderd/archive/archive.h"
#include "tests/unit/fakes/fake_clock.h"
#include "tests/unit/fakes/fake_disk.h"
#include "tests/unit/fakes/fake_ntp.h"
#include "tests/unit/support/segment_cases.h"

#define LISTED_MAX 32
#define HOUR_US    (3600 * US_PER_S)

/* Of the running case. The folder is recordings in media_folder. */
extern struct archive_case {
	struct config config;
	struct archive *archive; /* NULL if it is not open */
	struct reason why;
	struct catalogue_entry listed[LISTED_MAX]; /* of read_list() */
	size_t listed_count;
} archive_case;

/* Setup of a case: an empty folder, a configuration without retention, and a clock that is not synchronised. */
int archive_case_begin(void **state);

/* Teardown of a case: closes its archive. */
int archive_case_end(void **state);

/* Setup of a program: make_streams(), in memory. drop_streams() is its teardown. */
int archive_case_streams(void **state);

/* Path of that file in the recordings folder; valid until the next call. */
const char *recording_path(const char *name);

/* True if the recordings folder has such a file. */
bool recording_exists(const char *name);

/* Writes an open segment of SMALL frames, as a crash leaves it, named after its time. `name` gets that name. */
void put_segment(const struct segment_info *info, char name[SEGMENT_FILE_BYTES]);

/* The same, with that number and time. */
void put_segment_at(uint64_t segment_no, int64_t wall_us);

/* Opens and starts the archive; returns the result of archive_wait_repaired(). */
struct archive_resume_point archive_case_open(void);

/* The result of archive_get_summary(). */
struct archive_summary summary_now(void);

/* Opens a segment as the storage thread does; returns its entry, and in *fd its descriptor, which the caller closes. */
struct catalogue_entry begin_segment(int *fd);

/* Reads the list on disk into `listed`. */
void read_list(void);

/* Closes the archive after at least one round of the keeper, and reads the list that it leaves. */
void close_and_list(void);

/* Fails unless `listed` has exactly those segment numbers, in that order. */
void assert_listed(size_t count, const uint64_t *numbers);

#define ASSERT_LISTED(...)                                                                                             \
	assert_listed(sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), (const uint64_t[]){__VA_ARGS__})

#define CASE(name) cmocka_unit_test_setup_teardown(name, archive_case_begin, archive_case_end)

#endif
