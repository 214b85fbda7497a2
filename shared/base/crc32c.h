/* crc32c.h - CRC-32C (Castagnoli; RFC 3720, appendix B.4), reflected, initial and final value inverted. */
#ifndef SHARED_BASE_CRC32C_H
#define SHARED_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* crc is 0 at the start, or what the call for the bytes before returned. */
uint32_t crc32c(uint32_t crc, const void *data, size_t length);

#endif
