/* clips_folder.h - a folder for the clips of a test. */
#ifndef TESTS_UNIT_SUPPORT_CLIPS_FOLDER_H
#define TESTS_UNIT_SUPPORT_CLIPS_FOLDER_H

/* The path and a descriptor of the folder, from make_clips_folder(). */
extern struct clips_folder {
	char path[64];
	int fd;
} clips_folder;

/* Setup and teardown of a program; 0 on success. */
int make_clips_folder(void **state);
int drop_clips_folder(void **state);

#endif
