/* test_mp4_moov.c - progressive clips: exact times, key frames, and what FFmpeg decodes. */
#include <stdlib.h>

#include "tests/unit/support/in_range.h"
#include "tests/unit/support/moov_cases.h"
#include "tests/unit/support/segment_cases.h"

#include "shared/base/big_endian.h"
#include "shared/media/mp4_chunks.h"

#define HOUR_US (INT64_C(3600) * 1000000)
/* Durations according to stts: of sample `number`, and of all samples before it, in ticks. */
struct durations {
	const uint8_t *runs;
	uint32_t left, ticks;
};

static struct durations durations_of(const struct buffer *moov)
{
	return (struct durations){.runs = moov_box(moov, "stts") + 8};
}

static uint32_t next_duration(struct durations *durations)
{
	if (durations->left == 0) {
		durations->left = be32_get(durations->runs);
		durations->ticks = be32_get(durations->runs + 4);
		durations->runs += 8;
		assert_int_not_equal(durations->left, 0);
	}
	durations->left--;
	return durations->ticks;
}

static void ten_hours_do_not_drift(void **state)
{
	(void)state;
	const size_t count = 600000;
	struct mp4_moov *movie = moov_create(CREATED_US);
	struct buffer moov = {0};
	int64_t time_us = 0, *times = malloc(count * sizeof(*times));
	uint32_t seed = 7;

	for (size_t i = 0; i < count; i++) {
		times[i] = time_us;
		mp4_moov_add_sample(movie, time_us, i * 1000, 900, i % 60 == 0);
		time_us += 50000 + next_random(&seed) % 20000;
	}
	assert_true(time_us > 10 * HOUR_US - HOUR_US / 2);
	assert_true(mp4_moov_write(movie, time_us, 0, &moov));
	struct durations durations = durations_of(&moov);
	uint64_t tick = 0;
	for (size_t i = 0; i < count; i++) {
		int64_t error_ns = (int64_t)(tick * 100000 / 9) - times[i] * 1000;
		assert_int_in_range(error_ns + 5600, 0, 11200);
		tick += next_duration(&durations);
	}
	assert_int_equal(tick, (time_us * 9 + 50) / 100);
	assert_int_equal(be32_get(moov_box(&moov, "mdhd") + 16), tick);
	free(times);
	mp4_moov_destroy(movie);
	buffer_free(&moov);
}

/* Frames of a camera are late by up to 0.4 ms, once a second by 3 ms, and there is a gap. */
static void frames_that_may_be_late_have_few_durations(void **state)
{
	const size_t count = 100000;
	struct mp4_moov *movie = mp4_moov_create(&(struct mp4_moov_spec){.width = 96,
									 .height = 64,
									 .entry = moov_entry,
									 .entry_bytes = sizeof(moov_entry),
									 .late_us = 1000,
									 .samples = count});
	int64_t base_us = 0, *times = malloc(count * sizeof(*times));
	struct buffer moov = {0};
	uint32_t seed = 5;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		base_us += i == count / 2 ? 9 * HOUR_US : 33367;
		times[i] = i > 0 ? base_us + next_random(&seed) % 400 + (i % 30 == 7 ? 3000 : 0) : 0;
		mp4_moov_add_sample(movie, times[i], i * 900, 900, i % 30 == 0);
	}
	assert_true(mp4_moov_write(movie, base_us + 33367, 0, &moov));
	uint32_t divisor = 90000 / be32_get(moov_box(&moov, "mdhd") + (moov_box(&moov, "mdhd")[0] ? 20 : 12));
	assert_int_equal(divisor, 2);
	struct durations durations = durations_of(&moov);
	int64_t ticks = 0;
	for (size_t i = 0; i < count; i++) {
		int64_t late_us = ticks * 200 / 9 - times[i];
		assert_int_in_range(late_us + 30, 0, 1060); /* and half a tick of either timescale */
		ticks += next_duration(&durations);
	}
	assert_int_equal(ticks, ((base_us + 33367) * 9 / 100 + 1) / 2);
	mp4_moov_destroy(movie);
	free(times);
	buffer_free(&moov);
}

static void late_frames_of_a_day_fit_in_a_few_entries(void **state)
{
	struct mp4_moov *movie = mp4_moov_create(&(struct mp4_moov_spec){
		.width = 96, .height = 64, .entry = moov_entry, .entry_bytes = sizeof(moov_entry), .late_us = 1000});
	struct buffer moov = {0};
	uint32_t seed = 6;

	(void)state;
	for (int64_t i = 0; i < 60000; i++)
		mp4_moov_add_sample(movie, i * 33367 + next_random(&seed) % 400, (uint64_t)i * 900, 900, i % 30 == 0);
	assert_true(mp4_moov_write(movie, INT64_C(60000) * 33367, 0, &moov));
	assert_int_in_range(be32_get(moov_box(&moov, "stts") + 4), 1, 1000);
	assert_int_equal(be32_get(moov_box(&moov, "stco") + 4), (60000 + MP4_CHUNK_SAMPLES - 1) / MP4_CHUNK_SAMPLES);
	mp4_moov_destroy(movie);
	buffer_free(&moov);
}

static void equal_durations_share_one_entry(void **state)
{
	(void)state;
	struct mp4_moov *movie = moov_create(CREATED_US);
	struct buffer moov = {0};

	for (int i = 0; i < 1000; i++)
		mp4_moov_add_sample(movie, i * INT64_C(40000), 0, 1, true);
	assert_true(mp4_moov_write(movie, 1000 * INT64_C(40000), 0, &moov));
	assert_int_equal(be32_get(moov_box(&moov, "stts") + 4), 1);
	assert_int_equal(be32_get(moov_box(&moov, "stts") + 8), 1000);
	assert_int_equal(be32_get(moov_box(&moov, "stts") + 12), 3600);
	assert_int_equal(be32_get(moov_box(&moov, "mvhd") + 16), 3600000);
	mp4_moov_destroy(movie);
	buffer_free(&moov);
}

/* Ticks per second, and the durations of the first and the last sample. */
static void assert_gap(int64_t gap_us, int64_t last_us, uint32_t timescale)
{
	struct mp4_moov *movie = moov_create(CREATED_US);
	struct buffer moov = {0};

	mp4_moov_add_sample(movie, 0, 0, 10, true);
	mp4_moov_add_sample(movie, gap_us, 10, 10, true);
	assert_true(mp4_moov_write(movie, gap_us + last_us, 0, &moov));
	const uint8_t *mdhd = moov_box(&moov, "mdhd");
	bool wide = mdhd[0] == 1;
	struct durations durations = durations_of(&moov);
	uint32_t first = next_duration(&durations), last = next_duration(&durations);
	int64_t tick_us = 1000000 / timescale + 1;
	assert_int_equal(be32_get(mdhd + (wide ? 20 : 12)), timescale);
	assert_int_equal(be32_get(moov_box(&moov, "mvhd") + (wide ? 20 : 12)), timescale);
	assert_true(first <= INT32_MAX && last <= INT32_MAX);
	assert_int_in_range((int64_t)first * 1000000 / timescale - gap_us + tick_us, 0, 2 * tick_us);
	assert_int_in_range((int64_t)last * 1000000 / timescale - last_us + tick_us, 0, 2 * tick_us);
	assert_int_equal(wide ? be64_get(mdhd + 24) : be32_get(mdhd + 16), (uint64_t)first + last);
	mp4_moov_destroy(movie);
	buffer_free(&moov);
}

/* Any length that a clip may have, also after the last picture. */
static void a_gap_of_any_length_fits_in_31_bits(void **state)
{
	static const struct {
		int64_t hours;
		uint32_t timescale;
	} cases[] = {{1, 90000},  {6, 90000},  {7, 45000},  {13, 45000},    {14, 30000},
		     {20, 22500}, {48, 11250}, {168, 3000}, {24 * 366, 60}, {24 * 14600, 1}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_gap(cases[i].hours * HOUR_US, 40000000, cases[i].timescale);
		assert_gap(40000000, cases[i].hours * HOUR_US, cases[i].timescale);
	}
}

static void a_gap_that_is_too_long_is_refused(void **state)
{
	struct mp4_moov *movie = moov_create(CREATED_US);
	struct buffer moov = {0};

	(void)state;
	mp4_moov_add_sample(movie, 0, 0, 10, true);
	mp4_moov_add_sample(movie, INT64_C(70) * 366 * 24 * HOUR_US, 10, 10, true);
	assert_false(mp4_moov_write(movie, INT64_C(71) * 366 * 24 * HOUR_US, 0, &moov));
	mp4_moov_destroy(movie);
	buffer_free(&moov);
}

/* Each is at most half a tick from its time, however many there are. */
static void frames_next_to_long_gaps_do_not_drift(void **state)
{
	const size_t count = 30000;
	struct mp4_moov *movie = moov_create(CREATED_US);
	struct buffer moov = {0};
	int64_t time_us = 0, *times = malloc(count * sizeof(*times));
	uint32_t seed = 11;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		times[i] = time_us;
		mp4_moov_add_sample(movie, time_us, i * 1000, 900, i % 60 == 0);
		time_us += 8000 + next_random(&seed) % 20000;
		if (i % 1000 == 999)
			time_us += 20 * HOUR_US + next_random(&seed);
	}
	assert_true(mp4_moov_write(movie, time_us, 0, &moov));
	struct durations durations = durations_of(&moov);
	int64_t tick = 0;
	for (size_t i = 0; i < count; i++) {
		/* Half a tick of 1/22500 s, plus half a tick of 1/90000 s, in which times are kept. */
		assert_int_in_range(tick * 400 / 9 - times[i] + 29, 0, 58);
		tick += next_duration(&durations);
	}
	free(times);
	mp4_moov_destroy(movie);
	buffer_free(&moov);
}

static void the_first_sample_is_shown_from_the_start(void **state)
{
	(void)state;
	struct mp4_moov *movie = moov_create(CREATED_US);
	struct buffer moov = {0};

	mp4_moov_add_sample(movie, 5000, 0, 10, true);
	mp4_moov_add_sample(movie, 20000, 10, 10, false);
	mp4_moov_add_sample(movie, 15000, 20, 10, false); /* a time that decreases counts as the one before */
	assert_true(mp4_moov_write(movie, 30000, 0, &moov));
	struct durations durations = durations_of(&moov);
	assert_int_equal(next_duration(&durations), 1800);
	assert_int_equal(next_duration(&durations), 0);
	assert_int_equal(next_duration(&durations), 900);
	mp4_moov_destroy(movie);
	buffer_free(&moov);
}

static void long_or_late_clips_have_times_of_64_bits(void **state)
{
	(void)state;
	const int64_t late_us = INT64_C(2300000000) * 1000000; /* 2042 */
	const int64_t created_us[] = {CREATED_US, CREATED_US, late_us},
		      ends_us[] = {12 * HOUR_US, 14 * HOUR_US, HOUR_US};

	for (int i = 0; i < 3; i++) {
		struct mp4_moov *movie = moov_create(created_us[i]);
		struct buffer moov = {0};
		for (int part = 0; part < 4; part++)
			mp4_moov_add_sample(movie, ends_us[i] / 4 * part, 0, 10, true);
		assert_true(mp4_moov_write(movie, ends_us[i], 0, &moov));
		const uint8_t *mdhd = moov_box(&moov, "mdhd");
		uint64_t seconds = (uint64_t)(created_us[i] / 1000000) + 2082844800u;
		assert_int_equal(mdhd[0], i > 0);
		assert_int_equal(i > 0 ? be64_get(mdhd + 4) : be32_get(mdhd + 4), seconds);
		assert_int_equal(i > 0 ? be64_get(mdhd + 24) : be32_get(mdhd + 16), ends_us[i] / 100 * 9);
		mp4_moov_destroy(movie);
		buffer_free(&moov);
	}
}

static void key_frames_are_listed_unless_all_frames_are(void **state)
{
	(void)state;
	for (int all = 0; all < 2; all++) {
		struct mp4_moov *movie = moov_create(CREATED_US);
		struct buffer moov = {0};
		for (int i = 0; i < 5; i++)
			mp4_moov_add_sample(movie, i * 1000, 0, 10, all || i == 0 || i == 3);
		assert_true(mp4_moov_write(movie, 5000, 0, &moov));
		const uint8_t *stss = moov_box(&moov, "stss");
		if (all)
			assert_null(stss);
		else
			assert_memory_equal(stss, "\0\0\0\0\0\0\0\2\0\0\0\1\0\0\0\4", 16);
		mp4_moov_destroy(movie);
		buffer_free(&moov);
	}
}

static void an_empty_clip_is_refused(void **state)
{
	(void)state;
	struct mp4_moov *movie = moov_create(CREATED_US);
	struct buffer out = {0};

	assert_false(mp4_moov_write_clip_header(movie, 1000, 0, &out));
	mp4_moov_destroy(movie);
	mp4_moov_destroy(NULL);
	buffer_free(&out);
}

static void its_own_moov_can_be_parsed(void **state)
{
	(void)state;
	struct buffer moov = {0};
	struct mp4_init init;
	uint8_t sized[86];

	memcpy(sized, moov_entry, sizeof(moov_entry));
	sized[33] = 96;
	sized[35] = 64;
	struct mp4_moov *movie = mp4_moov_create(&(struct mp4_moov_spec){.width = 96,
									 .height = 64,
									 .entry = sized,
									 .entry_bytes = sizeof(sized),
									 .created_wall_us = CREATED_US});
	mp4_moov_add_sample(movie, 0, 0, 10, true);
	assert_true(mp4_moov_write(movie, 1000, 0, &moov));
	assert_true(mp4_parse_init(moov.data, moov.length, &init));
	assert_int_equal(init.timescale, MP4_CLIP_TIMESCALE);
	assert_int_equal(init.entry_bytes, sizeof(sized));
	assert_memory_equal(init.entry, sized, sizeof(sized));
	mp4_moov_destroy(movie);
	buffer_free(&moov);
}

/* A part of a segment: frames [first, end), as one range of bytes that includes the headers of fragments. */
static void add_piece(struct mp4_moov *movie, const struct buffer *segment, const struct walked *walked, size_t first,
		      size_t end, int64_t shift_us, struct buffer *payload)
{
	uint64_t from = walked->records[first].offset;
	uint64_t to = walked->records[end - 1].offset + walked->records[end - 1].size;

	for (size_t i = first; i < end; i++) {
		const struct index_record *record = &walked->records[i];
		mp4_moov_add_sample(movie, record->wall_us - walked->records[first].wall_us + shift_us,
				    record->offset - from + payload->length, record->size, record->flags & INDEX_KEY);
	}
	buffer_append(payload, segment->data + from, (size_t)(to - from));
}

static void a_clip_of_two_ranges_decodes_to_exactly_its_frames(void **state)
{
	(void)state;
	static struct decoded wanted[MEDIA_FRAMES * 2], got[MEDIA_FRAMES * 2];
	const int64_t second_at_us = 3 * HOUR_US + 7;
	struct buffer segment = segment_of(&streams.h264, 0, MEDIA_FRAMES, 1), payload = {0}, clip = {0};
	struct segment_layout layout;
	struct walked walked;
	char path[PATH_BYTES];
	size_t key = MEDIA_FRAMES / 2;

	while (!media_key(key))
		key++;
	assert_int_equal(examine_bytes(segment.data, segment.length, &layout, &walked), SEGMENT_OK);
	struct mp4_moov *movie = mp4_moov_create(&(struct mp4_moov_spec){.width = 96,
									 .height = 64,
									 .entry = layout.init.entry,
									 .entry_bytes = layout.init.entry_bytes,
									 .created_wall_us = MEDIA_WALL_US});
	add_piece(movie, &segment, &walked, key, MEDIA_FRAMES, 0, &payload);
	add_piece(movie, &segment, &walked, 0, 10, second_at_us, &payload);
	int64_t end_us = second_at_us + media_time_us(10) + 12345;
	assert_true(mp4_moov_write_clip_header(movie, end_us, payload.length, &clip));
	buffer_append(&clip, payload.data, payload.length);

	file_write(path_of("whole.mp4", path), streams.h264.data.data, streams.h264.data.length);
	assert_int_equal(decode(path, wanted), MEDIA_FRAMES);
	file_write(path_of("clip.mp4", path), clip.data, clip.length);
	assert_int_equal(decode(path, got), MEDIA_FRAMES - key + 10);
	for (size_t i = 0; i < MEDIA_FRAMES - key + 10; i++) {
		bool second = i >= MEDIA_FRAMES - key;
		size_t frame = second ? i - (MEDIA_FRAMES - key) : key + i;
		int64_t at_us =
			second ? second_at_us + media_time_us(frame) : media_time_us(frame) - media_time_us(key);
		assert_int_in_range(got[i].time_us - at_us + 12, 0, 24);
		assert_string_equal(got[i].hash, wanted[frame].hash);
	}
	struct buffer duration = output_of("ffprobe -v error -show_entries format=duration -of csv=p=0 '%s'", path);
	assert_int_in_range((int64_t)(strtod((char *)duration.data, NULL) * 1e6 + 0.5) - end_us + 12, 0, 24);
	buffer_free(&duration);
	mp4_moov_destroy(movie);
	segment_layout_free(&layout);
	buffer_free(&segment);
	buffer_free(&payload);
	buffer_free(&clip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_hours_do_not_drift),
		cmocka_unit_test(frames_that_may_be_late_have_few_durations),
		cmocka_unit_test(late_frames_of_a_day_fit_in_a_few_entries),
		cmocka_unit_test(equal_durations_share_one_entry),
		cmocka_unit_test(a_gap_of_any_length_fits_in_31_bits),
		cmocka_unit_test(a_gap_that_is_too_long_is_refused),
		cmocka_unit_test(frames_next_to_long_gaps_do_not_drift),
		cmocka_unit_test(the_first_sample_is_shown_from_the_start),
		cmocka_unit_test(long_or_late_clips_have_times_of_64_bits),
		cmocka_unit_test(key_frames_are_listed_unless_all_frames_are),
		cmocka_unit_test(an_empty_clip_is_refused),
		cmocka_unit_test(its_own_moov_can_be_parsed),
		cmocka_unit_test(a_clip_of_two_ranges_decodes_to_exactly_its_frames),
	};

	return cmocka_run_group_tests(tests, make_streams, drop_streams);
}
