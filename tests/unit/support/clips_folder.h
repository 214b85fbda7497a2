/* clips_folder.h - a folder for clips of the test's own. */
#ifndef TESTS_UNIT_SUPPORT_CLIPS_FOLDER_H
#define TESTS_UNIT_SUPPORT_CLIPS_FOLDER_H

/* Of make_clips_folder(): its path, and a descriptor of it. */
extern struct clips_folder {
	char path[64];
	int fd;
} clips_folder;

/* Setup and teardown of a program; not 0: failed. */
int make_clips_folder(void **state);
int drop_clips_folder(void **state);

#endif
