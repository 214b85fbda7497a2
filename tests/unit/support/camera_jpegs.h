/* camera_jpegs.h - small JPEGs as a camera might send them, for tests. */
#ifndef TESTS_UNIT_SUPPORT_CAMERA_JPEGS_H
#define TESTS_UNIT_SUPPORT_CAMERA_JPEGS_H

#include <stddef.h>
#include <stdint.h>

/* A grey ramp. Returns its length; `out` has room for `bytes`. */
size_t camera_jpeg_make(uint32_t width, uint32_t height, uint8_t *out, size_t bytes);

/* Takes every DHT segment out, in place; the new length. */
size_t camera_jpeg_strip_tables(uint8_t *jpeg, size_t length);

#endif
