/* jpeg_compressor.c - compresses one uncompressed picture to one JPEG. */
#include "recorderd/rawjpeg/jpeg_compressor.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "recorderd/rewrite/mask_blocks.h"

/*
 * Y'CbCr samples go to libjpeg's raw-data interface with the camera's own subsampling, without a conversion to RGB
 * and back. A strip is as high as one row of the JPEG's blocks. Past the picture's edge it repeats the last line and
 * column.
 */
#define QUALITY       85
#define STRIP_LINES   16 /* lines of luma in a strip of 4:2:0, the highest */
#define MARKERS_BYTES 2048
#define BLOCK         8u
#define NO_COLOUR     128 /* of Cb and Cr */

struct jpeg_compressor {
	struct raw_format format;
	struct jpeg_compress_struct jpeg;
	struct jpeg_error_mgr errors;
	struct jpeg_destination_mgr destination;
	jmp_buf failed;
	size_t luma_width, chroma_width; /* padded to whole blocks */
	uint8_t *strip;
	JSAMPROW y[STRIP_LINES], cb[BLOCK], cr[BLOCK];
	struct mask_blocks masked; /* the MCUs of the JPEG; none if nothing is masked */
};

static size_t padded(size_t value, size_t multiple)
{
	return (value + multiple - 1) / multiple * multiple;
}

size_t jpeg_compressor_worst_bytes(const struct raw_format *format)
{
	/* TurboJPEG's own bound for 4:2:2, the least subsampled format here: 4 bytes per pixel. */
	return padded(format->width, 2 * BLOCK) * padded(format->height, 2 * BLOCK) * 4 + MARKERS_BYTES;
}

static void on_error(j_common_ptr jpeg)
{
	struct jpeg_compressor *compressor = jpeg->client_data;

	longjmp(compressor->failed, 1);
}

static void on_message(j_common_ptr jpeg)
{
	(void)jpeg; /* libjpeg would print it to stderr */
}

static void destination_begin(j_compress_ptr jpeg)
{
	(void)jpeg;
}

/* The buffer is large enough for any picture, so running out of space is an error. */
static boolean destination_full(j_compress_ptr jpeg)
{
	on_error((j_common_ptr)jpeg);
	return FALSE;
}

static bool make_strip(struct jpeg_compressor *compressor)
{
	size_t lines = raw_format_is_420(&compressor->format) ? 2 * BLOCK : BLOCK;

	compressor->luma_width = padded(compressor->format.width, 2 * BLOCK);
	compressor->chroma_width = compressor->luma_width / 2;
	compressor->strip = calloc(lines + BLOCK, compressor->luma_width);
	if (!compressor->strip)
		return false;
	uint8_t *at = compressor->strip;
	for (size_t i = 0; i < lines; i++, at += compressor->luma_width)
		compressor->y[i] = at;
	for (size_t i = 0; i < BLOCK; i++, at += compressor->luma_width) {
		compressor->cb[i] = at;
		compressor->cr[i] = at + compressor->chroma_width;
	}
	return true;
}

static void set_parameters(struct jpeg_compressor *compressor)
{
	struct jpeg_compress_struct *jpeg = &compressor->jpeg;
	const struct raw_format *format = &compressor->format;
	bool ycbcr = raw_format_is_ycbcr(format);

	jpeg->image_width = format->width;
	jpeg->image_height = format->height;
	jpeg->input_components = raw_format_is_grey(format) ? 1 : 3;
	jpeg->in_color_space = ycbcr                        ? JCS_YCbCr
			       : raw_format_is_grey(format) ? JCS_GRAYSCALE
			       : format->kind == RAW_BGR    ? JCS_EXT_BGR
							    : JCS_EXT_RGB;
	jpeg_set_defaults(jpeg);
	jpeg_set_quality(jpeg, QUALITY, TRUE);
	jpeg->raw_data_in = ycbcr;
	if (!raw_format_is_grey(format)) {
		jpeg->comp_info[0].h_samp_factor = 2;
		jpeg->comp_info[0].v_samp_factor = raw_format_is_420(format) ? 2 : 1;
	}
}

static bool make_mask(struct jpeg_compressor *compressor, const struct privacy_mask *mask)
{
	const struct raw_format *format = &compressor->format;
	unsigned width = raw_format_is_grey(format) ? BLOCK : 2 * BLOCK,
		 height = raw_format_is_420(format) ? 2 * BLOCK : BLOCK;

	if (!mask || mask->count == 0)
		return true;
	return mask_blocks_make(&compressor->masked, mask, format->width, format->height, width, height);
}

static bool init_libjpeg(struct jpeg_compressor *compressor)
{
	if (setjmp(compressor->failed))
		return false;
	jpeg_create_compress(&compressor->jpeg);
	compressor->jpeg.dest = &compressor->destination;
	set_parameters(compressor);
	return true;
}

struct jpeg_compressor *jpeg_compressor_create(const struct raw_format *format, const struct privacy_mask *mask)
{
	struct jpeg_compressor *compressor = calloc(1, sizeof(*compressor));

	if (!compressor)
		return NULL;
	compressor->format = *format;
	compressor->jpeg.err = jpeg_std_error(&compressor->errors);
	compressor->errors.error_exit = on_error;
	compressor->errors.output_message = on_message;
	compressor->jpeg.client_data = compressor;
	compressor->destination.init_destination = destination_begin;
	compressor->destination.empty_output_buffer = destination_full;
	compressor->destination.term_destination = destination_begin;
	if (make_strip(compressor) && make_mask(compressor, mask) && init_libjpeg(compressor))
		return compressor;
	jpeg_compressor_destroy(compressor);
	return NULL;
}

void jpeg_compressor_destroy(struct jpeg_compressor *compressor)
{
	if (!compressor)
		return;
	jpeg_destroy_compress(&compressor->jpeg);
	mask_blocks_free(&compressor->masked);
	free(compressor->strip);
	free(compressor);
}

static void pad_line(uint8_t *line, size_t count, size_t width)
{
	memset(line + count, line[count - 1], width - count);
}

static unsigned clamp_line(unsigned line, unsigned lines)
{
	return line < lines ? line : lines - 1;
}

/* Blacks what is masked in the strip, which is one row of MCUs. */
static void mask_strip(struct jpeg_compressor *compressor, unsigned row)
{
	const struct mask_blocks *masked = &compressor->masked;

	for (unsigned column = 0; column < masked->columns; column++) {
		if (!mask_blocks_has(masked, column, row))
			continue;
		for (unsigned i = 0; i < masked->block_height; i++)
			memset(compressor->y[i] + (size_t)column * masked->block_width, 0, masked->block_width);
		for (unsigned i = 0; i < BLOCK; i++) {
			memset(compressor->cb[i] + (size_t)column * BLOCK, NO_COLOUR, BLOCK);
			memset(compressor->cr[i] + (size_t)column * BLOCK, NO_COLOUR, BLOCK);
		}
	}
}

/* The same in a line of pixels. */
static void mask_line(const struct jpeg_compressor *compressor, uint8_t *pixels, unsigned line, size_t pixel_bytes)
{
	const struct mask_blocks *masked = &compressor->masked;

	for (unsigned column = 0; column < masked->columns; column++) {
		unsigned left = column * masked->block_width, right = left + masked->block_width;
		if (right > masked->width)
			right = masked->width;
		if (mask_blocks_has(masked, column, line / masked->block_height))
			memset(pixels + left * pixel_bytes, 0, (right - left) * pixel_bytes);
	}
}

/* Fills the strip, beginning with chroma line `first`. */
static void fill_strip(struct jpeg_compressor *compressor, const uint8_t *data, unsigned first)
{
	const struct raw_format *format = &compressor->format;
	unsigned high = raw_format_is_420(format) ? 2 : 1, chroma_lines = (format->height + high - 1) / high;
	size_t width = format->width, chroma_width = (width + 1) / 2;

	for (unsigned i = 0; i < BLOCK; i++) {
		raw_format_read_chroma(format, data, clamp_line(first + i, chroma_lines), compressor->cb[i],
				       compressor->cr[i]);
		for (unsigned j = i * high; j < (i + 1) * high; j++) {
			raw_format_read_luma(format, data, clamp_line(first * high + j, format->height),
					     compressor->y[j]);
			raw_colour_convert_luma(&format->colour, compressor->y[j], compressor->cb[i], compressor->cr[i],
						width);
			pad_line(compressor->y[j], width, compressor->luma_width);
		}
		raw_colour_convert_chroma(&format->colour, compressor->cb[i], compressor->cr[i], chroma_width);
		pad_line(compressor->cb[i], chroma_width, compressor->chroma_width);
		pad_line(compressor->cr[i], chroma_width, compressor->chroma_width);
	}
}

static void write_planes(struct jpeg_compressor *compressor, const uint8_t *data)
{
	unsigned high = raw_format_is_420(&compressor->format) ? 2 : 1;
	JSAMPARRAY planes[3] = {compressor->y, compressor->cb, compressor->cr};

	while (compressor->jpeg.next_scanline < compressor->jpeg.image_height) {
		fill_strip(compressor, data, compressor->jpeg.next_scanline / high);
		mask_strip(compressor, compressor->jpeg.next_scanline / (high * BLOCK));
		jpeg_write_raw_data(&compressor->jpeg, planes, high * BLOCK);
	}
}

/* libjpeg converts and subsamples RGB and grey. Only a limited range is expanded here. */
static void write_lines(struct jpeg_compressor *compressor, const uint8_t *data)
{
	const struct raw_format *format = &compressor->format;
	size_t bytes = (size_t)format->width * (size_t)compressor->jpeg.input_components;

	while (compressor->jpeg.next_scanline < compressor->jpeg.image_height) {
		raw_format_read_pixels(format, data, compressor->jpeg.next_scanline, compressor->strip);
		if (!format->colour.identity)
			for (size_t i = 0; i < bytes; i++)
				compressor->strip[i] = format->colour.luma[compressor->strip[i]];
		mask_line(compressor, compressor->strip, compressor->jpeg.next_scanline,
			  (size_t)compressor->jpeg.input_components);
		jpeg_write_scanlines(&compressor->jpeg, &compressor->strip, 1);
	}
}

size_t jpeg_compressor_run(struct jpeg_compressor *compressor, const uint8_t *data, uint8_t *out, size_t out_bytes)
{
	if (setjmp(compressor->failed)) {
		jpeg_abort_compress(&compressor->jpeg);
		return 0;
	}
	compressor->destination.next_output_byte = out;
	compressor->destination.free_in_buffer = out_bytes;
	jpeg_start_compress(&compressor->jpeg, TRUE);
	if (raw_format_is_ycbcr(&compressor->format))
		write_planes(compressor, data);
	else
		write_lines(compressor, data);
	jpeg_finish_compress(&compressor->jpeg);
	return out_bytes - compressor->destination.free_in_buffer;
}

struct subject {
	const struct raw_format *format;
	const struct privacy_mask *mask;
};

static void *create_object(const void *subject)
{
	const struct subject *made_for = subject;

	return jpeg_compressor_create(made_for->format, made_for->mask);
}

static void destroy_object(void *object)
{
	jpeg_compressor_destroy(object);
}

static size_t run_object(void *object, const uint8_t *data, size_t length, uint8_t *out, size_t out_bytes)
{
	const struct jpeg_compressor *compressor = object;

	return length >= compressor->format.size_bytes ? jpeg_compressor_run(object, data, out, out_bytes) : 0;
}

static size_t room_bytes(const void *object, size_t length)
{
	const struct jpeg_compressor *compressor = object;

	(void)length;
	return jpeg_compressor_worst_bytes(&compressor->format);
}

struct jpeg_pool *jpeg_compressor_pool(const struct raw_format *format, const struct privacy_mask *mask,
				       unsigned threads, unsigned jobs, struct reason *why)
{
	const struct subject subject = {format, mask};
	const struct jpeg_work work = {&subject, create_object, destroy_object, run_object, room_bytes};

	return jpeg_pool_create(&work, threads, jobs, why);
}
