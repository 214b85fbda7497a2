/*
 * make_frames.c - writes a file of numbered frames (frames.h) as a camera might send them: 4:2:2, JPEG or raw YUYV,
 * with a moving texture and the frame's number in large squares.
 *
 *     make_frames [-f mjpg|yuyv] [-s WIDTHxHEIGHT] [-n COUNT] [-b BYTES] [-m FROM-TO] [-t] [-c] OUTPUT
 *
 * -b: about that many bytes per JPEG, which determines the quality. -t: omit the Huffman tables, as many cameras do.
 * -m: the texture stands still, and in frames [FROM, TO) a bright block crosses the picture below its middle.
 * -c: add a comment to each JPEG, with room for its capture time (FRAMES_STAMP).
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jpeglib.h>
#include <linux/videodev2.h>

#include "tests/tools/frames.h"

#define ALIGN(value, to) (((value) + (to)-1) / (to) * (to))

struct picture {
	unsigned width, height;
	unsigned stride, lines; /* of the planes: whole 16 × 8 blocks */
	uint8_t *luma, *cb, *cr;
	uint8_t *texture; /* 2 × stride wide, 2 × lines high; the frames show a moving part of it */
};

struct options {
	unsigned width, height, count;
	unsigned moves_from, moves_to; /* -m; 0: the texture moves */
	size_t jpeg_bytes;
	bool raw, no_tables, comment;
	const char *output;
};

static void die(const char *what)
{
	fprintf(stderr, "make_frames: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *allocate(size_t bytes)
{
	void *memory = calloc(1, bytes);

	if (!memory)
		die("memory");
	return memory;
}

/* Smooth hills with some grain, like a sensor's picture of a room. */
static void texture_fill(struct picture *p)
{
	uint32_t random = 12345;

	for (unsigned y = 0; y < 2 * p->lines; y++) {
		for (unsigned x = 0; x < 2 * p->stride; x++) {
			unsigned hill =
				((x * 5 + y * 3) % 256 < 128 ? (x * 5 + y * 3) % 128 : 127 - (x * 5 + y * 3) % 128);

			random = random * 1664525u + 1013904223u;
			p->texture[(size_t)y * 2 * p->stride + x] = (uint8_t)(50 + hill + (random >> 28));
		}
	}
}

static void picture_init(struct picture *p, unsigned width, unsigned height)
{
	*p = (struct picture){
		.width = width, .height = height, .stride = ALIGN(width, 16u), .lines = ALIGN(height, 8u)};
	p->luma = allocate((size_t)p->stride * p->lines);
	p->cb = allocate((size_t)p->stride / 2 * p->lines);
	p->cr = allocate((size_t)p->stride / 2 * p->lines);
	p->texture = allocate((size_t)p->stride * p->lines * 4);
	texture_fill(p);
}

static void picture_finish(struct picture *p)
{
	free(p->luma);
	free(p->cb);
	free(p->cr);
	free(p->texture);
}

static void draw_number(struct picture *p, uint32_t number)
{
	uint32_t bits = (number & 0xffffffu) << 8 | frames_check(number & 0xffffffu);
	unsigned high = p->height / 9;

	for (unsigned y = 0; y < 2 * high; y++) {
		uint8_t *line = p->luma + (size_t)y * p->stride;

		for (unsigned x = 0; x < p->width; x++) {
			unsigned bit = y / high * 16 + x * 16 / p->width;

			line[x] = bits >> (31 - bit) & 1 ? 235 : 20;
		}
	}
}

/* A block of a tenth of the width and a fifth of the height, from the left edge to the right one. */
static void draw_block(struct picture *p, const struct options *options, uint32_t number)
{
	unsigned width = p->width / 10, path = p->width - width;
	unsigned left = path * (number - options->moves_from) / (options->moves_to - options->moves_from);

	for (unsigned y = p->height * 6 / 10; y < p->height * 8 / 10; y++)
		memset(p->luma + (size_t)y * p->stride + left, 235, width);
}

static void draw(struct picture *p, const struct options *options, uint32_t number)
{
	uint32_t step = options->moves_to > 0 ? 0 : number;
	unsigned right = step * 3 % p->stride, down = step % p->lines;

	for (unsigned y = 0; y < p->lines; y++)
		memcpy(p->luma + (size_t)y * p->stride, p->texture + (size_t)(y + down) * 2 * p->stride + right,
		       p->stride);
	memset(p->cb, (int)(100 + step % 56), (size_t)p->stride / 2 * p->lines);
	memset(p->cr, (int)(156 - step % 56), (size_t)p->stride / 2 * p->lines);
	if (number >= options->moves_from && number < options->moves_to)
		draw_block(p, options, number);
	draw_number(p, number);
}

static void jpeg_setup(struct jpeg_compress_struct *jpeg, const struct picture *p, int quality, bool no_tables)
{
	jpeg->image_width = p->width;
	jpeg->image_height = p->height;
	jpeg->input_components = 3;
	jpeg->in_color_space = JCS_YCbCr;
	jpeg_set_defaults(jpeg);
	jpeg_set_quality(jpeg, quality, TRUE);
	jpeg->raw_data_in = TRUE;
	jpeg->dct_method = JDCT_IFAST;
	jpeg->comp_info[0].h_samp_factor = 2;
	jpeg->comp_info[0].v_samp_factor = 1;
	for (int i = 0; no_tables && i < 2; i++) {
		jpeg->dc_huff_tbl_ptrs[i]->sent_table = TRUE;
		jpeg->ac_huff_tbl_ptrs[i]->sent_table = TRUE;
	}
}

/* One JPEG in memory that the caller frees. */
static unsigned char *encode(const struct picture *p, const struct options *options, int quality, unsigned long *length)
{
	struct jpeg_compress_struct jpeg;
	struct jpeg_error_mgr errors;
	unsigned char *out = NULL;
	JSAMPROW rows[3][8];
	JSAMPARRAY planes[3] = {rows[0], rows[1], rows[2]};

	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_compress(&jpeg);
	*length = 0;
	jpeg_mem_dest(&jpeg, &out, length);
	jpeg_setup(&jpeg, p, quality, options->no_tables);
	jpeg_start_compress(&jpeg, options->no_tables ? FALSE : TRUE);
	if (options->comment)
		jpeg_write_marker(&jpeg, JPEG_COM, (const JOCTET *)FRAMES_STAMP FRAMES_NO_TIME,
				  sizeof(FRAMES_STAMP FRAMES_NO_TIME) - 1);
	while (jpeg.next_scanline < jpeg.image_height) {
		for (unsigned i = 0; i < 8; i++) {
			size_t y = jpeg.next_scanline + i;

			rows[0][i] = p->luma + y * p->stride;
			rows[1][i] = p->cb + y * (p->stride / 2);
			rows[2][i] = p->cr + y * (p->stride / 2);
		}
		jpeg_write_raw_data(&jpeg, planes, 8);
	}
	jpeg_finish_compress(&jpeg);
	jpeg_destroy_compress(&jpeg);
	return out;
}

/* The highest quality that does not exceed the wanted size. */
static int quality_for(struct picture *p, const struct options *options)
{
	int low = 5, high = 98;

	draw(p, options, 1);
	while (low < high) {
		int middle = (low + high + 1) / 2;
		unsigned long length;

		free(encode(p, options, middle, &length));
		if (length <= options->jpeg_bytes)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

static uint8_t *interleave(const struct picture *p, size_t *length)
{
	uint8_t *out = allocate(*length = (size_t)p->width * p->height * 2), *to = out;

	for (unsigned y = 0; y < p->height; y++) {
		for (unsigned x = 0; x < p->width / 2; x++) {
			const uint8_t *luma = p->luma + (size_t)y * p->stride + 2 * x;

			*to++ = luma[0];
			*to++ = p->cb[(size_t)y * (p->stride / 2) + x];
			*to++ = luma[1];
			*to++ = p->cr[(size_t)y * (p->stride / 2) + x];
		}
	}
	return out;
}

static void write_frames(const struct options *options, struct picture *p, FILE *file)
{
	struct frames_header header = {FRAMES_MAGIC, p->width, p->height,
				       options->raw ? V4L2_PIX_FMT_YUYV : V4L2_PIX_FMT_MJPEG, options->count};
	struct frames_entry *entries = allocate(options->count * sizeof(*entries));
	uint64_t at = sizeof(header) + options->count * sizeof(*entries);
	int quality = options->raw ? 0 : quality_for(p, options);

	fseek(file, (long)at, SEEK_SET);
	for (uint32_t number = 0; number < options->count; number++) {
		size_t length;
		uint8_t *data;

		draw(p, options, number);
		data = options->raw ? interleave(p, &length) : encode(p, options, quality, &length);
		entries[number] = (struct frames_entry){at, length};
		at += length;
		if (fwrite(data, 1, length, file) != length)
			die(options->output);
		free(data);
	}
	rewind(file);
	if (fwrite(&header, sizeof(header), 1, file) != 1 ||
	    fwrite(entries, sizeof(*entries), options->count, file) != options->count)
		die(options->output);
	free(entries);
}

static bool parse(int argc, char **argv, struct options *out)
{
	int option;

	*out = (struct options){.width = 320, .height = 180, .count = 1200, .jpeg_bytes = 8000};
	while ((option = getopt(argc, argv, "f:s:n:b:m:tc")) != -1) {
		if (option == 'f')
			out->raw = strcmp(optarg, "yuyv") == 0;
		else if (option == 's' && sscanf(optarg, "%ux%u", &out->width, &out->height) != 2)
			return false;
		else if (option == 'n')
			out->count = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'b')
			out->jpeg_bytes = strtoul(optarg, NULL, 10);
		else if (option == 'm' && sscanf(optarg, "%u-%u", &out->moves_from, &out->moves_to) != 2)
			return false;
		else if (option == 't')
			out->no_tables = true;
		else if (option == 'c')
			out->comment = true;
		else if (option == '?')
			return false;
	}
	out->output = argv[optind];
	return out->output && out->count && out->width >= 16 && out->height >= 18 && (out->width % 2 == 0 || !out->raw);
}

int main(int argc, char **argv)
{
	struct options options;
	struct picture picture;
	FILE *file;

	if (!parse(argc, argv, &options)) {
		fprintf(stderr, "usage: make_frames [-f mjpg|yuyv] [-s WIDTHxHEIGHT] [-n COUNT] [-b BYTES] [-m "
				"FROM-TO] [-t] [-c] "
				"OUTPUT\n");
		return 2;
	}
	file = fopen(options.output, "wb");
	if (!file)
		die(options.output);
	picture_init(&picture, options.width, options.height);
	write_frames(&options, &picture, file);
	picture_finish(&picture);
	if (fclose(file) != 0)
		die(options.output);
	return 0;
}
