/* clip_label.c - the label of a kept clip. */
#include "fcgi/clip/clip_label.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/big_endian.h"
#include "shared/base/buffer.h"
#include "shared/base/file_io.h"

#define NS_PER_S    1000000000L
#define UUID_BYTES  16u
#define HEAD_BYTES  (8u + UUID_BYTES)
#define EMPTY_BYTES (HEAD_BYTES + 4u)

static const uint8_t head_end[4 + UUID_BYTES] = {'u',  'u',  'i',  'd',  0x5a, 0x1f, 0x0c, 0x3e, 0x97, 0x42,
						 0x4b, 0x0e, 0x8d, 0x61, 0x2b, 0xd3, 0x70, 0xe4, 0x9a, 0x18};

/* The box of that label, with room for at least `room` bytes of text. Returns false if memory ran out. */
static bool make_box(const char *label, size_t room, struct buffer *box)
{
	size_t length = strnlen(label, CLIP_LABEL_BYTES - 1);

	if (room < length)
		room = length;
	buffer_u32(box, (uint32_t)(EMPTY_BYTES + room));
	buffer_append(box, head_end, sizeof(head_end));
	buffer_append(box, label, length);
	for (size_t i = length; i < room; i++)
		buffer_u8(box, 0);
	buffer_u32(box, (uint32_t)(EMPTY_BYTES + room));
	return !box->failed;
}

bool clip_label_append(int fd, const char *label)
{
	struct buffer box = {0};
	bool made = make_box(label, 0, &box);

	errno = made ? ENOSPC : ENOMEM; /* a short write means that the disk is full */
	bool good = made && write(fd, box.data, box.length) == (ssize_t)box.length;
	buffer_free(&box);
	return good;
}

/*
 * Returns the length of the label's box in the last `length` bytes of a file; 0 if there is none. A box that does not
 * fit, or is another one, is no label.
 */
static uint32_t find_box(const uint8_t *end, size_t length)
{
	if (length < EMPTY_BYTES)
		return 0;
	uint32_t size = be32_get(end + length - 4);
	if (size < EMPTY_BYTES || size > length || size - EMPTY_BYTES >= CLIP_LABEL_BYTES)
		return 0;
	const uint8_t *start = end + length - size;
	return be32_get(start) == size && memcmp(start + 4, head_end, sizeof(head_end)) == 0 ? size : 0;
}

/* Reads the last bytes of the file, in which the box is. Returns their number, or -1 with errno. */
static ssize_t read_end(int fd, uint8_t end[EMPTY_BYTES + CLIP_LABEL_BYTES], struct stat *status)
{
	if (fstat(fd, status) != 0)
		return -1;
	size_t room = EMPTY_BYTES + CLIP_LABEL_BYTES;
	if (status->st_size < (off_t)room)
		room = (size_t)status->st_size;
	return read_at(fd, end, room, (uint64_t)status->st_size - room);
}

bool clip_label_read(int fd, char out[CLIP_LABEL_BYTES])
{
	uint8_t end[EMPTY_BYTES + CLIP_LABEL_BYTES];
	struct stat status;
	ssize_t got = read_end(fd, end, &status);

	out[0] = '\0';
	if (got < 0)
		return false;
	uint32_t size = find_box(end, (size_t)got);
	if (size == 0)
		return true;
	memcpy(out, end + (size_t)got - size + HEAD_BYTES, size - EMPTY_BYTES);
	out[size - EMPTY_BYTES] = '\0';
	return true;
}

static bool keep_time(int fd, const struct stat *before)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, before->st_mtim};

	times[1].tv_nsec += 1000;
	if (times[1].tv_nsec >= NS_PER_S) {
		times[1].tv_nsec -= NS_PER_S;
		times[1].tv_sec++;
	}
	return futimens(fd, times) == 0;
}

bool clip_label_replace(int fd, const char *label)
{
	uint8_t end[EMPTY_BYTES + CLIP_LABEL_BYTES];
	struct buffer box = {0};
	struct stat before;
	ssize_t got = read_end(fd, end, &before);

	if (got < 0)
		return false;
	uint32_t size = find_box(end, (size_t)got);
	if (size == 0 && !*label)
		return true;
	errno = ENOMEM;
	bool good = make_box(label, size ? size - EMPTY_BYTES : 0, &box) &&
		    write_at(fd, box.data, box.length, (uint64_t)before.st_size - size) && keep_time(fd, &before);
	buffer_free(&box);
	return good;
}
