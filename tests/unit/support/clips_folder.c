/* clips_folder.c - a folder for the clips of a test. */
#include "tests/unit/support/clips_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct clips_folder clips_folder = {.fd = -1};

int make_clips_folder(void **state)
{
	(void)state;
	snprintf(clips_folder.path, sizeof(clips_folder.path), "/tmp/recorder-clips-XXXXXX");
	if (!mkdtemp(clips_folder.path))
		return -1;
	clips_folder.fd = open(clips_folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return clips_folder.fd < 0;
}

int drop_clips_folder(void **state)
{
	char command[96];

	(void)state;
	close(clips_folder.fd);
	snprintf(command, sizeof(command), "rm -rf '%s'", clips_folder.path);
	return system(command);
}
