/*
 * fuzz_source.c - what a camera's program writes, what recorder-source sends, and a camera's device in the .ini.
 *
 * Input: a number and bytes. The pictures that are found do not depend on the pieces in which the bytes come; packets lead
 * only into them; and what is shown of a device has no user, no password and no arguments.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "recorderd/external/packet_stream.h"
#include "shared/config/camera_device.h"
#include "source/jpeg_splitter.h"
#include "source/redact.h"

#define PICTURES_MAX 64

struct pictures {
	size_t begin[PICTURES_MAX], end[PICTURES_MAX], count;
};

/* Finds the pictures of data that comes in pieces of `piece` bytes. */
static void split(const uint8_t *data, size_t size, size_t piece, struct pictures *out)
{
	struct jpeg_splitter splitter = {0};
	struct jpeg_part part;
	size_t from = 0;

	out->count = 0;
	for (size_t to = 0; to < size;) {
		to = size - to < piece ? size : to + piece;
		uint8_t *copy = input_copy(data + from, to - from);
		size_t used = 0;
		while (jpeg_splitter_next(&splitter, copy + used, to - from - used, &part) == JPEG_SPLITTER_PICTURE) {
			holds(part.length >= 2 && part.begin <= to - from - used);
			holds(part.length <= to - from - used - part.begin);
			if (out->count < PICTURES_MAX) {
				out->begin[out->count] = from + used + part.begin;
				out->end[out->count++] = from + used + part.begin + part.length;
			}
			used += part.begin + part.length;
		}
		free(copy);
		from += used;
	}
}

static void check_pictures(const uint8_t *data, size_t size, size_t piece)
{
	struct pictures whole, pieces;

	split(data, size, size + 1, &whole);
	split(data, size, piece, &pieces);
	holds(whole.count == pieces.count);
	holds(memcmp(whole.begin, pieces.begin, whole.count * sizeof(whole.begin[0])) == 0);
	holds(memcmp(whole.end, pieces.end, whole.count * sizeof(whole.end[0])) == 0);
}

static void check_packets(const uint8_t *data, size_t size, size_t piece)
{
	struct packet_stream stream = {0};
	struct source_header header;
	enum packet_outcome outcome = PACKET_INCOMPLETE;
	const uint8_t *body;
	size_t taken = 0;

	for (size_t from = 0; from < size && outcome != PACKET_INVALID; from += piece) {
		size_t bytes = size - from < piece ? size - from : piece;
		uint8_t *space = packet_stream_space(&stream);
		holds(space != NULL);
		memcpy(space, data + from, bytes);
		packet_stream_add(&stream, bytes);
		while ((outcome = packet_stream_next(&stream, &header, &body)) == PACKET_TAKEN) {
			holds(header.kind == SOURCE_PICTURE || header.kind == SOURCE_ENDED);
			taken += sizeof(header) + header.bytes;
			holds(taken <= size);
			holds(body + header.bytes <= stream.received.data + stream.received.length);
		}
	}
	packet_stream_free(&stream);
}

static void check_device(const char *text)
{
	char shown[CAMERA_SHOWN_BYTES];
	struct camera_url url;

	camera_device_show(text, shown, sizeof(shown));
	if (camera_device_kind(text) == CAMERA_DEVICE_COMMAND)
		holds(!strpbrk(shown, " \t"));
	if (camera_device_kind(text) == CAMERA_DEVICE_URL) {
		const char *path = strchr(strstr(shown, "://") + 3, '/');
		const char *user = strchr(shown, '@');
		holds(!strchr(shown, '?') && (!user || (path && user > path)));
		holds(camera_url_parse(text, &url) && url.port >= 1 && url.port <= 65535);
		holds(!strpbrk(url.url, "\n ") && !strpbrk(url.user, "\n :@"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	size_t piece = 1 + (size_t)input_number(&input, 1);
	struct input rest = input;
	char *text = input_text(&rest);

	check_pictures(input.at, input.left, piece);
	check_packets(input.at, input.left, piece);
	check_device(text);
	redact_urls(text);
	free(text);
	return 0;
}
