/*
 * jpeg_scan.h - finds the end of a baseline scan that no marker ends (ITU-T T.81, F.2.2).
 *
 * It decodes the Huffman codes, but not the coefficients, and counts the MCUs. That proves how much of the picture is
 * there, and where it ends, whatever follows it. Pure functions.
 */
#ifndef RECORDERD_SOURCE_JPEG_SCAN_H
#define RECORDERD_SOURCE_JPEG_SCAN_H

#include <stddef.h>
#include <stdint.h>

struct jpeg_scan {
	uint32_t mcus;             /* of the complete picture */
	uint32_t restart_interval; /* in MCUs; 0: no restart markers */
	unsigned components;
	struct {
		unsigned blocks;        /* per MCU */
		const uint8_t *dc, *ac; /* as in struct jpeg_tables; not NULL */
	} component[4];
};

/*
 * The length of the entropy-coded data at the start of `data`, up to the end of the last MCU. If at most a 32nd of the
 * MCUs is missing, which is a strip at the bottom edge, it is all of the data without trailing padding. Returns 0 if
 * more is missing.
 */
size_t jpeg_scan_length(const struct jpeg_scan *scan, const uint8_t *data, size_t length);

#endif
