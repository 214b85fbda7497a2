/*
 * clip_label.h - the label of a kept clip: any text, beside the clip's safe file name.
 *
 * It is in the file, so it stays with every copy. The last box of the file is a uuid box (ISO/IEC 14496-12, section
 * 11.1), which players skip:
 *
 *     u32 size, "uuid", 16 bytes of CLIP_LABEL_UUID, the label (UTF-8), u32 size again (all big-endian)
 *
 * The size at the end is how a reader finds the box. A clip without a label has no such box. A label that has replaced
 * a longer one is followed by NUL bytes up to the length of that one: the file never shrinks, so whoever reads it
 * meanwhile gets all of it, and one write() replaces the box. After a power cut in the middle of that write the clip
 * plays as before, and may have lost its label.
 */
#ifndef FCGI_CLIP_CLIP_LABEL_H
#define FCGI_CLIP_CLIP_LABEL_H

#include <stdbool.h>

#define CLIP_LABEL_BYTES 128 /* with the terminating NUL */

/* Writes the box to a descriptor that is at the end of the clip. Returns false with errno. */
bool clip_label_append(int fd, const char *label);

/*
 * Replaces the label of the clip that `fd` can read and write, or adds one; "" removes it. The time of the last
 * modification, which is when the clip was kept, grows by a microsecond only, so that the file differs for caches.
 * Returns false with errno.
 */
bool clip_label_replace(int fd, const char *label);

/* Reads the label of a clip; "" if it has none. Returns false with errno if the file cannot be read. */
bool clip_label_read(int fd, char out[CLIP_LABEL_BYTES]);

#endif
