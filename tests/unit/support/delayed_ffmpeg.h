/* delayed_ffmpeg.h - an FFmpeg that does not start until a test lets it. */
#ifndef TESTS_UNIT_SUPPORT_DELAYED_FFMPEG_H
#define TESTS_UNIT_SUPPORT_DELAYED_FFMPEG_H

/*
 * Puts an FFmpeg into the folder, and the folder into PATH. It does not start as long as the folder has a file `held`.
 * Returns the previous PATH, for delayed_ffmpeg_remove().
 */
char *delayed_ffmpeg_install(const char *folder);

/* Lets it start. */
void delayed_ffmpeg_release(const char *folder);

/* Removes it and its folder, and restores and frees the previous PATH. */
void delayed_ffmpeg_remove(const char *folder, char *path_before);

#endif
