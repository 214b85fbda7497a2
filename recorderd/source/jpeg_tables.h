/*
 * jpeg_tables.h - the Huffman tables of a JPEG (ITU-T T.81, B.2.4.2), and the standard ones (annex K.3) that many
 * cameras leave out.
 */
#ifndef RECORDERD_SOURCE_JPEG_TABLES_H
#define RECORDERD_SOURCE_JPEG_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers of the standard tables, and bits 1 << number of a set of them: DC 0, AC 0, DC 1, AC 1. */
#define JPEG_STANDARD_TABLES 4
#define JPEG_TABLE_DC(id)    (2u * (id))
#define JPEG_TABLE_AC(id)    (2u * (id) + 1)

/* By class (0: DC, 1: AC) and identifier: 16 counts and the values that they count. NULL: not defined. */
struct jpeg_tables {
	const uint8_t *table[2][4];
};

/*
 * Adds the tables of a DHT segment, of which `payload` follows the length field. They point into the payload. Ignores
 * tables without codes. Returns false at the first invalid table.
 */
bool jpeg_tables_read(struct jpeg_tables *tables, const uint8_t *payload, size_t length);

/*
 * Adds the quantization tables of a DQT segment (B.2.4.1) to a set of bits, 1 << identifier. Returns false at the first
 * invalid one.
 */
bool jpeg_quantization_read(unsigned *defined, const uint8_t *payload, size_t length);

/* The standard tables for which there is no table, as a set of bits. */
unsigned jpeg_tables_missing(const struct jpeg_tables *tables);

/* One standard table as a DHT segment, including marker and length. */
const uint8_t *jpeg_standard_dht(unsigned number, size_t *length);

/* One standard table in the form of struct jpeg_tables. */
const uint8_t *jpeg_standard_table(unsigned number);

#endif
