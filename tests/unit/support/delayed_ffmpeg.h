/* delayed_ffmpeg.h - an FFmpeg that does not start before a test lets it. */
#ifndef TESTS_UNIT_SUPPORT_DELAYED_FFMPEG_H
#define TESTS_UNIT_SUPPORT_DELAYED_FFMPEG_H

/* Puts an FFmpeg into that folder that starts when the folder has no file `held` any more. Returns the PATH that was,
 * for delayed_ffmpeg_remove(). */
char *delayed_ffmpeg_install(const char *folder);

/* Lets it start. */
void delayed_ffmpeg_release(const char *folder);

/* Takes it and its folder away, and sets and frees the PATH that was. */
void delayed_ffmpeg_remove(const char *folder, char *path_before);

#endif
