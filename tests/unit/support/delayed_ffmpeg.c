/* delayed_ffmpeg.c - an FFmpeg that does not start until a test lets it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/support/delayed_ffmpeg.h"

char *delayed_ffmpeg_install(const char *folder)
{
	static const char script[] = "#!/bin/sh\nwhile [ -e \"${0%/*}/held\" ]; do sleep 0.02; done\n"
				     "PATH=${PATH#*:} exec ffmpeg \"$@\"\n";
	char path[4096], *before = strdup(getenv("PATH"));

	snprintf(path, sizeof(path), "%s/held", folder);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	snprintf(path, sizeof(path), "%s/ffmpeg", folder);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	assert_int_equal(write(fd, script, sizeof(script) - 1), sizeof(script) - 1);
	close(fd);
	snprintf(path, sizeof(path), "%s:%s", folder, before);
	setenv("PATH", path, 1);
	return before;
}

void delayed_ffmpeg_release(const char *folder)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/held", folder);
	assert_int_equal(unlink(path), 0);
}

void delayed_ffmpeg_remove(const char *folder, char *path_before)
{
	char path[64];

	setenv("PATH", path_before, 1);
	free(path_before);
	snprintf(path, sizeof(path), "%s/ffmpeg", folder);
	unlink(path);
	rmdir(folder);
}
