/* camera_jpegs.h - small JPEGs as a camera might send them. */
#ifndef TESTS_UNIT_SUPPORT_CAMERA_JPEGS_H
#define TESTS_UNIT_SUPPORT_CAMERA_JPEGS_H

#include <stddef.h>
#include <stdint.h>

/* Makes a grey ramp and returns its length; `out` has room for `bytes`. */
size_t camera_jpeg_make(uint32_t width, uint32_t height, uint8_t *out, size_t bytes);

/* Removes every DHT segment, in place; returns the new length. */
size_t camera_jpeg_strip_tables(uint8_t *jpeg, size_t length);

#endif
