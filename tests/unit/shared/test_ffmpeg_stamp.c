/* test_ffmpeg_stamp.c - whatever record.stamp_format may be, FFmpeg takes it as text and as nothing else. */
#include "shared/media/ffmpeg_stamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FIRST_US INT64_C(1792889999999999)

static void only_dates_and_times_are_formats(void **state)
{
	static const char *const good[] = {"%Y-%m-%d %H:%M:%S", "%%", "Tür 1, %c", "it's [a];b:{c}\\ \"d\" ='%F'",
					   "%s"};
	static const char *const bad[] = {
		"",       "%",
		"\xff%Y", "%Y%",
		"%{n}",   "%{pts}",
		"%n",     "%t",
		"%5Y",    "%-d",
		"%Ey",    "a\nb",
		"a\033b", "0123456789012345678901234567890123456789012345678901234567890123",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(stamp_format_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(stamp_format_valid(bad[i]));
}

static void the_time_is_a_little_later_than_a_full_second(void **state)
{
	char filter[FFMPEG_STAMP_FILTER_BYTES];

	(void)state;
	ffmpeg_stamp_filter(&(struct ffmpeg_stamp){"%Y", CORNER_TOP_LEFT}, (wall_t){FIRST_US}, 720, filter);
	assert_non_null(strstr(filter, "1792890000.000000"));
	assert_non_null(strstr(filter, "fontsize=24:"));
}

/* Returns true if it has nothing to complain of. */
static bool ffmpeg_takes(const char *filter)
{
	int errors = memfd_create("errors", 0);
	pid_t child = fork();
	int status;

	if (child == 0) {
		dup2(errors, STDERR_FILENO);
		execlp("ffmpeg", "ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "color=s=320x180", "-frames:v",
		       "1", "-vf", filter, "-f", "null", "-", (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	bool silent = lseek(errors, 0, SEEK_END) == 0;
	close(errors);
	return silent && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void ffmpeg_takes_every_text(void **state)
{
	static const char *const formats[] = {
		"%Y-%m-%d %H:%M:%S",
		"it's [a],b;c:{d}\\ \"e\" ='%F' ${PATH} `f`",
		"\\\\\\'\\':[];,}{}%%%%",
		"':x=0,drawbox",
		"Tür \xc3\xa4",
		"[][][][][][][][][][][][][][][][][][][][][][][][][][][][][][][]%Y",
		"''''''''''''''''''''''''''''''''''''''''''''''''''''''''''''%Y",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		char filter[FFMPEG_STAMP_FILTER_BYTES];
		if (!stamp_format_valid(formats[i]))
			continue;
		for (int corner = CORNER_TOP_LEFT; corner <= CORNER_BOTTOM_RIGHT; corner += 3) {
			ffmpeg_stamp_filter(&(struct ffmpeg_stamp){formats[i], (enum stamp_corner)corner},
					    (wall_t){FIRST_US}, 180, filter);
			assert_true(ffmpeg_takes(filter));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_dates_and_times_are_formats),
		cmocka_unit_test(the_time_is_a_little_later_than_a_full_second),
		cmocka_unit_test(ffmpeg_takes_every_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
