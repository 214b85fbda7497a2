/* jpeg.c - the structure of a JPEG. Sections and tables in comments are those of ITU-T T.81. */
#include "recorderd/source/jpeg.h"

#include <string.h>

#include "recorderd/source/jpeg_scan.h"
#include "recorderd/source/jpeg_tables.h"

/* Marker codes, table B.1 */
enum {
	SOF0 = 0xc0, /* baseline */
	SOF1 = 0xc1, /* extended sequential */
	SOF2 = 0xc2, /* progressive */
	DHT = 0xc4,
	SOF15 = 0xcf,
	RST0 = 0xd0,
	RST7 = 0xd7,
	SOI = 0xd8,
	EOI = 0xd9,
	SOS = 0xda,
	DQT = 0xdb,
	DRI = 0xdd,
	APP0 = 0xe0,
};

#define SAMPLE_BITS    8 /* the only depth that browsers and FFmpeg's decoder accept */
#define COMPONENTS_MAX 4
#define MCU_BLOCKS_MAX 10 /* B.2.3 */
#define STRAY_MAX      64 /* bytes between two segments */

struct cursor {
	const uint8_t *data;
	size_t length, at;
};

struct segment {
	const uint8_t *payload; /* after the length field */
	size_t length;
};

struct component {
	uint8_t id, h, v, quantization;
};

/* What the segments before the first scan say about it. */
struct picture {
	struct jpeg_info info;
	struct jpeg_tables tables;
	unsigned quantization; /* bits 1 << identifier of the tables that are defined */
	bool invalid_tables;   /* there is one that no decoder accepts */
	struct component components[COMPONENTS_MAX];
	uint32_t restart_interval;
	bool progressive;
	bool is_field;         /* of an interlaced picture */
	size_t data_at;        /* the first entropy-coded byte */
	struct jpeg_scan scan; /* mcus 0: not one that jpeg_scan.h reads */
};

static uint16_t u16_at(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* Reads a marker and skips the fill bytes before it (B.1.1.2). */
static bool take_marker(struct cursor *cursor, uint8_t *code)
{
	if (cursor->at >= cursor->length || cursor->data[cursor->at] != 0xff)
		return false;
	while (cursor->at < cursor->length && cursor->data[cursor->at] == 0xff)
		cursor->at++;
	if (cursor->at >= cursor->length)
		return false;
	*code = cursor->data[cursor->at++];
	return true;
}

static bool is_at_marker(const struct cursor *cursor)
{
	return cursor->length - cursor->at >= 2 && cursor->data[cursor->at] == 0xff && cursor->data[cursor->at + 1];
}

/* Skips what some cameras leave between two segments, and notes where it is. */
static bool skip_stray(struct cursor *cursor, struct jpeg_info *info)
{
	size_t start = cursor->at;

	while (cursor->at < cursor->length && cursor->at - start < STRAY_MAX && !is_at_marker(cursor))
		cursor->at++;
	if (cursor->at == start)
		return true;
	if (info->stray_count == JPEG_STRAYS_MAX || !is_at_marker(cursor))
		return false;
	info->strays[info->stray_count++] = (struct jpeg_stray){start, cursor->at - start};
	return true;
}

static bool take_segment(struct cursor *cursor, struct segment *out)
{
	if (cursor->length - cursor->at < 2)
		return false;

	size_t length = u16_at(cursor->data + cursor->at); /* includes its own two bytes */
	if (length < 2 || length > cursor->length - cursor->at)
		return false;
	*out = (struct segment){cursor->data + cursor->at + 2, length - 2};
	cursor->at += length;
	return true;
}

/* B.2.2 */
static bool read_frame_header(const struct segment *segment, struct picture *picture)
{
	const uint8_t *at = segment->payload;
	struct jpeg_info *info = &picture->info;

	if (info->components != 0 || segment->length < 6)
		return false;
	info->height = u16_at(at + 1);
	info->width = u16_at(at + 3);
	if (at[0] != SAMPLE_BITS || info->height == 0 || info->width == 0)
		return false;
	if (at[5] < 1 || at[5] > COMPONENTS_MAX || segment->length != 6 + 3u * at[5])
		return false;
	info->components = at[5];
	for (unsigned i = 0; i < info->components; i++) {
		const uint8_t *component = at + 6 + 3 * i;
		uint8_t h = component[1] >> 4, v = component[1] & 15;

		if (h < 1 || h > 4 || v < 1 || v > 4)
			return false;
		picture->components[i] = (struct component){component[0], h, v, component[2]};
	}
	info->h_sampling = picture->components[0].h;
	info->v_sampling = picture->components[0].v;
	return true;
}

/* B.2.3 */
static bool scan_header_is_valid(const struct segment *segment, const struct jpeg_info *info)
{
	if (info->components == 0 || segment->length < 1)
		return false;
	uint8_t components = segment->payload[0];
	return components >= 1 && components <= info->components && segment->length == 4 + 2u * components;
}

static uint32_t divide_up(uint32_t value, uint32_t by)
{
	return (value + by - 1) / by;
}

/* A.2: the number of MCUs in a scan of all components. */
static uint32_t count_mcus(const struct picture *picture)
{
	const struct jpeg_info *info = &picture->info;
	uint32_t h = 1, v = 1;

	for (unsigned i = 0; i < info->components && info->components > 1; i++) {
		h = picture->components[i].h > h ? picture->components[i].h : h;
		v = picture->components[i].v > v ? picture->components[i].v : v;
	}
	return divide_up(info->width, 8 * h) * divide_up(info->height, 8 * v);
}

/* The table that a scan uses: its own, or the standard one that will be inserted. NULL: none. */
static const uint8_t *table_of(const struct jpeg_tables *tables, unsigned class, unsigned id)
{
	if (id > 3)
		return NULL;
	if (tables->table[class][id])
		return tables->table[class][id];
	return id < 2 ? jpeg_standard_table(class ? JPEG_TABLE_AC(id) : JPEG_TABLE_DC(id)) : NULL;
}

static const struct component *find_component(const struct picture *picture, uint8_t id)
{
	for (unsigned i = 0; i < picture->info.components; i++)
		if (picture->components[i].id == id)
			return &picture->components[i];
	return NULL;
}

/* Decoders scale components up by whole factors only. */
static bool sampling_is_usual(const struct picture *picture)
{
	unsigned h = 1, v = 1;

	for (unsigned i = 0; i < picture->info.components; i++) {
		h = picture->components[i].h > h ? picture->components[i].h : h;
		v = picture->components[i].v > v ? picture->components[i].v : v;
	}
	for (unsigned i = 0; i < picture->info.components; i++)
		if (h % picture->components[i].h || v % picture->components[i].v)
			return false;
	return true;
}

/* Whether everything is there that the first scan needs. Huffman tables of a progressive picture may come later. */
static bool header_is_valid(const struct picture *picture, const struct segment *scan)
{
	unsigned blocks = 0, components = scan->payload[0];

	for (unsigned i = 0; i < components; i++) {
		const struct component *component = find_component(picture, scan->payload[1 + 2 * i]);
		unsigned tables = scan->payload[2 + 2 * i];

		if (!component || component->quantization > 3 ||
		    !(picture->quantization & 1u << component->quantization))
			return false;
		if (!picture->progressive &&
		    (!table_of(&picture->tables, 0, tables >> 4) || !table_of(&picture->tables, 1, tables & 15)))
			return false;
		blocks += component->h * component->v;
	}
	if (components > 1 && blocks > MCU_BLOCKS_MAX)
		return false;
	return !picture->invalid_tables && sampling_is_usual(picture);
}

/*
 * Describes the first scan. A progressive picture always brings tables of its own: if it has none before the first
 * scan, all standard ones are missing.
 */
static void describe_scan(const struct segment *segment, struct picture *picture)
{
	unsigned used = 0, missing = jpeg_tables_missing(&picture->tables), components = segment->payload[0];

	picture->scan = (struct jpeg_scan){.restart_interval = picture->restart_interval, .components = components};
	if (components == picture->info.components && !picture->progressive)
		picture->scan.mcus = count_mcus(picture);
	for (unsigned i = 0; i < components; i++) {
		const struct component *component = find_component(picture, segment->payload[1 + 2 * i]);
		unsigned dc = segment->payload[2 + 2 * i] >> 4, ac = segment->payload[2 + 2 * i] & 15;

		used |= dc < 2 ? 1u << JPEG_TABLE_DC(dc) : 0;
		used |= ac < 2 ? 1u << JPEG_TABLE_AC(ac) : 0;
		picture->scan.component[i].blocks = component && components > 1 ? component->h * component->v : 1;
		picture->scan.component[i].dc = table_of(&picture->tables, 0, dc);
		picture->scan.component[i].ac = table_of(&picture->tables, 1, ac);
		if (!component || !picture->scan.component[i].dc || !picture->scan.component[i].ac)
			picture->scan.mcus = 0;
	}
	if (picture->progressive)
		used = missing == (1u << JPEG_STANDARD_TABLES) - 1 ? missing : 0;
	picture->info.missing_tables = used & missing;
	picture->info.header_valid = header_is_valid(picture, segment);
}

static bool is_restart(uint8_t code)
{
	return code >= RST0 && code <= RST7;
}

/* Leaves the cursor on the 0xFF of the first marker that ends the entropy-coded data (B.1.1.5). */
static bool skip_scan(struct cursor *cursor)
{
	while (cursor->at < cursor->length) {
		const uint8_t *found = memchr(cursor->data + cursor->at, 0xff, cursor->length - cursor->at);
		if (!found)
			return false;
		cursor->at = (size_t)(found - cursor->data);
		if (cursor->length - cursor->at < 2)
			return false;
		uint8_t code = found[1];
		if (code == 0x00 || is_restart(code))
			cursor->at += 2;
		else if (code == 0xff)
			cursor->at++;
		else
			return true;
	}
	return false;
}

/* Reads a marker segment other than SOS. Returns false if players would not show a picture that contains it. */
static bool take_other_segment(struct cursor *cursor, uint8_t code, struct picture *picture)
{
	struct segment segment;
	bool before_scan = picture->info.sos_at == 0;

	if (code < SOF0 || is_restart(code) || code == SOI || code == EOI || !take_segment(cursor, &segment))
		return false;
	if (code == SOF0 || code == SOF1 || code == SOF2) {
		picture->progressive = code == SOF2;
		return read_frame_header(&segment, picture);
	}
	if (code == DHT && before_scan && !jpeg_tables_read(&picture->tables, segment.payload, segment.length))
		picture->invalid_tables = true;
	if (code == DQT && before_scan &&
	    !jpeg_quantization_read(&picture->quantization, segment.payload, segment.length))
		picture->invalid_tables = true;
	if (code == DRI && before_scan && segment.length == 2)
		picture->restart_interval = u16_at(segment.payload);
	if (code == APP0 && segment.length > 4 && memcmp(segment.payload, "AVI1", 4) == 0)
		picture->is_field = segment.payload[4] == 1 || segment.payload[4] == 2;
	return code == DHT || code > SOF15; /* the other SOFs are lossless, hierarchical or arithmetic */
}

/* Follows the segments from SOI to EOI, and leaves the cursor after it. */
static bool find_end(struct cursor *cursor, struct picture *picture)
{
	struct segment segment;
	uint8_t code;

	while ((picture->info.sos_at || skip_stray(cursor, &picture->info)) && take_marker(cursor, &code)) {
		if (code == EOI)
			return picture->info.sos_at != 0;
		if (code != SOS) {
			if (!take_other_segment(cursor, code, picture))
				return false;
			continue;
		}
		bool first = picture->info.sos_at == 0;
		size_t at = cursor->at - 2;
		if (!take_segment(cursor, &segment) || !scan_header_is_valid(&segment, &picture->info))
			return false;
		if (first) {
			picture->info.sos_at = at;
			picture->data_at = cursor->at;
			describe_scan(&segment, picture);
		}
		if (!skip_scan(cursor))
			return false;
	}
	return false;
}

bool jpeg_inspect(const uint8_t *data, size_t length, struct jpeg_info *out)
{
	struct cursor cursor = {data, length, 2};
	struct picture picture = {0};

	*out = picture.info;
	if (length < 2 || data[0] != 0xff || data[1] != SOI)
		return false;
	bool has_end = find_end(&cursor, &picture);
	*out = picture.info;
	out->has_end = has_end;
	if (has_end) {
		out->length = cursor.at;
	} else if (picture.scan.mcus) {
		size_t bytes = jpeg_scan_length(&picture.scan, data + picture.data_at, length - picture.data_at);
		out->length = bytes ? picture.data_at + bytes : 0;
	}
	out->two_fields =
		out->length && picture.is_field && memmem(data + out->length, length - out->length, "\xff\xd8\xff", 3);
	return out->length != 0;
}
