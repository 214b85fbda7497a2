/* test_encoder_pauses.c - an FFmpeg that starts late and then gives its first bytes long before its first frame. */
#include "tests/unit/support/recording_bench.h"
#include "tests/unit/support/fake_clock.h"

/* An FFmpeg of that folder, which waits as long as the folder has a file `held`, and again behind its first bytes. */
static void write_ffmpeg(const char *folder)
{
	static const char script[] = "#!/bin/sh\nwhile [ -e \"${0%/*}/held\" ]; do sleep 0.02; done\n"
				     "PATH=${PATH#*:}\n"
				     "ffmpeg \"$@\" | { dd bs=1 count=900 status=none; sleep 0.4; cat; }\n";
	char path[2 * PATH_MAX];

	snprintf(path, sizeof path, "%s/held", folder);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	snprintf(path, sizeof path, "%s/ffmpeg", folder);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	assert_int_equal(write(fd, script, sizeof script - 1), sizeof script - 1);
	close(fd);
	snprintf(path, sizeof path, "%s:%s", folder, getenv("PATH"));
	setenv("PATH", path, 1);
}

static void let_go(const char *folder)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof path, "%s/held", folder);
	assert_int_equal(unlink(path), 0);
}

static void its_first_bytes_are_a_sign_of_life(void **state)
{
	const char *folder = bench.config.record.directory;
	char *path = strdup(getenv("PATH"));

	(void)state;
	write_ffmpeg(folder);
	bench_start();
	bench_plan(BENCH_WALL_US, 25, US_PER_S, 1);
	while (bench.given < bench.to_give)
		bench_put(bench.wall_us[bench.given++]);
	encoder_pump(bench.encoder);
	encoder_end_run(bench.encoder);
	mono_ahead_us += 11 * US_PER_S; /* so long it did not start, which it may */
	let_go(folder);
	bench_stop();
	setenv("PATH", path, 1);
	free(path);
	bench_look();
	assert_all_recorded();
	assert_int_equal(bench.segment_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(its_first_bytes_are_a_sign_of_life, bench_set_up, bench_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
