/*
 * crc32c.h - the CRC-32C checksum.
 *
 * Castagnoli's polynomial (RFC 3720, appendix B.4), reflected, with the initial and the final value inverted.
 */
#ifndef SHARED_BASE_CRC32C_H
#define SHARED_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* `crc` is 0 for the first bytes, then the value that the call for the previous bytes returned. */
uint32_t crc32c(uint32_t crc, const void *data, size_t length);

#endif
