/* test_encoder_pauses.c - an FFmpeg that starts late and writes its first bytes long before its first frame. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/fakes/fake_clock.h"
#include "tests/unit/support/recording_rig.h"

/* Creates an FFmpeg that waits until the file `held` is removed, and pauses again after its first bytes. */
static void write_ffmpeg(const char *folder)
{
	static const char script[] = "#!/bin/sh\nwhile [ -e \"${0%/*}/held\" ]; do sleep 0.02; done\n"
				     "PATH=${PATH#*:}\n"
				     "ffmpeg \"$@\" | { dd bs=1 count=900 status=none; sleep 0.4; cat; }\n";
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/held", folder);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	snprintf(path, sizeof(path), "%s/ffmpeg", folder);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	assert_int_equal(write(fd, script, sizeof(script) - 1), sizeof(script) - 1);
	close(fd);
	snprintf(path, sizeof(path), "%s:%s", folder, getenv("PATH"));
	setenv("PATH", path, 1);
}

static void release(const char *folder)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/held", folder);
	assert_int_equal(unlink(path), 0);
}

static void its_first_bytes_count_as_progress(void **state)
{
	const char *folder = rig.config.record.directory;
	char *path = strdup(getenv("PATH"));

	(void)state;
	write_ffmpeg(folder);
	rig_start();
	rig_plan(RIG_WALL_US, 25, US_PER_S, 1);
	while (rig.given < rig.to_give)
		rig_put(rig.wall_us[rig.given++]);
	encoder_pump(rig.encoder);
	encoder_end_run(rig.encoder);
	fake_clock.mono_ahead_us += 11 * US_PER_S; /* for so long it may not have started */
	release(folder);
	rig_stop();
	setenv("PATH", path, 1);
	free(path);
	rig_read_folder();
	assert_all_recorded();
	assert_int_equal(rig.segment_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(its_first_bytes_count_as_progress, rig_set_up, rig_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
