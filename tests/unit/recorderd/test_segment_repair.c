/* test_segment_repair.c - the repair of segments that a crash left, at every byte of their life. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/support/repair_cases.h"

static struct reason why;

static void repaired_segments_play_frame_by_frame(void **state)
{
	(void)state;
	assert_int_equal(forms.index_file.length, index_bytes(SMALL));
	for (size_t count = 1; count <= SMALL; count++)
		assert_decodes(&forms.plain[count], &streams.h264, 0, count, 12);
}

/* The states in which a crash can leave the index of a segment with `count` whole frames. */
static void put_cut(size_t length, unsigned kind)
{
	size_t count = whole_frames(length);
	struct buffer other = {0};
	struct index_header header = {.segment_no = SEGMENT_NO + 1, .first_wall_us = MEDIA_WALL_US};

	switch (kind % 6) {
	case 0: /* as it should be */
		put_files(forms.segment.data, length, forms.index_file.data, index_bytes(count));
		break;
	case 1: /* torn */
		put_files(forms.segment.data, length, forms.index_file.data, index_bytes(count) - 1 - kind % 31);
		break;
	case 2: /* ahead of the media */
		put_files(forms.segment.data, length, forms.index_file.data, forms.index_file.length);
		break;
	case 3: /* of another segment */
		index_header_seal(&header);
		buffer_append(&other, &header, sizeof(header));
		buffer_append(&other, forms.index_file.data + sizeof(header), index_bytes(count) - sizeof(header));
		put_files(forms.segment.data, length, other.data, other.length);
		buffer_free(&other);
		break;
	case 4: /* shorter than the media: records are missing */
		put_files(forms.segment.data, length, forms.index_file.data, index_bytes(count / 2));
		break;
	default:
		put_files(forms.segment.data, length, NULL, 0);
	}
}

static void cut_and_repair(size_t length, unsigned kind, bool after_crash)
{
	struct catalogue_entry entry;
	struct segment_end end;
	size_t count = whole_frames(length);
	enum repair_outcome outcome;

	put_cut(length, kind);
	outcome = (after_crash ? segment_repair : segment_finish)(forms.directory, MEDIA_FILE, &entry, &end, &why);
	assert_int_equal(outcome, count ? REPAIR_DONE : REPAIR_EMPTY);
	if (count)
		assert_repaired_to(count, &entry);
	assert_int_equal(file_is_there(MEDIA_FILE), count > 0);
	assert_int_equal(file_is_there(INDEX_FILE), count > 0);
}

static void cut_at_every_byte_the_whole_frames_are_kept(void **state)
{
	(void)state;
	for (size_t length = 0; length <= forms.segment.length; length++)
		cut_and_repair(length, (unsigned)length, true);
}

static void at_the_end_of_each_frame_no_index_matters(void **state)
{
	(void)state;
	for (size_t count = 0; count <= SMALL; count++)
		for (unsigned kind = 0; kind < 60; kind++) {
			cut_and_repair(forms.ends[count], kind, true);
			cut_and_repair(forms.ends[count], kind, false);
		}
}

static void finishing_a_damaged_segment_repairs_it(void **state)
{
	(void)state;
	for (size_t length = 0; length <= forms.segment.length; length += 5)
		cut_and_repair(length, (unsigned)length, false);
}

static void zeros_that_a_power_cut_leaves_are_cut_off(void **state)
{
	struct catalogue_entry entry;
	struct buffer zeroed = {0};

	(void)state;
	buffer_append(&zeroed, forms.segment.data, forms.segment.length);
	for (size_t from = forms.segment.length; from-- > forms.ends[3];) {
		zeroed.data[from] = 0;
		if (from % 16 && from != forms.ends[3])
			continue;
		put_files(zeroed.data, zeroed.length, forms.index_file.data, forms.index_file.length);
		assert_int_equal(segment_repair(forms.directory, MEDIA_FILE, &entry, NULL, &why), REPAIR_DONE);
	}
	assert_repaired_to(3, &entry);
	buffer_free(&zeroed);
}

/* All states of finishing in which part of the moov is appended and the free box is not yet overwritten. */
static void an_interrupted_finish_is_repeated(void **state)
{
	struct catalogue_entry entry;

	(void)state;
	for (size_t length = forms.segment.length; length <= forms.plain[SMALL].length; length++) {
		struct buffer half = {0};

		buffer_append(&half, forms.segment.data, forms.segment.length);
		buffer_append(&half, forms.plain[SMALL].data + forms.segment.length, length - forms.segment.length);
		put_files(half.data, half.length, forms.index_file.data, forms.index_file.length);
		assert_int_equal(
			(length % 2 ? segment_repair : segment_finish)(forms.directory, MEDIA_FILE, &entry, NULL, &why),
			REPAIR_DONE);
		assert_repaired_to(SMALL, &entry);
		buffer_free(&half);
	}
}

/* The header of the mdat is on disk, but the moov is not, or only in part. */
static void a_finished_segment_that_lost_its_end_is_finished_again(void **state)
{
	struct catalogue_entry entry;

	(void)state;
	for (size_t length = forms.segment.length; length < forms.plain[SMALL].length; length += 3) {
		put_files(forms.plain[SMALL].data, length, forms.index_file.data, forms.index_file.length);
		assert_int_equal(segment_repair(forms.directory, MEDIA_FILE, &entry, NULL, &why), REPAIR_DONE);
		assert_repaired_to(SMALL, &entry);
	}
}

static void a_finished_segment_is_not_changed(void **state)
{
	struct catalogue_entry entry;

	(void)state;
	for (int again = 0; again < 4; again++) {
		if (again == 0)
			put_files(forms.plain[SMALL].data, forms.plain[SMALL].length, forms.index_file.data,
				  forms.index_file.length);
		assert_int_equal(
			(again % 2 ? segment_repair : segment_finish)(forms.directory, MEDIA_FILE, &entry, NULL, &why),
			REPAIR_DONE);
		assert_repaired_to(SMALL, &entry);
	}
}

static void a_finished_segment_gets_its_index_back(void **state)
{
	struct catalogue_entry entry;

	(void)state;
	put_files(forms.plain[SMALL].data, forms.plain[SMALL].length, NULL, 0);
	assert_int_equal(segment_finish(forms.directory, MEDIA_FILE, &entry, NULL, &why), REPAIR_DONE);
	assert_repaired_to(SMALL, &entry);
}

static void assert_index_made_anew(struct buffer *index)
{
	struct catalogue_entry entry;

	put_files(forms.segment.data, forms.segment.length, index->data, index->length);
	assert_int_equal(segment_finish(forms.directory, MEDIA_FILE, &entry, NULL, &why), REPAIR_DONE);
	assert_repaired_to(SMALL, &entry);
	buffer_free(index);
}

/* A record in the middle is invalid; the last one is valid. */
static void an_index_damaged_in_its_middle_is_rebuilt(void **state)
{
	struct buffer damaged = {0};

	(void)state;
	buffer_append(&damaged, forms.index_file.data, forms.index_file.length);
	damaged.data[index_bytes(2) + 5] ^= 1;
	assert_index_made_anew(&damaged);
}

static void an_index_with_a_torn_end_is_rebuilt(void **state)
{
	struct buffer torn = {0};

	(void)state;
	buffer_append(&torn, forms.index_file.data, forms.index_file.length);
	buffer_append(&torn, "torn", 4);
	assert_index_made_anew(&torn);
}

static void the_end_has_boot_and_capture_time_of_the_last_frame(void **state)
{
	struct catalogue_entry entry;
	struct segment_end end;

	(void)state;
	put_files(forms.segment.data, forms.segment.length, NULL, 0);
	assert_int_equal(segment_repair(forms.directory, MEDIA_FILE, &entry, &end, &why), REPAIR_DONE);
	assert_int_equal(end.last_mono_us, media_time_us(SMALL - 1)); /* first_mono_us is 0 in these */
	assert_int_equal(entry.end_wall_us, MEDIA_WALL_US + media_time_us(SMALL));
	assert_int_equal(entry.run_no, 3);
	assert_int_equal(entry.width, 96);
}

static void a_foreign_mp4_is_not_changed(void **state)
{
	struct catalogue_entry entry;

	(void)state;
	put_files(streams.h264.data.data, streams.h264.data.length, NULL, 0);
	assert_int_equal(segment_repair(forms.directory, MEDIA_FILE, &entry, NULL, &why), REPAIR_FOREIGN);
	assert_file(MEDIA_FILE, streams.h264.data.data, streams.h264.data.length);
	put_files("just a text that somebody named so", 34, NULL, 0);
	assert_int_equal(segment_repair(forms.directory, MEDIA_FILE, &entry, NULL, &why), REPAIR_FOREIGN);
	assert_false(file_is_there(INDEX_FILE));
}

static void a_link_is_not_followed(void **state)
{
	struct catalogue_entry entry;
	char path[PATH_BYTES];

	(void)state;
	put_files("", 0, NULL, 0);
	unlinkat(forms.directory, MEDIA_FILE, 0);
	file_write(path_of("elsewhere.mp4", path), forms.segment.data, forms.ends[2] + 10);
	assert_int_equal(symlinkat("elsewhere.mp4", forms.directory, MEDIA_FILE), 0);
	assert_int_equal(segment_repair(forms.directory, MEDIA_FILE, &entry, NULL, &why), REPAIR_FAILED);
	assert_file("elsewhere.mp4", forms.segment.data, forms.ends[2] + 10);
	unlinkat(forms.directory, MEDIA_FILE, 0);
}

static void a_missing_file_has_its_own_outcome(void **state)
{
	struct catalogue_entry entry;

	(void)state;
	unlinkat(forms.directory, MEDIA_FILE, 0);
	assert_int_equal(segment_finish(forms.directory, MEDIA_FILE, &entry, NULL, &why), REPAIR_GONE);
}

/* The only key frame is damaged. What follows cannot be played, but it is not deleted. */
static void a_finished_segment_without_a_whole_key_frame_is_set_aside(void **state)
{
	struct catalogue_entry entry;
	struct buffer damaged = {0};

	(void)state;
	buffer_append(&damaged, forms.plain[SMALL].data, forms.plain[SMALL].length);
	memset(damaged.data + forms.ends[0], 0xee, 16);
	put_files(damaged.data, damaged.length, NULL, 0);
	assert_int_equal(segment_repair(forms.directory, MEDIA_FILE, &entry, NULL, &why), REPAIR_SET_ASIDE);
	assert_non_null(strstr(why.text, "damaged_" MEDIA_FILE));
	assert_file("damaged_" MEDIA_FILE, damaged.data, damaged.length);
	assert_false(file_is_there(MEDIA_FILE));
	unlinkat(forms.directory, "damaged_" MEDIA_FILE, 0);
	buffer_free(&damaged);
}

/* Much more follows the damage than a torn fragment has: it is kept. */
static void an_open_segment_damaged_in_its_middle_is_not_cut(void **state)
{
	struct catalogue_entry entry;
	struct stat status;
	char path[PATH_BYTES], kept[5];

	(void)state;
	put_files(forms.segment.data, forms.ends[3] + 20, NULL, 0);
	assert_int_equal(truncate(path_of(MEDIA_FILE, path), 20 << 20), 0);
	int fd = openat(forms.directory, MEDIA_FILE, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "frame", 5, (20 << 20) - 5), 5);
	close(fd);
	assert_int_equal(segment_repair(forms.directory, MEDIA_FILE, &entry, NULL, &why), REPAIR_DONE);
	assert_int_equal(entry.frames, 3);
	assert_file(INDEX_FILE, forms.index_file.data, index_bytes(3));
	assert_int_equal(fstatat(forms.directory, MEDIA_FILE, &status, 0), 0);
	assert_true(status.st_size > 20 << 20);
	fd = openat(forms.directory, MEDIA_FILE, O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, kept, 5, (20 << 20) - 5), 5);
	assert_memory_equal(kept, "frame", 5);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repaired_segments_play_frame_by_frame),
		cmocka_unit_test(cut_at_every_byte_the_whole_frames_are_kept),
		cmocka_unit_test(at_the_end_of_each_frame_no_index_matters),
		cmocka_unit_test(finishing_a_damaged_segment_repairs_it),
		cmocka_unit_test(zeros_that_a_power_cut_leaves_are_cut_off),
		cmocka_unit_test(an_interrupted_finish_is_repeated),
		cmocka_unit_test(a_finished_segment_that_lost_its_end_is_finished_again),
		cmocka_unit_test(a_finished_segment_is_not_changed),
		cmocka_unit_test(a_finished_segment_gets_its_index_back),
		cmocka_unit_test(an_index_damaged_in_its_middle_is_rebuilt),
		cmocka_unit_test(an_index_with_a_torn_end_is_rebuilt),
		cmocka_unit_test(the_end_has_boot_and_capture_time_of_the_last_frame),
		cmocka_unit_test(a_foreign_mp4_is_not_changed),
		cmocka_unit_test(a_link_is_not_followed),
		cmocka_unit_test(a_missing_file_has_its_own_outcome),
		cmocka_unit_test(a_finished_segment_without_a_whole_key_frame_is_set_aside),
		cmocka_unit_test(an_open_segment_damaged_in_its_middle_is_not_cut),
	};

	return cmocka_run_group_tests(tests, make_forms, drop_forms);
}
