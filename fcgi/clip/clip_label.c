/* clip_label.c - the label of a kept clip. */
#include "fcgi/clip/clip_label.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/big_endian.h"
#include "shared/base/buffer.h"
#include "shared/base/file_io.h"

#define UUID_BYTES  16u
#define HEAD_BYTES  (8u + UUID_BYTES)
#define EMPTY_BYTES (HEAD_BYTES + 4u)

static const uint8_t head_end[4 + UUID_BYTES] = {'u',  'u',  'i',  'd',  0x5a, 0x1f, 0x0c, 0x3e, 0x97, 0x42,
						 0x4b, 0x0e, 0x8d, 0x61, 0x2b, 0xd3, 0x70, 0xe4, 0x9a, 0x18};

bool clip_label_append(int fd, const char *label)
{
	size_t length = strnlen(label, CLIP_LABEL_BYTES - 1);
	struct buffer box = {0};

	buffer_u32(&box, (uint32_t)(EMPTY_BYTES + length));
	buffer_append(&box, head_end, sizeof(head_end));
	buffer_append(&box, label, length);
	buffer_u32(&box, (uint32_t)(EMPTY_BYTES + length));
	errno = box.failed ? ENOMEM : ENOSPC; /* a short write means that the disk is full */
	bool good = !box.failed && write(fd, box.data, box.length) == (ssize_t)box.length;
	buffer_free(&box);
	return good;
}

/* A box that does not fit, or is another one, is no label. */
bool clip_label_read(int fd, char out[CLIP_LABEL_BYTES])
{
	uint8_t box[EMPTY_BYTES + CLIP_LABEL_BYTES];
	struct stat status;

	out[0] = '\0';
	if (fstat(fd, &status) != 0)
		return false;
	size_t room = status.st_size < (off_t)sizeof(box) ? (size_t)status.st_size : sizeof(box);
	ssize_t got = read_at(fd, box, room, (uint64_t)status.st_size - room);
	if (got < 0)
		return false;
	if ((size_t)got != room || room < EMPTY_BYTES)
		return true;
	uint32_t size = be32_get(box + room - 4);
	if (size < EMPTY_BYTES || size > room || size - EMPTY_BYTES >= CLIP_LABEL_BYTES)
		return true;
	const uint8_t *start = box + room - size;
	if (be32_get(start) != size || memcmp(start + 4, head_end, sizeof(head_end)) != 0)
		return true;
	memcpy(out, start + HEAD_BYTES, size - EMPTY_BYTES);
	out[size - EMPTY_BYTES] = '\0';
	return true;
}
