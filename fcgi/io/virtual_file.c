/*
 * virtual_file.c - pieces of files as one file: see virtual_file.h.
 */
#include "fcgi/io/virtual_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fcgi/io/late_files.h"
#include "shared/base/file_io.h"

struct virtual_file_piece {
	uint64_t at; /* behind the head */
	uint64_t offset, length;
	bool named;
	union {
		int fd;
		uint32_t number; /* of `late`, where it is named */
	};
};

struct virtual_file {
	unsigned owners;
	struct buffer head;
	int head_fd; /* in its place where it is long; else -1 */
	uint64_t head_bytes;
	struct virtual_file_piece *pieces;
	size_t piece_count, piece_room;
	int *fds;
	size_t fd_count, fd_room;
	struct lazy_files *late; /* NULL where nothing is named */
	uint64_t pieces_bytes;
};

struct virtual_file *virtual_file_create(void)
{
	struct virtual_file *file = calloc(1, sizeof(*file));

	if (file)
		*file = (struct virtual_file){.owners = 1, .head_fd = -1};
	return file;
}

struct virtual_file *virtual_file_ref(struct virtual_file *file)
{
	file->owners++;
	return file;
}

void virtual_file_unref(struct virtual_file *file)
{
	if (!file || --file->owners > 0)
		return;
	for (size_t i = 0; i < file->fd_count; i++)
		close(file->fds[i]);
	if (file->head_fd >= 0)
		close(file->head_fd);
	lazy_files_destroy(file->late);
	buffer_free(&file->head);
	free(file->pieces);
	free(file->fds);
	free(file);
}

static bool array_grow(void **array, size_t *room, size_t count, size_t item_bytes)
{
	if (count < *room)
		return true;
	size_t more = *room ? *room * 2 : 4;
	void *grown = reallocarray(*array, more, item_bytes);

	if (!grown)
		return false;
	*array = grown;
	*room = more;
	return true;
}

bool virtual_file_adopt_fd(struct virtual_file *file, int fd)
{
	if (!array_grow((void **)&file->fds, &file->fd_room, file->fd_count, sizeof(int))) {
		close(fd);
		return false;
	}
	file->fds[file->fd_count++] = fd;
	return true;
}

/* Writes the head to a memfd, which becomes the first of all pieces. */
static int head_to_memfd(const struct buffer *head)
{
	int fd = memfd_create("clip-head", MFD_CLOEXEC);

	for (size_t done = 0; fd >= 0 && done < head->length;) {
		ssize_t n = write(fd, head->data + done, head->length - done);
		if (n < 0) {
			close(fd);
			return -1;
		}
		done += (size_t)n;
	}
	return fd;
}

bool virtual_file_set_head(struct virtual_file *file, struct buffer *head)
{
	bool good = !head->failed;

	file->head_bytes = head->length;
	if (good && head->length > VIRTUAL_FILE_HEAD_MAX) {
		file->head_fd = head_to_memfd(head);
		good = file->head_fd >= 0;
		buffer_free(head);
	} else {
		file->head = *head;
	}
	*head = (struct buffer){0};
	return good;
}

static bool piece_add(struct virtual_file *file, const struct virtual_file_piece *piece)
{
	if (!array_grow((void **)&file->pieces, &file->piece_room, file->piece_count,
			sizeof(struct virtual_file_piece)))
		return false;
	file->pieces[file->piece_count++] = *piece;
	file->pieces_bytes += piece->length;
	return true;
}

bool virtual_file_append_range(struct virtual_file *file, int fd, uint64_t offset, uint64_t length)
{
	return piece_add(file, &(struct virtual_file_piece){file->pieces_bytes, offset, length, .fd = fd});
}

bool virtual_file_add_lazy_file(struct virtual_file *file, int folder, const char *name, int fd)
{
	if (!file->late)
		file->late = lazy_files_create(folder);
	return file->late && lazy_files_count(file->late) < UINT32_MAX && lazy_files_add(file->late, name, fd);
}

bool virtual_file_append_lazy_range(struct virtual_file *file, uint64_t offset, uint64_t length)
{
	uint32_t number = (uint32_t)(lazy_files_count(file->late) - 1);

	return piece_add(file, &(struct virtual_file_piece){file->pieces_bytes, offset, length, .named = true,
							    .number = number});
}

uint64_t virtual_file_size(const struct virtual_file *file)
{
	return file->head_bytes + file->pieces_bytes;
}

/* The last piece that begins at or before `at`. */
static const struct virtual_file_piece *piece_at(const struct virtual_file *file, uint64_t at)
{
	size_t low = 0, high = file->piece_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (file->pieces[middle].at <= at)
			low = middle;
		else
			high = middle;
	}
	return &file->pieces[low];
}

/* -1 with errno where a file that was named cannot be opened. */
static int piece_fd(const struct virtual_file *file, const struct virtual_file_piece *piece)
{
	return piece->named ? lazy_files_open(file->late, piece->number) : piece->fd;
}

/* A file that is shorter than it was is an error: what was promised cannot be sent. */
static ssize_t read_file(int fd, uint64_t at, void *out, size_t length)
{
	ssize_t got = read_at(fd, out, length, at);

	if (got > 0)
		return got;
	if (got == 0)
		errno = EIO;
	return -1;
}

static size_t smaller(size_t a, uint64_t b)
{
	return a < b ? a : (size_t)b;
}

ssize_t virtual_file_read(const struct virtual_file *file, uint64_t at, void *out, size_t length)
{
	if (at >= virtual_file_size(file))
		return 0;
	if (at < file->head_bytes) {
		size_t n = smaller(length, file->head_bytes - at);
		if (file->head_fd >= 0)
			return read_file(file->head_fd, at, out, n);
		memcpy(out, file->head.data + at, n);
		return (ssize_t)n;
	}
	at -= file->head_bytes;
	const struct virtual_file_piece *piece = piece_at(file, at);
	uint64_t inside = at - piece->at;
	int fd = piece_fd(file, piece);
	if (fd < 0)
		return -1;
	return read_file(fd, piece->offset + inside, out, smaller(length, piece->length - inside));
}

bool virtual_file_extent_at(const struct virtual_file *file, uint64_t at, struct virtual_file_extent *out)
{
	if (at < file->head_bytes || at >= virtual_file_size(file))
		return false;
	at -= file->head_bytes;
	const struct virtual_file_piece *piece = piece_at(file, at);
	uint64_t inside = at - piece->at;
	*out = (struct virtual_file_extent){piece_fd(file, piece), piece->offset + inside, piece->length - inside};
	return out->fd >= 0;
}
