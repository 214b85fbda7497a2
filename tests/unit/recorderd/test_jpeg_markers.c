/* test_jpeg_markers.c - pictures of a few bytes, marker by marker: recorderd/source/jpeg.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recorderd/source/jpeg.h"

/* Inspects a copy in a block of exactly its size. */
static bool inspect(const void *data, size_t length, struct jpeg_info *info)
{
	uint8_t *copy = malloc(length ? length : 1);

	assert_non_null(copy);
	memcpy(copy, data, length);
	bool complete = jpeg_inspect(copy, length, info);
	free(copy);
	return complete;
}

#define SOI_  "\xff\xd8"
#define SOF_  "\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00"
#define SOS_  "\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
#define SCAN_ "\x12\xff\x00\x34"
#define DHT_  "\xff\xc4\x00\x02"
#define EOI_  "\xff\xd9"

#define BYTES(text) text, sizeof(text) - 1

static void anything_but_one_complete_picture_is_refused(void **state)
{
	static const struct {
		const char *data;
		size_t length;
	} invalid[] = {
		{BYTES("")},
		{BYTES(SOI_)},
		{BYTES(SOI_ EOI_)},
		{BYTES(SOI_ SOF_ EOI_)},                                /* no scan */
		{BYTES(SOI_ SOS_ SCAN_ EOI_)},                          /* no frame */
		{BYTES(SOI_ SOS_ SCAN_ SOF_ EOI_)},                     /* the frame comes after the scan */
		{BYTES(SOI_ SOF_ SOF_ SOS_ SCAN_ EOI_)},                /* two frames */
		{BYTES("\xff\xd9" SOF_ SOS_ SCAN_ EOI_)},               /* no SOI */
		{BYTES("\0" SOI_ SOF_ SOS_ SCAN_ EOI_)},                /* SOI is not first */
		{BYTES(SOI_ SOF_ SOS_ SCAN_ "\xff\xfe\x00\x02x" EOI_)}, /* junk between segments after a scan */
		{BYTES(SOI_ SOI_ SOF_ SOS_ SCAN_ EOI_)},
		{BYTES(SOI_ "\xff\xd0" SOF_ SOS_ SCAN_ EOI_)},         /* a restart before a scan */
		{BYTES(SOI_ "\xff\x02" SOF_ SOS_ SCAN_ EOI_)},         /* a reserved marker */
		{BYTES(SOI_ "\xff\xe0\x00\x00" SOF_ SOS_ SCAN_ EOI_)}, /* length below 2 */
		{BYTES(SOI_ "\xff\xe0\x00\x01" SOF_ SOS_ SCAN_ EOI_)},
		{BYTES(SOI_ "\xff\xe0\xff\xff" SOF_ SOS_ SCAN_ EOI_)}, /* the segment is longer than the data */
		{BYTES(SOI_ "\xff\xc3\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00" SOS_ SCAN_ EOI_)}, /* lossless */
		{BYTES(SOI_ "\xff\xc9\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00" SOS_ SCAN_ EOI_)}, /* arithmetic */
		{BYTES(SOI_ "\xff\xc0\x00\x0b\x08\x00\x00\x00\x10\x01\x01\x11\x00" SOS_ SCAN_ EOI_)}, /* no height */
		{BYTES(SOI_ "\xff\xc0\x00\x0b\x08\x00\x10\x00\x00\x01\x01\x11\x00" SOS_ SCAN_ EOI_)}, /* no width */
		{BYTES(SOI_ "\xff\xc0\x00\x0b\x0c\x00\x10\x00\x10\x01\x01\x11\x00" SOS_ SCAN_ EOI_)}, /* 12 bits */
		{BYTES(SOI_ "\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x03\x01\x11\x00" SOS_ SCAN_
			       EOI_)},                                                    /* components missing */
		{BYTES(SOI_ "\xff\xc0\x00\x08\x08\x00\x10\x00\x10\x00" SOS_ SCAN_ EOI_)}, /* no component */
		{BYTES(SOI_ "\xff\xc0\x00\x07\x08\x00\x10\x00\x10" SOS_ SCAN_ EOI_)},     /* truncated */
		{BYTES(SOI_ "\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x01\x00" SOS_ SCAN_ EOI_)}, /* sampling 0 */
		{BYTES(SOI_ "\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x51\x00" SOS_ SCAN_ EOI_)}, /* sampling 5 */
		{BYTES(SOI_ SOF_
		       "\xff\xda\x00\x08\x00\x01\x00\x00\x3f\x00" SCAN_ EOI_)}, /* a scan without components */
		{BYTES(SOI_ SOF_ "\xff\xda\x00\x0a\x02\x01\x00\x01\x00\x00\x3f\x00" SCAN_
			       EOI_)}, /* a scan of too many components */
		{BYTES(SOI_ SOF_ "\xff\xda\x00\x02" SCAN_ EOI_)},
		{BYTES(SOI_ SOF_ SOS_ SCAN_)},
		{BYTES(SOI_ SOF_ SOS_ SCAN_ "\xff")},
		{BYTES(SOI_ SOF_ SOS_ SCAN_ "\xff\xff\xff")},
		{BYTES(SOI_ SOF_ SOS_ SCAN_ "\0\0\0\0")},
		{BYTES(SOI_ SOF_ SOS_ SCAN_ SOI_ SOF_ SOS_ SCAN_ EOI_)}, /* the next picture begins inside */
		{BYTES(SOI_ SOF_ SOS_ SCAN_ "\xff\x01" SCAN_ EOI_)},
		{BYTES(SOI_ SOF_ SOS_ SCAN_ SOS_ SCAN_)}, /* the last scan has no end */
	};
	static const char valid[] = SOI_ SOF_ SOS_ SCAN_ EOI_;
	struct jpeg_info info;

	(void)state;
	assert_true(inspect(valid, sizeof(valid) - 1, &info));
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
		if (inspect(invalid[i].data, invalid[i].length, &info))
			fail_msg("accepted number %zu", i);
	assert_false(jpeg_inspect(NULL, 0, &info));
}

static void a_picture_may_have_several_scans(void **state)
{
	static const char scans[] =
		SOI_ SOF_ SOS_ SCAN_ "\xff\xd3" SCAN_ DHT_ SOS_ SCAN_ "\xff\xfe\x00\x04\xff\xd9" SOS_ SCAN_ EOI_;
	struct jpeg_info info;

	(void)state;
	assert_true(inspect(scans, sizeof(scans) - 1, &info));
	assert_int_equal(info.length, sizeof(scans) - 1);
	assert_int_equal(info.sos_at, sizeof(SOI_ SOF_) - 1);
	assert_int_equal(info.missing_tables, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anything_but_one_complete_picture_is_refused),
		cmocka_unit_test(a_picture_may_have_several_scans),
	};

	return cmocka_run_group_tests_name("jpeg_markers", tests, NULL, NULL);
}
