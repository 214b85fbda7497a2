/* media_cases.c - a stream as FFmpeg really makes it, and segments built from it. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/media/mp4_box.h"
#include "tests/unit/support/in_range.h"
#include "tests/unit/support/media_cases.h"

char media_folder[PATH_BYTES / 2];

uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

const char *path_of(const char *name, char out[PATH_BYTES])
{
	snprintf(out, PATH_BYTES, "%s/%s", media_folder, name);
	return out;
}

int make_folder(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	snprintf(media_folder, sizeof(media_folder), "%s/recorder-test-XXXXXX", base ? base : "/tmp");
	return mkdtemp(media_folder) ? 0 : -1;
}

struct buffer output_of(const char *format, ...)
{
	char command[2048], chunk[4096];
	struct buffer out = {0};
	size_t got;
	va_list arguments;

	va_start(arguments, format);
	assert_int_in_range(vsnprintf(command, sizeof(command), format, arguments), 1, sizeof(command) - 1);
	va_end(arguments);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	while ((got = fread(chunk, 1, sizeof(chunk), pipe)) > 0)
		buffer_append(&out, chunk, got);
	buffer_u8(&out, 0);
	int status = pclose(pipe);
	if (status != 0)
		print_error("%s\n%s\n", command, (char *)out.data);
	assert_int_equal(status, 0);
	return out;
}

int remove_folder(void **state)
{
	(void)state;
	struct buffer out = output_of("rm -rf '%s'", media_folder);
	buffer_free(&out);
	return 0;
}

struct buffer file_read(const char *path)
{
	struct buffer out = output_of("cat '%s'", path);
	out.length--;
	return out;
}

void file_write(const char *path, const void *data, size_t length)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

bool file_is_there(const char *name)
{
	char path[PATH_BYTES];

	return faccessat(AT_FDCWD, path_of(name, path), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int file_of(const void *data, size_t length)
{
	int fd = memfd_create("segment", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, length), length);
	return fd;
}

int64_t media_time_us(size_t frame)
{
	static const int64_t steps[] = {16667, 40000, 3000, 100, 250000, 1, 33333, 1300000};
	int64_t at = 0;

	for (size_t i = 0; i < frame; i++)
		at += steps[i % 8];
	return at;
}

bool media_key(size_t frame)
{
	return frame == 0 ||
	       (MEDIA_WALL_US + media_time_us(frame)) / 1000000 != (MEDIA_WALL_US + media_time_us(frame - 1)) / 1000000;
}

static void little(struct buffer *out, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		buffer_u8(out, (uint8_t)(value >> 8 * i));
}

/* IVF with a time base of one microsecond, from concatenated JPEGs. */
static struct buffer ivf_of(const struct buffer *jpegs, unsigned width, unsigned height)
{
	struct buffer ivf = {0};
	const uint8_t *at = jpegs->data, *end = jpegs->data + jpegs->length;

	buffer_append(&ivf, "DKIF\0\0\x20\0MJPG", 12);
	little(&ivf, width, 2);
	little(&ivf, height, 2);
	little(&ivf, 1000000, 4);
	little(&ivf, 1, 4);
	little(&ivf, 0, 8);
	for (size_t frame = 0; frame < MEDIA_FRAMES; frame++) {
		const uint8_t *eoi = memmem(at, (size_t)(end - at), "\xff\xd9", 2);
		assert_non_null(eoi);
		little(&ivf, (uint64_t)(eoi + 2 - at), 4);
		little(&ivf, (uint64_t)(MEDIA_WALL_US + media_time_us(frame)), 8);
		buffer_append(&ivf, at, (size_t)(eoi + 2 - at));
		at = eoi + 2;
	}
	return ivf;
}

static struct piece next_piece(const struct stream *stream, size_t *at, uint32_t type)
{
	struct mp4_box box;

	assert_int_equal(mp4_box_header(stream->data.data, stream->data.length, *at, &box), MP4_OK);
	assert_int_equal(box.type, type);
	assert_true(box.size <= stream->data.length - *at);
	*at += (size_t)box.size;
	return (struct piece){(size_t)box.at, (size_t)box.size};
}

void stream_make(struct stream *out, const char *codec)
{
	static const char h264[] =
		"-c:v libx264 -preset superfast -tune zerolatency -bf 0 -g 6000 -sc_threshold 0 -forced-idr 1 "
		"-x264-params "
		"fps=60 "
		"-force_key_frames "
		"'expr:if(isnan(prev_forced_t),1,gt(floor(t+0.4370005),floor(prev_forced_t+0.4370005)))' "
		"-bsf:v dump_extra=freq=keyframe -pix_fmt yuv420p";
	char path[PATH_BYTES];
	size_t at = 0;

	struct buffer jpegs =
		output_of("ffmpeg -v error -f lavfi -i testsrc=size=96x64:rate=10 -frames:v %u -c:v mjpeg "
			  "-pix_fmt yuvj420p -f mjpeg pipe:1",
			  MEDIA_FRAMES);
	struct buffer ivf = ivf_of(&jpegs, 96, 64);
	file_write(path_of("frames.ivf", path), ivf.data, ivf.length);
	*out = (struct stream){0};
	out->data = output_of("ffmpeg -v error -probesize 32 -analyzeduration 0 -f ivf -i '%s' -fps_mode passthrough "
			      "-enc_time_base 1:1000000 %s -video_track_timescale 1000000 -movflags "
			      "empty_moov+default_base_moof+frag_every_frame+skip_trailer -f mp4 pipe:1",
			      path, strcmp(codec, "h264") == 0 ? h264 : "-c:v copy");
	out->data.length--;
	out->ftyp = next_piece(out, &at, MP4_TYPE('f', 't', 'y', 'p'));
	out->moov = next_piece(out, &at, MP4_TYPE('m', 'o', 'o', 'v'));
	for (; at < out->data.length && out->count < MEDIA_FRAMES; out->count++) {
		struct piece moof = next_piece(out, &at, MP4_TYPE('m', 'o', 'o', 'f'));
		struct piece mdat = next_piece(out, &at, MP4_TYPE('m', 'd', 'a', 't'));
		out->fragments[out->count] = (struct piece){moof.at, moof.bytes + mdat.bytes};
	}
	assert_int_equal(out->count, MEDIA_FRAMES);
	assert_int_equal(at, out->data.length);
	buffer_free(&jpegs);
	buffer_free(&ivf);
}

size_t moof_bytes(const uint8_t *fragment)
{
	struct mp4_box moof;
	assert_int_equal(mp4_box_header(fragment, 8, 0, &moof), MP4_OK);
	return (size_t)moof.size;
}

struct buffer segment_of(const struct stream *stream, size_t first, size_t count, uint64_t segment_no)
{
	struct buffer out = {0};
	const uint8_t *data = stream->data.data;
	struct segment_info info = {
		.segment_no = segment_no,
		.run_no = 3,
		.first_wall_us = MEDIA_WALL_US + media_time_us(first),
		.utc_offset_s = 7200,
		.camera = "front",
	};

	buffer_append(&out, data + stream->ftyp.at, stream->ftyp.bytes);
	segment_info_encode(&info, &out);
	buffer_append(&out, MEDIA_FREE, 16);
	buffer_append(&out, data + stream->moov.at, stream->moov.bytes);
	for (size_t i = first; i < first + count; i++) {
		size_t at = out.length;
		struct mp4_fragment fragment;
		buffer_append(&out, data + stream->fragments[i].at, stream->fragments[i].bytes);
		assert_true(mp4_parse_fragment(out.data + at, moof_bytes(out.data + at), &fragment));
		uint64_t decode_time = (uint64_t)(media_time_us(i) - media_time_us(first));
		assert_true(mp4_rewrite_fragment(out.data + at, &fragment, (uint32_t)(i - first + 1), decode_time));
	}
	assert_false(out.failed);
	return out;
}

size_t decode(const char *path, struct decoded out[MEDIA_FRAMES * 2])
{
	struct buffer text =
		output_of("ffmpeg -nostdin -v error -i '%s' -fps_mode passthrough -enc_time_base 1:1000000 "
			  "-f framemd5 - 2>&1",
			  path);
	size_t count = 0;
	char *rest = NULL;

	for (char *line = strtok_r((char *)text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (line[0] == '#')
			continue;
		assert_int_in_range(count, 0, MEDIA_FRAMES * 2 - 1);
		if (sscanf(line, "0, %*d, %" SCNd64 ", %*d, %*d, %32s", &out[count].time_us, out[count].hash) != 2)
			fail_msg("FFmpeg on %s: %s", path, line);
		count++;
	}
	buffer_free(&text);
	return count;
}
