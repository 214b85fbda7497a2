/* test_mp4_box.c - boxes of FFmpeg's init segments and fragments: complete, cut off and damaged. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/media_cases.h"

#include "shared/media/mp4_moov.h"
#include "shared/media/mp4_write.h"

static struct stream h264, mjpeg;

static int make_streams(void **state)
{
	if (make_folder(state) != 0)
		return -1;
	stream_make(&h264, "h264");
	stream_make(&mjpeg, "mjpeg");
	return 0;
}

static int drop_streams(void **state)
{
	buffer_free(&h264.data);
	buffer_free(&mjpeg.data);
	return remove_folder(state);
}

/* A copy that ends with its allocation, so that a sanitizer reports reads past its end. */
static uint8_t *exact_copy(const uint8_t *data, size_t length)
{
	uint8_t *copy = malloc(length > 0 ? length : 1);

	assert_non_null(copy);
	memcpy(copy, data, length);
	return copy;
}

static void a_header_is_read_in_both_sizes(void **state)
{
	(void)state;
	static const uint8_t small[] = {9, 9, 0, 0, 0, 12, 'f', 'r', 'e', 'e'};
	static const uint8_t large[] = {0, 0, 0, 1, 'm', 'd', 'a', 't', 0, 0, 1, 0, 0, 0, 0, 0};
	struct mp4_box box;

	assert_int_equal(mp4_box_header(small, sizeof(small), 2, &box), MP4_OK);
	assert_int_equal(box.type, MP4_TYPE('f', 'r', 'e', 'e'));
	assert_int_equal(box.header_bytes, 8);
	assert_int_equal(box.at, 2);
	assert_int_equal(box.size, 12);
	assert_int_equal(mp4_box_header(large, sizeof(large), 0, &box), MP4_OK);
	assert_int_equal(box.header_bytes, 16);
	assert_int_equal(box.size, UINT64_C(1) << 40);
	for (size_t length = 0; length < sizeof(large); length++)
		assert_int_equal(mp4_box_header(large, length, 0, &box), MP4_INCOMPLETE);
	assert_int_equal(mp4_box_header(small, sizeof(small), 3, &box), MP4_INCOMPLETE);
	assert_int_equal(mp4_box_header(small, sizeof(small), SIZE_MAX, &box), MP4_INCOMPLETE);
}

static void a_size_smaller_than_the_header_is_invalid(void **state)
{
	(void)state;
	uint8_t data[16] = {0, 0, 0, 0, 'f', 'r', 'e', 'e'};
	struct mp4_box box;

	for (uint8_t size = 0; size < 8; size++) {
		data[3] = size;
		assert_int_equal(mp4_box_header(data, sizeof(data), 0, &box), MP4_INVALID);
	}
	data[3] = 1;
	data[15] = 15;
	assert_int_equal(mp4_box_header(data, sizeof(data), 0, &box), MP4_INVALID);
}

static void an_init_segment_has_codec_size_and_timescale(void **state)
{
	(void)state;
	struct mp4_init init;

	assert_true(mp4_parse_init(h264.data.data + h264.moov.at, h264.moov.bytes, &init));
	assert_int_equal(init.timescale, 1000000);
	assert_int_equal(init.track_id, 1);
	assert_int_equal(init.width, 96);
	assert_int_equal(init.height, 64);
	assert_int_equal(init.codec, MP4_TYPE('a', 'v', 'c', '1'));
	assert_memory_equal(init.entry + 4, "avc1", 4);
	assert_non_null(memmem(init.entry, init.entry_bytes, "avcC", 4));
	assert_true(mp4_parse_init(mjpeg.data.data + mjpeg.moov.at, mjpeg.moov.bytes, &init));
	assert_int_equal(init.codec, MP4_TYPE('m', 'p', '4', 'v'));
	assert_non_null(memmem(init.entry, init.entry_bytes, "esds", 4));
	assert_int_equal(init.width, 96);
}

static void each_fragment_has_time_size_and_key_flag(void **state)
{
	(void)state;
	const struct stream *streams[] = {&h264, &mjpeg};

	for (size_t s = 0; s < 2; s++) {
		for (size_t i = 0; i < MEDIA_FRAMES; i++) {
			const struct piece *piece = &streams[s]->fragments[i];
			const uint8_t *data = streams[s]->data.data + piece->at;
			struct mp4_fragment fragment;
			assert_true(mp4_parse_fragment(data, moof_bytes(data), &fragment));
			assert_int_equal(fragment.decode_time, media_time_us(i));
			assert_int_equal(fragment.key, s == 1 || media_key(i));
			assert_int_equal(fragment.data_offset, moof_bytes(data) + 8);
			assert_int_equal(fragment.size, piece->bytes - fragment.data_offset);
			if (i + 1 < MEDIA_FRAMES)
				assert_int_equal(fragment.duration, media_time_us(i + 1) - media_time_us(i));
		}
	}
}

static void rewriting_changes_only_the_number_and_the_time(void **state)
{
	(void)state;
	const uint8_t *data = h264.data.data + h264.fragments[9].at;
	size_t length = moof_bytes(data);
	uint8_t *copy = exact_copy(data, length);
	struct mp4_fragment before, after;

	assert_true(mp4_parse_fragment(data, length, &before));
	assert_true(before.decode_time_is_64);
	assert_true(mp4_rewrite_fragment(copy, &before, 77, UINT64_C(1) << 40));
	assert_true(mp4_parse_fragment(copy, length, &after));
	assert_int_equal(after.decode_time, UINT64_C(1) << 40);
	assert_memory_equal(copy + after.sequence_at, "\0\0\0\x4d", 4);
	assert_true(mp4_rewrite_fragment(copy, &before, 10, before.decode_time));
	assert_memory_equal(copy, data, length);
	free(copy);
}

/* What a moof can consist of. */
struct moof_spec {
	uint32_t tfhd_flags, tfdt_version, trun_flags, samples;
	uint32_t fields[8]; /* after trun's sample count */
	size_t field_count;
};

static const struct moof_spec plain = {
	.tfhd_flags = 0x20000, .trun_flags = 0x701, .samples = 1, .fields = {100, 40000, 555, 0}, .field_count = 4};

static struct buffer moof_of(const struct moof_spec *spec)
{
	struct buffer out = {0};
	size_t moof = mp4_box_begin(&out, MP4_TYPE('m', 'o', 'o', 'f'));
	size_t mfhd = mp4_full_box_begin(&out, MP4_TYPE('m', 'f', 'h', 'd'), 0);

	buffer_u32(&out, 1);
	mp4_box_end(&out, mfhd);
	size_t traf = mp4_box_begin(&out, MP4_TYPE('t', 'r', 'a', 'f'));
	size_t tfhd = mp4_full_box_begin(&out, MP4_TYPE('t', 'f', 'h', 'd'), spec->tfhd_flags);
	buffer_u32(&out, 1);
	mp4_box_end(&out, tfhd);
	size_t tfdt = mp4_full_box_begin(&out, MP4_TYPE('t', 'f', 'd', 't'), spec->tfdt_version << 24);
	buffer_u32(&out, 0);
	if (spec->tfdt_version == 1)
		buffer_u32(&out, 0);
	mp4_box_end(&out, tfdt);
	size_t trun = mp4_full_box_begin(&out, MP4_TYPE('t', 'r', 'u', 'n'), spec->trun_flags);
	buffer_u32(&out, spec->samples);
	for (size_t i = 0; i < spec->field_count; i++)
		buffer_u32(&out, spec->fields[i]);
	mp4_box_end(&out, trun);
	mp4_box_end(&out, traf);
	mp4_box_end(&out, moof);
	return out;
}

static bool parses(struct moof_spec spec, struct mp4_fragment *out)
{
	struct buffer moof = moof_of(&spec);
	bool good = mp4_parse_fragment(moof.data, moof.length, out);

	buffer_free(&moof);
	return good;
}

static void fields_of_the_track_run_are_parsed(void **state)
{
	(void)state;
	struct mp4_fragment fragment;
	struct moof_spec spec = plain;

	assert_true(parses(spec, &fragment));
	assert_int_equal(fragment.data_offset, 100);
	assert_int_equal(fragment.duration, 40000);
	assert_int_equal(fragment.size, 555);
	assert_true(fragment.key);
	spec.fields[3] = 0x01010000;
	assert_true(parses(spec, &fragment));
	assert_false(fragment.key);
}

static void a_32_bit_time_is_not_rewritten_with_a_larger_one(void **state)
{
	(void)state;
	struct mp4_fragment fragment;
	struct buffer moof = moof_of(&plain);
	uint8_t *copy = exact_copy(moof.data, moof.length);

	assert_true(mp4_parse_fragment(moof.data, moof.length, &fragment));
	assert_false(fragment.decode_time_is_64);
	assert_false(mp4_rewrite_fragment(moof.data, &fragment, 5, UINT64_C(1) << 32));
	assert_memory_equal(moof.data, copy, moof.length);
	assert_true(mp4_rewrite_fragment(moof.data, &fragment, 5, UINT32_MAX));
	assert_true(mp4_parse_fragment(moof.data, moof.length, &fragment));
	assert_int_equal(fragment.decode_time, UINT32_MAX);
	free(copy);
	buffer_free(&moof);
}

static void fragments_of_another_form_are_refused(void **state)
{
	(void)state;
	struct mp4_fragment fragment;
	struct moof_spec spec = plain;

	spec.samples = 2;
	assert_false(parses(spec, &fragment));
	spec = plain;
	spec.tfhd_flags = 0; /* offsets do not count from the moof */
	assert_false(parses(spec, &fragment));
	spec.tfhd_flags = 0x20001;
	assert_false(parses(spec, &fragment));
	spec = plain;
	spec.fields[0] = 0x80000000; /* before the moof */
	assert_false(parses(spec, &fragment));
	spec = plain;
	spec.trun_flags = 0x301; /* no flags, so key or not is unknown */
	assert_false(parses(spec, &fragment));
	spec = plain;
	spec.trun_flags = 0xf01; /* composition offset: frames out of order */
	spec.fields[spec.field_count++] = 1;
	assert_false(parses(spec, &fragment));
	spec.fields[4] = 0;
	assert_true(parses(spec, &fragment));
}

static void a_sample_entry_without_a_picture_is_refused(void **state)
{
	(void)state;
	const uint8_t entry[40] = {0, 0, 0, 40, 'a', 'v', 'c', '1', [33] = 96, [35] = 64};
	struct mp4_moov *header = mp4_moov_create(
		&(struct mp4_moov_spec){.width = 96, .height = 64, .entry = entry, .entry_bytes = sizeof(entry)});
	struct buffer moov = {0};
	struct mp4_init init;

	mp4_moov_add_sample(header, 0, 0, 10, true);
	assert_true(mp4_moov_write(header, 1000, 0, &moov));
	assert_false(mp4_parse_init(moov.data, moov.length, &init));
	mp4_moov_destroy(header);
	buffer_free(&moov);
}

static void boxes_that_end_early_are_refused(void **state)
{
	(void)state;
	const uint8_t *fragment_data = h264.data.data + h264.fragments[0].at;
	size_t fragment_length = moof_bytes(fragment_data);
	struct mp4_fragment fragment;
	struct mp4_init init;

	for (size_t length = 0; length < h264.moov.bytes; length++) {
		uint8_t *copy = exact_copy(h264.data.data + h264.moov.at, length);
		assert_false(mp4_parse_init(copy, length, &init));
		free(copy);
	}
	for (size_t length = 0; length < fragment_length; length++) {
		uint8_t *copy = exact_copy(fragment_data, length);
		assert_false(mp4_parse_fragment(copy, length, &fragment));
		free(copy);
	}
}

static void damaged_boxes_are_never_read_past_their_end(void **state)
{
	(void)state;
	const uint8_t *fragment_data = h264.data.data + h264.fragments[0].at;
	size_t lengths[2] = {h264.moov.bytes, moof_bytes(fragment_data)};
	uint8_t *copies[2] = {exact_copy(h264.data.data + h264.moov.at, lengths[0]),
			      exact_copy(fragment_data, lengths[1])};
	uint32_t seed = 20260517;

	for (int round = 0; round < 40000; round++) {
		uint8_t *data = copies[round % 2];
		size_t at[2], length = lengths[round % 2];
		uint8_t kept[2];
		for (int i = 0; i < 2; i++) {
			at[i] = next_random(&seed) % length;
			kept[i] = data[at[i]];
			data[at[i]] = (uint8_t)next_random(&seed);
		}
		struct mp4_fragment fragment;
		struct mp4_init init;
		if (round % 2 == 0 && mp4_parse_init(data, length, &init)) {
			assert_true(init.entry_bytes <= MP4_ENTRY_MAX);
			assert_true(init.entry >= data && init.entry + init.entry_bytes <= data + length);
		}
		if (round % 2 == 1 && mp4_parse_fragment(data, length, &fragment)) {
			uint8_t *copy = exact_copy(data, length);
			mp4_rewrite_fragment(copy, &fragment, 1, 1);
			free(copy);
		}
		data[at[1]] = kept[1];
		data[at[0]] = kept[0];
	}
	free(copies[0]);
	free(copies[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_is_read_in_both_sizes),
		cmocka_unit_test(a_size_smaller_than_the_header_is_invalid),
		cmocka_unit_test(an_init_segment_has_codec_size_and_timescale),
		cmocka_unit_test(each_fragment_has_time_size_and_key_flag),
		cmocka_unit_test(rewriting_changes_only_the_number_and_the_time),
		cmocka_unit_test(fields_of_the_track_run_are_parsed),
		cmocka_unit_test(a_32_bit_time_is_not_rewritten_with_a_larger_one),
		cmocka_unit_test(fragments_of_another_form_are_refused),
		cmocka_unit_test(a_sample_entry_without_a_picture_is_refused),
		cmocka_unit_test(boxes_that_end_early_are_refused),
		cmocka_unit_test(damaged_boxes_are_never_read_past_their_end),
	};

	return cmocka_run_group_tests(tests, make_streams, drop_streams);
}
