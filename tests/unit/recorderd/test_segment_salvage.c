/*
 * test_segment_salvage.c - the repair of segments in which blocks are zeros, garbage, old bytes or missing.
 *
 * Every frame outside of the damage that can be decoded is kept, and no other frame. SALVAGE_FILES=500 tries 500 files.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/support/in_range.h"
#include "tests/unit/support/salvage_cases.h"

#define FILES_USUAL  60
#define DECODE_EVERY 10
#define BLOCKS_MAX   4u

enum kind { ZEROS, GARBAGE, STALE, CUT, REMOVED, KINDS };
static const char *const kind_names[KINDS] = {"zeros", "garbage", "old bytes", "cut", "removed"};

struct tally {
	size_t files, outside, decodable, kept, wrong, lost_files;
};

static void damage_block(struct damaged *damaged, enum kind kind, size_t at, size_t bytes, uint32_t *seed)
{
	size_t left = damaged->media.length - at, length = left < bytes ? left : bytes;
	uint8_t *block = damaged->media.data + at;
	size_t stale_at = next_random(seed) % (long_segments.next.media.length / 512) * 512;

	for (size_t i = 0; i < length; i++)
		switch (kind) {
		case ZEROS:
			block[i] = 0;
			break;
		case GARBAGE:
			block[i] = (uint8_t)next_random(seed);
			break;
		default:
			block[i] = long_segments.next.media.data[(stale_at + i) % long_segments.next.media.length];
		}
}

static void damage_at_random(struct damaged *out, enum kind kind, uint32_t *seed)
{
	size_t block = next_random(seed) % 2 ? 512 : 4096, count = 1 + next_random(seed) % BLOCKS_MAX;

	damage_begin(out);
	if (kind == REMOVED) {
		out->removed = block * count;
		out->removed_at = next_random(seed) % (out->media.length - out->removed) / 512 * 512;
		memmove(out->media.data + out->removed_at, out->media.data + out->removed_at + out->removed,
			out->media.length - out->removed_at - out->removed);
		out->media.length -= out->removed;
	}
	for (size_t i = 0; i < count && kind < CUT; i++)
		damage_block(out, kind, next_random(seed) % (out->media.length / block + 1) * block, block, seed);
	if (kind == CUT)
		out->media.length = next_random(seed) % out->media.length;
	damage_judge(out);
}

/* Writes the index that a crash leaves, or removes it. */
static bool damage_index(struct damaged *damaged, uint32_t *seed)
{
	switch (next_random(seed) % 4) {
	case 0:
		return false;
	case 1:
		damaged->index.length = INDEX_RECORD_BYTES + next_random(seed) % (damaged->index.length - 32);
		return true;
	case 2:
		damaged->index.data[INDEX_RECORD_BYTES + next_random(seed) % (damaged->index.length - 32)] ^= 0x55;
		return true;
	default:
		return true;
	}
}

static void assert_same_index_from_the_media(void)
{
	struct buffer before = get_file(INDEX_FILE), media = get_file(MEDIA_FILE);
	struct catalogue_entry entry;

	unlinkat(long_segments.directory, INDEX_FILE, 0);
	assert_int_equal(segment_repair(long_segments.directory, MEDIA_FILE, &entry, NULL, &long_segments.why),
			 REPAIR_DONE);
	struct buffer after = get_file(INDEX_FILE), media_after = get_file(MEDIA_FILE);
	assert_int_equal(before.length, after.length);
	assert_memory_equal(before.data, after.data, after.length);
	assert_int_equal(media.length, media_after.length);
	assert_memory_equal(media.data, media_after.data, media.length);
	buffer_free(&before);
	buffer_free(&after);
	buffer_free(&media);
	buffer_free(&media_after);
}

/* FFmpeg decodes every listed frame without an error, to the pictures of the stream. */
static void assert_plays(const struct salvaged *salvaged)
{
	static struct decoded wanted[MEDIA_FRAMES * 2];
	char path[PATH_BYTES], hash[33], *rest = NULL;
	size_t frame = 0;

	put_file("stream.mp4", streams.h264.data.data, streams.h264.data.length);
	assert_int_equal(decode(path_of("stream.mp4", path), wanted), MEDIA_FRAMES);
	struct buffer text = output_of("ffmpeg -nostdin -v error -i '%s' -fps_mode passthrough "
				       "-enc_time_base 1:1000000 -f framemd5 - 2>&1",
				       path_of(MEDIA_FILE, path));
	for (char *line = strtok_r((char *)text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (line[0] == '#')
			continue;
		while (frame < LONG_FRAMES && !salvaged->shown[frame])
			frame++;
		assert_int_in_range(frame, 0, LONG_FRAMES - 1);
		if (sscanf(line, "0, %*d, %*d, %*d, %*d, %32s", hash) != 1)
			fail_msg("FFmpeg: %s", line);
		assert_string_equal(hash, wanted[frame++ % MEDIA_FRAMES].hash);
	}
	while (frame < LONG_FRAMES && !salvaged->shown[frame])
		frame++;
	assert_int_equal(frame, LONG_FRAMES);
	buffer_free(&text);
}

static void tell(const struct tally *tally, size_t count)
{
	for (size_t i = 0; i < count; i++)
		print_message(
			"# %s: %zu files, %zu frames outside the damage, %zu of them decodable, %zu kept, %zu wrong, "
			"%zu files given up\n",
			kind_names[i], tally[i].files, tally[i].outside, tally[i].decodable, tally[i].kept,
			tally[i].wrong, tally[i].lost_files);
}

static size_t files_wanted(void)
{
	const char *text = getenv("SALVAGE_FILES");

	return text ? (size_t)atol(text) : FILES_USUAL;
}

static void every_undamaged_frame_is_kept_and_no_other(void **state)
{
	struct tally tally[KINDS] = {{0}};
	uint32_t seed = 20261130;
	(void)state;

	put_file(NEXT_FILE, long_segments.next.media.data, long_segments.next.media.length);
	for (size_t i = 0; i < files_wanted(); i++) {
		enum kind kind = (enum kind)(i % KINDS);
		struct damaged damaged;
		struct salvaged salvaged;

		damage_at_random(&damaged, kind, &seed);
		bool with_index = damage_index(&damaged, &seed);
		salvage(&damaged, with_index, &salvaged);
		tally[kind].files++;
		tally[kind].outside += damaged.intact_count;
		tally[kind].decodable += damaged.decodable_count;
		tally[kind].kept += salvaged.kept;
		tally[kind].wrong += salvaged.wrong;
		tally[kind].lost_files += salvaged.outcome != REPAIR_DONE && damaged.decodable_count > 0;
		assert_int_equal(salvaged.wrong, 0);
		if (salvaged.outcome == REPAIR_DONE) {
			assert_int_equal(salvaged.kept, damaged.decodable_count);
			assert_same_index_from_the_media();
			if (i % DECODE_EVERY < KINDS)
				assert_plays(&salvaged);
		} else if (damaged.decodable_count > 0) { /* nobody knows when it was recorded: it is kept */
			assert_int_equal(salvaged.outcome, REPAIR_SET_ASIDE);
			assert_false(with_index);
			assert_true(file_is_there(ASIDE_FILE));
		}
		damage_finish(&damaged);
	}
	tell(tally, KINDS);
}

static void one_block(struct damaged *out, size_t from, size_t to)
{
	damage_begin(out);
	memset(out->media.data + from, 0, to - from);
	damage_judge(out);
}

static void frames_after_a_hole_are_kept_from_the_next_key_frame_on(void **state)
{
	struct damaged damaged;
	struct salvaged salvaged;
	size_t at = long_segments.whole.frames[50].at;
	(void)state;

	one_block(&damaged, at + 10, at + 300);
	salvage(&damaged, true, &salvaged);
	assert_int_equal(salvaged.outcome, REPAIR_DONE);
	assert_true(salvaged.entry.holes);
	assert_int_equal(salvaged.kept, damaged.decodable_count);
	assert_true(salvaged.shown[49] && !salvaged.shown[50] && salvaged.shown[LONG_FRAMES - 1]);
	assert_plays(&salvaged);
	damage_finish(&damaged);
}

static void a_damaged_first_frame_costs_only_its_gop(void **state)
{
	struct damaged damaged;
	struct salvaged salvaged;
	(void)state;

	one_block(&damaged, long_segments.whole.frames[0].at, long_segments.whole.frames[0].at + 40);
	salvage(&damaged, false, &salvaged);
	assert_int_equal(salvaged.outcome, REPAIR_DONE);
	assert_int_equal(salvaged.kept, damaged.decodable_count);
	assert_true(salvaged.entry.start_wall_us > MEDIA_WALL_US);
	assert_plays(&salvaged);
	damage_finish(&damaged);
}

static void a_damaged_beginning_is_rebuilt_from_a_neighbour_s(void **state)
{
	struct damaged damaged;
	struct salvaged salvaged;
	(void)state;

	put_file(NEXT_FILE, long_segments.next.media.data, long_segments.next.media.length);
	one_block(&damaged, 0, long_segments.whole.frames[0].at);
	salvage(&damaged, true, &salvaged);
	assert_int_equal(salvaged.outcome, REPAIR_DONE);
	assert_int_equal(salvaged.kept, LONG_FRAMES);
	assert_int_equal(salvaged.entry.segment_no, SEGMENT_NO);
	assert_int_equal(salvaged.entry.start_wall_us, MEDIA_WALL_US);
	assert_plays(&salvaged);
	assert_same_index_from_the_media();
	damage_finish(&damaged);
}

static void a_segment_with_an_unknown_beginning_is_set_aside(void **state)
{
	struct damaged damaged;
	struct salvaged salvaged;
	(void)state;

	put_file(NEXT_FILE, long_segments.next.media.data, long_segments.next.media.length);
	one_block(&damaged, 0, long_segments.whole.frames[0].at);
	salvage(&damaged, false, &salvaged);
	assert_int_equal(salvaged.outcome, REPAIR_SET_ASIDE);
	assert_non_null(strstr(long_segments.why.text, ASIDE_FILE));
	assert_false(file_is_there(MEDIA_FILE));
	struct buffer aside = get_file(ASIDE_FILE);
	assert_int_equal(aside.length, damaged.media.length);
	assert_memory_equal(aside.data, damaged.media.data, aside.length);
	buffer_free(&aside);
	damage_finish(&damaged);
}

/* In the hole is a whole fragment of another segment, with a time and a number that would fit. */
static void old_bytes_of_another_segment_are_never_kept(void **state)
{
	struct damaged damaged;
	struct salvaged salvaged;
	size_t at = long_segments.whole.frames[40].at, stale = long_segments.next.frames[80].at;
	(void)state;

	for (int with_index = 0; with_index < 2; with_index++) {
		damage_begin(&damaged);
		memset(damaged.media.data + at, 0xee, 600);
		assert_true(at + 600 + long_segments.next.frames[80].bytes < long_segments.whole.frames[80].at);
		memcpy(damaged.media.data + at + 600, long_segments.next.media.data + stale,
		       long_segments.next.frames[80].bytes);
		damage_judge(&damaged);
		salvage(&damaged, with_index, &salvaged);
		assert_int_equal(salvaged.outcome, REPAIR_DONE);
		assert_int_equal(salvaged.wrong, 0);
		assert_int_equal(salvaged.kept, damaged.decodable_count);
		damage_finish(&damaged);
	}
}

/* The segment was finished long ago, and a block has been damaged since. */
static void a_damaged_finished_segment_is_finished_again(void **state)
{
	struct damaged damaged;
	struct salvaged salvaged;
	size_t at = long_segments.whole.frames[100].at;
	(void)state;

	damage_begin(&damaged);
	salvage(&damaged, false, &salvaged);
	assert_int_equal(salvaged.entry.frames, LONG_FRAMES);
	struct buffer finished = get_file(MEDIA_FILE);
	memset(finished.data + at, 0x11, 512);
	memset(damaged.media.data + at, 0x11, 512);
	damage_judge(&damaged);
	buffer_clear(&damaged.media);
	buffer_append(&damaged.media, finished.data, finished.length);
	salvage(&damaged, true, &salvaged);
	assert_int_equal(salvaged.outcome, REPAIR_DONE);
	assert_int_equal(salvaged.wrong, 0);
	assert_int_equal(salvaged.kept, damaged.decodable_count);
	assert_plays(&salvaged);
	buffer_free(&finished);
	damage_finish(&damaged);
}

/* It was recorded until a file could not become larger, with a limit that was not known in advance. */
static void a_segment_too_large_to_be_finished_remains_fragmented(void **state)
{
	struct damaged damaged;
	struct salvaged salvaged;
	struct rlimit before, limit;
	(void)state;

	damage_begin(&damaged);
	damage_judge(&damaged);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = damaged.media.length + 100;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	salvage(&damaged, true, &salvaged);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(salvaged.outcome, REPAIR_DONE);
	assert_int_equal(salvaged.entry.state, CATALOGUE_COMPLETE);
	assert_int_equal(salvaged.entry.size_bytes, damaged.media.length);
	assert_int_equal(salvaged.kept, LONG_FRAMES);
	assert_plays(&salvaged);
	damage_finish(&damaged);
}

/* Some whole fragments are missing, and those after them have moved up. */
static void fragments_missing_without_a_trace_are_a_gap(void **state)
{
	struct damaged damaged;
	struct salvaged salvaged;
	size_t key = 60;
	(void)state;

	while (!long_segments.whole.frames[key].key)
		key++;
	damage_begin(&damaged);
	damaged.removed_at = long_segments.whole.frames[55].at;
	damaged.removed = long_segments.whole.frames[key].at - damaged.removed_at;
	memmove(damaged.media.data + damaged.removed_at, damaged.media.data + long_segments.whole.frames[key].at,
		damaged.media.length - long_segments.whole.frames[key].at);
	damaged.media.length -= damaged.removed;
	damage_judge(&damaged);
	salvage(&damaged, true, &salvaged);
	assert_int_equal(salvaged.outcome, REPAIR_DONE);
	assert_int_equal(salvaged.kept, damaged.decodable_count);
	assert_true(salvaged.entry.holes);
	assert_plays(&salvaged);
	assert_same_index_from_the_media();
	damage_finish(&damaged);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_undamaged_frame_is_kept_and_no_other),
		cmocka_unit_test(frames_after_a_hole_are_kept_from_the_next_key_frame_on),
		cmocka_unit_test(a_damaged_first_frame_costs_only_its_gop),
		cmocka_unit_test(a_damaged_beginning_is_rebuilt_from_a_neighbour_s),
		cmocka_unit_test(a_segment_with_an_unknown_beginning_is_set_aside),
		cmocka_unit_test(old_bytes_of_another_segment_are_never_kept),
		cmocka_unit_test(a_damaged_finished_segment_is_finished_again),
		cmocka_unit_test(fragments_missing_without_a_trace_are_a_gap),
		cmocka_unit_test(a_segment_too_large_to_be_finished_remains_fragmented),
	};

	return cmocka_run_group_tests(tests, make_long_segments, drop_long_segments);
}
