/* video_cases.c - live video for tests. */
#include <string.h>

#include "shared/base/clock.h"
#include "shared/media/mp4_box.h"
#include "shared/media/mp4_write.h"
#include "tests/unit/support/video_cases.h"

#define GOP 30u

/* A sample entry with an avcC: version 1, High, level 3.1. */
static void put_entry(struct buffer *out, uint16_t width, uint16_t height)
{
	static const uint8_t avcc[] = {1, 0x64, 0, 0x1f, 0xff, 0xe0, 0};
	size_t entry = mp4_box_begin(out, MP4_TYPE('a', 'v', 'c', '1'));

	for (int i = 0; i < 24; i++)
		buffer_u8(out, 0);
	buffer_u16(out, width);
	buffer_u16(out, height);
	for (int i = 0; i < 50; i++)
		buffer_u8(out, 0);
	size_t box = mp4_box_begin(out, MP4_TYPE('a', 'v', 'c', 'C'));
	buffer_append(out, avcc, sizeof(avcc));
	mp4_box_end(out, box);
	mp4_box_end(out, entry);
}

void video_make_init(struct buffer *out, uint16_t width, uint16_t height)
{
	const struct mp4_times times = {.timescale = 1000000};
	size_t ftyp = mp4_box_begin(out, MP4_TYPE('f', 't', 'y', 'p'));

	buffer_append(out, "iso5\0\0\0\0iso5", 12);
	mp4_box_end(out, ftyp);
	size_t moov = mp4_box_begin(out, MP4_TYPE('m', 'o', 'o', 'v'));
	mp4_put_mvhd(out, &times);
	size_t trak = mp4_box_begin(out, MP4_TYPE('t', 'r', 'a', 'k'));
	mp4_put_tkhd(out, &times, width, height);
	size_t mdia = mp4_box_begin(out, MP4_TYPE('m', 'd', 'i', 'a'));
	mp4_put_mdhd(out, &times);
	mp4_put_hdlr(out);
	size_t minf = mp4_box_begin(out, MP4_TYPE('m', 'i', 'n', 'f'));
	size_t stbl = mp4_box_begin(out, MP4_TYPE('s', 't', 'b', 'l'));
	size_t stsd = mp4_full_box_begin(out, MP4_TYPE('s', 't', 's', 'd'), 0);
	buffer_u32(out, 1);
	put_entry(out, width, height);
	mp4_box_end(out, stsd);
	mp4_box_end(out, stbl);
	mp4_box_end(out, minf);
	mp4_box_end(out, mdia);
	mp4_box_end(out, trak);
	mp4_box_end(out, moov);
}

size_t video_make_fragment(struct buffer *out, uint32_t number, size_t bytes, bool key)
{
	size_t begin = out->length, moof = mp4_box_begin(out, MP4_TYPE('m', 'o', 'o', 'f'));
	size_t mfhd = mp4_full_box_begin(out, MP4_TYPE('m', 'f', 'h', 'd'), 0);
	buffer_u32(out, 1);
	mp4_box_end(out, mfhd);
	size_t traf = mp4_box_begin(out, MP4_TYPE('t', 'r', 'a', 'f'));
	size_t tfhd = mp4_full_box_begin(out, MP4_TYPE('t', 'f', 'h', 'd'), 0x020000);
	buffer_u32(out, 1);
	mp4_box_end(out, tfhd);
	size_t tfdt = mp4_full_box_begin(out, MP4_TYPE('t', 'f', 'd', 't'), 0x01000000);
	buffer_u64(out, 0);
	mp4_box_end(out, tfdt);
	size_t trun = mp4_full_box_begin(out, MP4_TYPE('t', 'r', 'u', 'n'), 0x000701);
	buffer_u32(out, 1);
	size_t offset = out->length;
	buffer_u32(out, 0);
	buffer_u32(out, 33333);
	buffer_u32(out, (uint32_t)bytes);
	buffer_u32(out, key ? 0x02000000 : 0x01010000);
	mp4_box_end(out, trun);
	mp4_box_end(out, traf);
	mp4_box_end(out, moof);
	size_t moof_bytes = out->length - begin;
	buffer_set_u32(out, offset, (uint32_t)moof_bytes + 8);
	size_t mdat = mp4_box_begin(out, MP4_TYPE('m', 'd', 'a', 't'));
	buffer_u32(out, number);
	for (size_t i = 4; i < bytes; i++)
		buffer_u8(out, (uint8_t)i);
	mp4_box_end(out, mdat);
	return moof_bytes;
}

void video_put(struct video_run *run, uint32_t number, size_t bytes)
{
	struct buffer init = {0}, data = {0};
	int64_t now_us = mono_now().us;
	bool key = run->put % GOP == 0;

	if (run->put == 0)
		run->run_mono_us = now_us;
	run->put++;
	video_make_init(&init, run->width, 48);
	size_t moof_bytes = video_make_fragment(&data, number, bytes, key);
	video_writer_put(run->writer, &(struct video_fragment){
					      .wall_us = number * US_PER_S + 5,
					      .mono_us = now_us,
					      .run_mono_us = run->run_mono_us,
					      .width = run->width,
					      .height = 48,
					      .key = key,
					      .init = init.data,
					      .init_bytes = init.length,
					      .data = data.data,
					      .moof_bytes = moof_bytes,
					      .total_bytes = data.length,
				      });
	buffer_free(&init);
	buffer_free(&data);
}
