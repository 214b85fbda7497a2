/* mjpeg_frame.h - makes a complete JPEG for the ring out of what a camera sends as one. */
#ifndef RECORDERD_SOURCE_MJPEG_FRAME_H
#define RECORDERD_SOURCE_MJPEG_FRAME_H

#include "recorderd/source/source.h"

/*
 * Sets parts, size and count of `out`, but not `captured`: the picture without what precedes and follows it, and with
 * the standard Huffman tables and the end marker that it lacks. The parts point into `data` and to constants. Returns
 * DAMAGE_NONE, or why it is not one complete JPEG.
 */
enum frame_damage mjpeg_frame_prepare(const uint8_t *data, size_t length, struct source_frame *out);

#endif
