/* held_ffmpeg.h - an FFmpeg that does not start before a test lets it. */
#ifndef TESTS_UNIT_SUPPORT_HELD_FFMPEG_H
#define TESTS_UNIT_SUPPORT_HELD_FFMPEG_H

/* Puts an FFmpeg into that folder that starts when the folder has no file `held` any more. Returns the PATH that was,
 * for forget_ffmpeg(). */
char *hold_ffmpeg(const char *folder);

/* Lets it start. */
void let_ffmpeg_go(const char *folder);

/* Takes it and its folder away, and sets and frees the PATH that was. */
void forget_ffmpeg(const char *folder, char *path_before);

#endif
