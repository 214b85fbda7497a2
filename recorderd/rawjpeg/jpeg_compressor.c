/*
 * jpeg_compressor.c - see jpeg_compressor.h.
 *
 * Y'CbCr goes in as it stands, subsampled as the camera sampled it, by libjpeg's raw-data interface: no detour by RGB.
 * A strip is as high as a row of the JPEG's blocks; what reaches over the picture's edge repeats its last line and
 * column.
 */
#include "recorderd/rawjpeg/jpeg_compressor.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#define QUALITY       85
#define STRIP_LINES   16 /* of luma in a strip of 4:2:0, the highest */
#define MARKERS_BYTES 2048
#define BLOCK         8u

struct jpeg_compressor {
	struct raw_format format;
	struct jpeg_compress_struct jpeg;
	struct jpeg_error_mgr errors;
	struct jpeg_destination_mgr destination;
	jmp_buf failed;
	size_t luma_width, chroma_width; /* padded to whole blocks */
	uint8_t *strip;
	JSAMPROW y[STRIP_LINES], cb[BLOCK], cr[BLOCK];
};

static size_t padded(size_t value, size_t multiple)
{
	return (value + multiple - 1) / multiple * multiple;
}

size_t jpeg_compressor_worst_bytes(const struct raw_format *format)
{
	/* TurboJPEG's own bound: 4 bytes a pixel of 4:2:2, the least subsampled that is written here. */
	return padded(format->width, 2 * BLOCK) * padded(format->height, 2 * BLOCK) * 4 + MARKERS_BYTES;
}

static void on_error(j_common_ptr jpeg)
{
	struct jpeg_compressor *encoder = jpeg->client_data;

	longjmp(encoder->failed, 1);
}

static void on_message(j_common_ptr jpeg)
{
	(void)jpeg; /* libjpeg would print to stderr */
}

static void destination_begin(j_compress_ptr jpeg)
{
	(void)jpeg;
}

/* The room is what any picture fits into: to run out of it is an error. */
static boolean destination_full(j_compress_ptr jpeg)
{
	on_error((j_common_ptr)jpeg);
	return FALSE;
}

static bool make_strip(struct jpeg_compressor *encoder)
{
	size_t lines = raw_format_is_420(&encoder->format) ? 2 * BLOCK : BLOCK;
	uint8_t *at;

	encoder->luma_width = padded(encoder->format.width, 2 * BLOCK);
	encoder->chroma_width = encoder->luma_width / 2;
	encoder->strip = calloc(lines + BLOCK, encoder->luma_width);
	if (!encoder->strip)
		return false;
	at = encoder->strip;
	for (size_t i = 0; i < lines; i++, at += encoder->luma_width)
		encoder->y[i] = at;
	for (size_t i = 0; i < BLOCK; i++, at += encoder->luma_width) {
		encoder->cb[i] = at;
		encoder->cr[i] = at + encoder->chroma_width;
	}
	return true;
}

static void set_parameters(struct jpeg_compressor *encoder)
{
	struct jpeg_compress_struct *jpeg = &encoder->jpeg;
	const struct raw_format *format = &encoder->format;
	bool planar = raw_format_is_ycbcr(format);

	jpeg->image_width = format->width;
	jpeg->image_height = format->height;
	jpeg->input_components = format->kind == RAW_GREY ? 1 : 3;
	jpeg->in_color_space = planar                     ? JCS_YCbCr
			       : format->kind == RAW_GREY ? JCS_GRAYSCALE
			       : format->kind == RAW_RGB  ? JCS_EXT_RGB
							  : JCS_EXT_BGR;
	jpeg_set_defaults(jpeg);
	jpeg_set_quality(jpeg, QUALITY, TRUE);
	jpeg->raw_data_in = planar;
	if (format->kind != RAW_GREY) {
		jpeg->comp_info[0].h_samp_factor = 2;
		jpeg->comp_info[0].v_samp_factor = raw_format_is_420(format) ? 2 : 1;
	}
}

static bool prepare(struct jpeg_compressor *encoder)
{
	if (setjmp(encoder->failed))
		return false;
	jpeg_create_compress(&encoder->jpeg);
	encoder->jpeg.dest = &encoder->destination;
	set_parameters(encoder);
	return true;
}

struct jpeg_compressor *jpeg_compressor_create(const struct raw_format *format)
{
	struct jpeg_compressor *encoder = calloc(1, sizeof(*encoder));

	if (!encoder)
		return NULL;
	encoder->format = *format;
	encoder->jpeg.err = jpeg_std_error(&encoder->errors);
	encoder->errors.error_exit = on_error;
	encoder->errors.output_message = on_message;
	encoder->jpeg.client_data = encoder;
	encoder->destination.init_destination = destination_begin;
	encoder->destination.empty_output_buffer = destination_full;
	encoder->destination.term_destination = destination_begin;
	if (make_strip(encoder) && prepare(encoder))
		return encoder;
	jpeg_compressor_destroy(encoder);
	return NULL;
}

void jpeg_compressor_destroy(struct jpeg_compressor *encoder)
{
	if (!encoder)
		return;
	jpeg_destroy_compress(&encoder->jpeg);
	free(encoder->strip);
	free(encoder);
}

static void pad_line(uint8_t *line, size_t count, size_t width)
{
	memset(line + count, line[count - 1], width - count);
}

static unsigned within(unsigned line, unsigned lines)
{
	return line < lines ? line : lines - 1;
}

/* Fills the strip from chroma line `first` on. */
static void fill_strip(struct jpeg_compressor *encoder, const uint8_t *data, unsigned first)
{
	const struct raw_format *format = &encoder->format;
	unsigned high = raw_format_is_420(format) ? 2 : 1, chroma_lines = (format->height + high - 1) / high;
	size_t width = format->width, chroma_width = (width + 1) / 2;

	for (unsigned i = 0; i < BLOCK; i++) {
		raw_format_read_chroma(format, data, within(first + i, chroma_lines), encoder->cb[i], encoder->cr[i]);
		for (unsigned j = i * high; j < (i + 1) * high; j++) {
			raw_format_read_luma(format, data, within(first * high + j, format->height), encoder->y[j]);
			raw_colour_convert_luma(&format->colour, encoder->y[j], encoder->cb[i], encoder->cr[i], width);
			pad_line(encoder->y[j], width, encoder->luma_width);
		}
		raw_colour_convert_chroma(&format->colour, encoder->cb[i], encoder->cr[i], chroma_width);
		pad_line(encoder->cb[i], chroma_width, encoder->chroma_width);
		pad_line(encoder->cr[i], chroma_width, encoder->chroma_width);
	}
}

static void write_planes(struct jpeg_compressor *encoder, const uint8_t *data)
{
	unsigned high = raw_format_is_420(&encoder->format) ? 2 : 1;
	JSAMPARRAY planes[3] = {encoder->y, encoder->cb, encoder->cr};

	while (encoder->jpeg.next_scanline < encoder->jpeg.image_height) {
		fill_strip(encoder, data, encoder->jpeg.next_scanline / high);
		jpeg_write_raw_data(&encoder->jpeg, planes, high * BLOCK);
	}
}

/* RGB and grey: libjpeg converts and subsamples; only a limited range has to be stretched before. */
static void write_lines(struct jpeg_compressor *encoder, const uint8_t *data)
{
	const struct raw_format *format = &encoder->format;
	size_t bytes = (size_t)format->width * (size_t)encoder->jpeg.input_components;

	while (encoder->jpeg.next_scanline < encoder->jpeg.image_height) {
		const uint8_t *from = data + (size_t)encoder->jpeg.next_scanline * format->stride_bytes;
		memcpy(encoder->strip, from, bytes);
		if (!format->colour.same)
			for (size_t i = 0; i < bytes; i++)
				encoder->strip[i] = format->colour.luma[encoder->strip[i]];
		jpeg_write_scanlines(&encoder->jpeg, &encoder->strip, 1);
	}
}

size_t jpeg_compressor_run(struct jpeg_compressor *encoder, const uint8_t *data, uint8_t *out, size_t out_bytes)
{
	if (setjmp(encoder->failed)) {
		jpeg_abort_compress(&encoder->jpeg);
		return 0;
	}
	encoder->destination.next_output_byte = out;
	encoder->destination.free_in_buffer = out_bytes;
	jpeg_start_compress(&encoder->jpeg, TRUE);
	if (raw_format_is_ycbcr(&encoder->format))
		write_planes(encoder, data);
	else
		write_lines(encoder, data);
	jpeg_finish_compress(&encoder->jpeg);
	return out_bytes - encoder->destination.free_in_buffer;
}
