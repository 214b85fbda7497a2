/*
 * test_archive_age_mixtures.c - 1000 random mixtures of archives, boots, clocks, copies, names, numbers and time zones.
 *
 * A short oracle says what has to happen: no segment is deleted that is younger than retention.hours by its own time
 * and the wall clock, and by the monotonic clock of this boot; and every segment is deleted that is older by all of
 * these. The mixtures are in memory, and some are written as files.
 */
#include "recorderd/archive/archive_internal.h"
#include "tests/unit/support/archive_cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIXTURES      1000
#define FILE_MIXTURES 40
#define BOOTS         4 /* the first is this one */
#define MOST          12
#define YEAR_US       (8766 * HOUR_US)
#define HERE_US       (100000 * HOUR_US) /* roughly the monotonic time of this boot */

/* A boot of some machine, in true time. */
struct boot {
	uint8_t id[16];
	int64_t began_us, set_us, ended_us;
	int64_t error_us, set_error_us; /* of its wall clock, and since set_us */
	bool right;                     /* the wall clock is never wrong */
};

struct made {
	struct segment_info info;
	const struct boot *boot;
	int64_t end_us; /* true */
	int64_t lasts_us;
};

struct mixture {
	struct boot boots[BOOTS];
	struct made segments[MOST];
	size_t count;
	int64_t now_us, keep_us;
};

static uint64_t dice;

static int64_t roll(int64_t below)
{
	dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (int64_t)((dice >> 33) % (uint64_t)below);
}

/* By how much the wall clock is wrong in a boot that began at that time. */
static int64_t roll_error(int64_t began_us)
{
	switch (roll(8)) {
	case 0:
		return roll(1000) * US_PER_S - began_us; /* 1970 */
	case 1:
		return YEAR_US;
	case 2:
		return -2 * YEAR_US;
	case 3:
		return (roll(200) - 100) * HOUR_US;
	case 4:
		return roll(7200) * US_PER_S - HOUR_US;
	default:
		return 0;
	}
}

static void make_boot(struct mixture *mixture, int number)
{
	struct boot *boot = &mixture->boots[number];
	bool here = number == 0;

	if (here)
		clock_boot_id(boot->id);
	else
		memset(boot->id, number, sizeof(boot->id));
	boot->ended_us = here ? mixture->now_us : mixture->now_us - (1 + roll(150)) * HOUR_US;
	boot->began_us = boot->ended_us - (here ? mono_now().us : (1 + roll(100)) * HOUR_US);
	boot->set_us = boot->ended_us - roll(100) * HOUR_US;
	boot->error_us = roll_error(boot->began_us);
	boot->set_error_us = roll(2) ? boot->error_us : roll(2) ? 0 : roll_error(boot->began_us);
	if (here && fake_ntp.is_synchronised)
		boot->set_error_us = 0;
	boot->right = boot->error_us == 0 && boot->set_error_us == 0;
}

static int64_t error_at(const struct boot *boot, int64_t true_us)
{
	return true_us >= boot->set_us ? boot->set_error_us : boot->error_us;
}

static void make_segment(struct mixture *mixture, int64_t lasts_us)
{
	const struct boot *boot = &mixture->boots[roll(BOOTS)];
	int64_t span_us = boot->ended_us - boot->began_us - lasts_us;
	struct made *made = &mixture->segments[mixture->count];

	if (span_us > 150 * HOUR_US)
		span_us = 150 * HOUR_US;
	int64_t start_us = boot->ended_us - lasts_us - roll(span_us / US_PER_S) * US_PER_S;
	int64_t wall_us = start_us + error_at(boot, start_us);
	if (wall_us < 0)
		return;
	*made = (struct made){.boot = boot, .end_us = start_us + lasts_us, .lasts_us = lasts_us};
	made->info = (struct segment_info){
		.segment_no = roll(2) ? mixture->count + 1 : (uint64_t)roll(MOST) + 1,
		.run_no = (uint64_t)roll(MOST) + 1,
		.first_wall_us = wall_us,
		.first_mono_us = start_us - boot->began_us,
		.utc_offset_s = (int32_t)(roll(28) - 14) * 3600,
	};
	memcpy(made->info.boot_id, boot->id, sizeof(boot->id));
	mixture->count++;
	if (mixture->count < MOST && roll(6) == 0)
		mixture->segments[mixture->count++] = *made; /* a copy of the file */
}

static void make_mixture(struct mixture *mixture, uint64_t seed, int64_t lasts_us)
{
	dice = seed * 7919 + 1;
	fake_clock.wall_ahead_us = 0;
	*mixture = (struct mixture){.now_us = wall_now().us};
	fake_ntp.is_synchronised = roll(2);
	mixture->keep_us = (1 + roll(100)) * HOUR_US;
	for (int i = 0; i < BOOTS; i++)
		make_boot(mixture, i);
	while (mixture->count < MOST - 1)
		make_segment(mixture, lasts_us);
	fake_clock.wall_ahead_us = mixture->boots[0].set_error_us;
}

static int64_t own_end_us(const struct made *made)
{
	return made->info.first_wall_us + made->lasts_us;
}

/*
 * The oracle. It allows a second on both sides for the time that the test takes. If a segment's time is in the future
 * and the clock of its boot was set later, the time by that setting counts too.
 */
static void assert_right(const struct mixture *mixture, const struct made *made, bool gone)
{
	bool here = made->boot == &mixture->boots[0];
	int64_t wall_us = wall_now().us - own_end_us(made), mono_us = mixture->now_us - made->end_us;
	int64_t over_us = (here ? mono_us : wall_us) - mixture->keep_us;
	bool set_later = !here && wall_us < -HOUR_US && made->boot->set_error_us != made->boot->error_us;

	if (over_us < -US_PER_S && !set_later)
		assert_false(gone);
	else if (over_us > US_PER_S && (here || (made->boot->right && fake_ntp.is_synchronised)))
		assert_true(gone);
}

static void fill(struct archive *mixed, const struct mixture *mixture)
{
	for (size_t i = 0; i < mixture->count; i++) {
		const struct segment_info *info = &mixture->segments[i].info;
		struct catalogue_entry entry = {
			.segment_no = info->segment_no,
			.run_no = info->run_no,
			.start_wall_us = info->first_wall_us,
			.end_wall_us = own_end_us(&mixture->segments[i]),
			.first_mono_us = info->first_mono_us,
			.utc_offset_s = info->utc_offset_s,
			.state = CATALOGUE_COMPLETE,
		};

		memcpy(entry.boot_id, info->boot_id, sizeof(entry.boot_id));
		entry.size_bytes = i; /* to recognise it */
		assert_true(archive_append(mixed, &entry, PHASE_COMPLETE));
	}
	archive_sort(mixed->segments, mixed->count);
}

static void no_mixture_deletes_young_or_keeps_old_segments(void **state)
{
	static struct mixture mixture;
	struct archive_segment_age verdicts[MOST];

	(void)state;
	for (uint64_t seed = 1; seed <= MIXTURES; seed++) {
		struct archive mixed = {.config = &archive_case.config, .opened_mono_us = mono_now().us};

		make_mixture(&mixture, seed, 600 * US_PER_S);
		mixed.retention.hours = (double)mixture.keep_us / HOUR_US;
		fill(&mixed, &mixture);
		archive_age_assess(&mixed, verdicts);
		for (size_t i = 0; i < mixed.count; i++)
			assert_right(&mixture, &mixture.segments[mixed.segments[i].entry.size_bytes], verdicts[i].old);
		free(mixed.segments);
	}
}

static void put_files(const struct mixture *mixture)
{
	char name[SEGMENT_FILE_BYTES], from[PATH_MAX + 80], to[SEGMENT_FILE_BYTES];

	for (size_t i = 0; i < mixture->count; i++) {
		put_segment(&mixture->segments[i].info, name);
		snprintf(from, sizeof(from), "%s", recording_path(name));
		segment_file_name(mixture->now_us - (int64_t)i * HOUR_US, 9, to);
		assert_int_equal(rename(from, recording_path(to)), 0);
	}
}

static void no_mixture_of_files_deletes_young_or_keeps_old_segments(void **state)
{
	static struct mixture mixture;
	char name[SEGMENT_FILE_BYTES];

	for (uint64_t seed = 1; seed <= FILE_MIXTURES; seed++) {
		archive_case_begin(state);
		make_mixture(&mixture, MIXTURES + seed, media_time_us(SMALL));
		archive_case.config.retention.hours = (double)mixture.keep_us / HOUR_US;
		put_files(&mixture);
		assert_true(archive_case_open().recovered);
		close_and_list();
		for (size_t i = 0; i < mixture.count; i++) {
			segment_file_name(mixture.now_us - (int64_t)i * HOUR_US, 9, name);
			assert_right(&mixture, &mixture.segments[i], !recording_exists(name));
		}
	}
}

static int start_clocks(void **state)
{
	fake_clock.mono_ahead_us = HERE_US;
	return archive_case_begin(state);
}

static int end_clocks(void **state)
{
	fake_clock.wall_ahead_us = 0;
	return archive_case_end(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_mixture_deletes_young_or_keeps_old_segments, start_clocks,
						end_clocks),
		cmocka_unit_test_setup_teardown(no_mixture_of_files_deletes_young_or_keeps_old_segments, start_clocks,
						end_clocks),
	};

	return cmocka_run_group_tests_name("archive_age_mixtures", tests, archive_case_streams, drop_streams);
}
