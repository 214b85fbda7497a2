/* mjpeg_frame.h - from the bytes that a camera calls a JPEG to what goes into the ring. */
#ifndef RECORDERD_SOURCE_MJPEG_FRAME_H
#define RECORDERD_SOURCE_MJPEG_FRAME_H

#include "recorderd/source/source.h"

/*
 * Fills parts, size and count of `out` (not `captured`): the picture without its padding, and the standard Huffman
 * tables before its scan where it has none. The parts point into `data`. False where it is not one whole JPEG.
 */
bool mjpeg_frame_prepare(const uint8_t *data, size_t length, struct source_frame *out);

#endif
