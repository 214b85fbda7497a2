/* virtual_file.c - bytes in memory followed by ranges of real files. */
#include "fcgi/io/virtual_file_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shared/base/big_endian.h"
#include "shared/base/file_io.h"
#include "shared/base/min.h"

struct virtual_file *virtual_file_create(void)
{
	struct virtual_file *file = calloc(1, sizeof(*file));

	if (file)
		*file = (struct virtual_file){.references = 1, .head_fd = -1, .folder = -1};
	return file;
}

struct virtual_file *virtual_file_ref(struct virtual_file *file)
{
	file->references++;
	return file;
}

void virtual_file_unref(struct virtual_file *file)
{
	if (!file || --file->references > 0)
		return;
	for (size_t i = 0; i < file->fd_count; i++)
		close(file->fds[i]);
	for (size_t i = 0; i < file->partial_count; i++)
		block_map_close(file->partial[i].blocks);
	if (file->head_fd >= 0)
		close(file->head_fd);
	if (file->folder >= 0)
		close(file->folder);
	free(file->partial);
	lazy_files_destroy(file->lazy_files);
	buffer_free(&file->head);
	free(file->ranges);
	free(file->fds);
	free(file);
}

static bool array_grow(void **array, size_t *capacity, size_t count, size_t item_bytes)
{
	if (count < *capacity)
		return true;
	size_t more = *capacity ? *capacity * 2 : 4;
	void *grown = reallocarray(*array, more, item_bytes);

	if (!grown)
		return false;
	*array = grown;
	*capacity = more;
	return true;
}

bool virtual_file_adopt_fd(struct virtual_file *file, int fd)
{
	if (!array_grow((void **)&file->fds, &file->fd_capacity, file->fd_count, sizeof(int))) {
		close(fd);
		return false;
	}
	file->fds[file->fd_count++] = fd;
	return true;
}

bool virtual_file_adopt_partial(struct virtual_file *file, int fd, struct block_map *blocks, int folder)
{
	if (blocks && file->folder < 0)
		file->folder = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	bool good = !blocks || (file->folder >= 0 && array_grow((void **)&file->partial, &file->partial_capacity,
								file->partial_count, sizeof(*file->partial)));
	if (good && blocks)
		file->partial[file->partial_count++] = (struct partial_file){.fd = fd, .blocks = blocks};
	else
		block_map_close(blocks);
	return virtual_file_adopt_fd(file, fd) && good;
}

/* Writes the head to a memfd. Returns -1 on failure. */
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
	bool done = !head->failed;

	file->head_bytes = head->length;
	if (done && head->length > VIRTUAL_FILE_HEAD_MAX) {
		file->head_fd = head_to_memfd(head);
		done = file->head_fd >= 0;
		buffer_free(head);
	} else {
		file->head = *head;
	}
	*head = (struct buffer){0};
	return done;
}

static bool range_add(struct virtual_file *file, const struct virtual_file_range *range)
{
	if (!array_grow((void **)&file->ranges, &file->range_capacity, file->range_count,
			sizeof(struct virtual_file_range)))
		return false;
	file->ranges[file->range_count++] = *range;
	file->ranges_bytes += range->length;
	return true;
}

bool virtual_file_append_range(struct virtual_file *file, int fd, uint64_t offset, uint64_t length)
{
	return range_add(file, &(struct virtual_file_range){
				       .at = file->ranges_bytes, .offset = offset, .length = length, .fd = fd});
}

bool virtual_file_add_lazy_file(struct virtual_file *file, int folder, const char *name, int fd, bool partial)
{
	if (!file->lazy_files)
		file->lazy_files = lazy_files_create(folder);
	return file->lazy_files && lazy_files_count(file->lazy_files) < UINT32_MAX &&
	       lazy_files_add(file->lazy_files, name, fd, partial);
}

/* The number of the lazy file that was added last. */
static uint32_t last_lazy(const struct virtual_file *file)
{
	return (uint32_t)(lazy_files_count(file->lazy_files) - 1);
}

bool virtual_file_append_lazy_range(struct virtual_file *file, uint64_t offset, uint64_t length)
{
	return range_add(file, &(struct virtual_file_range){.at = file->ranges_bytes,
							    .offset = offset,
							    .length = length,
							    .lazy = true,
							    .number = last_lazy(file)});
}

bool virtual_file_append_pieces(struct virtual_file *file, int fd, const struct virtual_file_pieces *pieces)
{
	struct virtual_file_range range = {
		.at = file->ranges_bytes,
		.offset = pieces->offset,
		.length = pieces->length,
		.first_piece = file->piece_count,
		.pieces = pieces->count,
		.gap = pieces->gap,
		.lazy = fd < 0,
	};

	if (fd < 0)
		range.number = last_lazy(file);
	else
		range.fd = fd;
	file->piece_count += pieces->count;
	return range_add(file, &range);
}

void virtual_file_set_lengths(struct virtual_file *file, size_t lengths_at)
{
	file->lengths_at = lengths_at;
}

uint64_t virtual_file_size(const struct virtual_file *file)
{
	return file->head_bytes + file->ranges_bytes;
}

const struct virtual_file_range *virtual_file_range_at(const struct virtual_file *file, uint64_t at)
{
	size_t low = 0, high = file->range_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (file->ranges[middle].at <= at)
			low = middle;
		else
			high = middle;
	}
	return &file->ranges[low];
}

int virtual_file_range_fd(const struct virtual_file *file, const struct virtual_file_range *range)
{
	return range->lazy ? lazy_files_open(file->lazy_files, range->number) : range->fd;
}

/* If the file has been truncated, that is an error, because the promised bytes cannot be sent. */
static ssize_t read_file(int fd, uint64_t at, void *out, size_t length)
{
	ssize_t got = read_at(fd, out, length, at);

	if (got > 0)
		return got;
	if (got == 0)
		errno = EIO;
	return -1;
}

static ssize_t read_head(const struct virtual_file *file, uint64_t at, void *out, size_t length)
{
	size_t n = min_size(length, file->head_bytes - at);

	if (file->head_fd >= 0)
		return read_file(file->head_fd, at, out, n);
	memcpy(out, file->head.data + at, n);
	return (ssize_t)n;
}

/* What one read of a row of pieces takes: each piece, and what is before the next one, which is thrown away. */
struct scatter {
	struct iovec parts[2 * VIRTUAL_FILE_PIECES_MAX];
	int count;
	uint64_t offset; /* in the real file */
	uint8_t gap[VIRTUAL_FILE_GAP_MAX];
};

/* Prepares to read up to `length` bytes from position `inside` of the row on. */
static void scatter_fill(struct scatter *scatter, const struct virtual_file_range *range, const uint8_t *lengths,
			 uint64_t inside, uint8_t *out, size_t length)
{
	unsigned piece = 0;

	scatter->offset = range->offset;
	for (; piece < range->pieces && inside >= be32_get(lengths + piece * 4); piece++) {
		inside -= be32_get(lengths + piece * 4);
		scatter->offset += be32_get(lengths + piece * 4) + (uint64_t)range->gap;
	}
	scatter->offset += inside;
	for (scatter->count = 0; piece < range->pieces && length > 0; piece++, inside = 0) {
		size_t n = min_size(length, be32_get(lengths + piece * 4) - inside);
		if (scatter->count > 0)
			scatter->parts[scatter->count++] = (struct iovec){scatter->gap, range->gap};
		scatter->parts[scatter->count++] = (struct iovec){out, n};
		out += n;
		length -= n;
	}
}

/* How many of the bytes that were read belong to pieces. */
static size_t scatter_taken(const struct scatter *scatter, size_t got)
{
	size_t taken = 0;

	for (int i = 0; i < scatter->count && got > 0; i++) {
		size_t n = min_size(got, scatter->parts[i].iov_len);
		taken += i % 2 == 0 ? n : 0;
		got -= n;
	}
	return taken;
}

/* Reads the lengths of a row of pieces. */
static bool read_lengths(const struct virtual_file *file, const struct virtual_file_range *range,
			 uint8_t lengths[VIRTUAL_FILE_PIECES_MAX * 4])
{
	size_t bytes = (size_t)range->pieces * 4;

	return read_head(file, file->lengths_at + (uint64_t)range->first_piece * 4, lengths, bytes) == (ssize_t)bytes;
}

bool virtual_file_range_offset(const struct virtual_file *file, const struct virtual_file_range *range, uint64_t inside,
			       uint64_t *offset)
{
	uint8_t lengths[VIRTUAL_FILE_PIECES_MAX * 4], unused;
	struct scatter scatter;

	*offset = range->offset + inside;
	if (range->pieces == 0)
		return true;
	if (!read_lengths(file, range, lengths))
		return false;
	scatter_fill(&scatter, range, lengths, inside, &unused, 0);
	*offset = scatter.offset;
	return true;
}

/* Leaves out what is not there: the rest of the last piece, or whole pieces. */
static void scatter_limit(struct scatter *scatter, const struct block_map *blocks)
{
	uint64_t all = 0;

	for (int i = 0; i < scatter->count; i++)
		all += scatter->parts[i].iov_len;
	uint64_t left = block_map_available(blocks, scatter->offset, all);
	int count = 0;
	for (; count < scatter->count && left > 0; count++) {
		scatter->parts[count].iov_len = min_size(scatter->parts[count].iov_len, left);
		left -= scatter->parts[count].iov_len;
	}
	scatter->count = count;
}

static ssize_t read_pieces(const struct virtual_file *file, const struct virtual_file_range *range, int fd,
			   uint64_t inside, uint8_t *out, size_t length)
{
	uint8_t lengths[VIRTUAL_FILE_PIECES_MAX * 4];
	struct scatter scatter;
	ssize_t got;

	if (!read_lengths(file, range, lengths))
		return -1;
	scatter_fill(&scatter, range, lengths, inside, out, length);
	scatter_limit(&scatter, virtual_file_range_blocks(file, range));
	if (scatter.count == 0) {
		errno = EAGAIN;
		return -1;
	}
	do
		got = preadv(fd, scatter.parts, scatter.count, (off_t)scatter.offset);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		return (ssize_t)scatter_taken(&scatter, (size_t)got);
	if (got == 0)
		errno = EIO;
	return -1;
}

ssize_t virtual_file_read(const struct virtual_file *file, uint64_t at, void *out, size_t length)
{
	if (at >= virtual_file_size(file))
		return 0;
	if (at < file->head_bytes)
		return read_head(file, at, out, length);
	at -= file->head_bytes;
	const struct virtual_file_range *range = virtual_file_range_at(file, at);
	uint64_t inside = at - range->at;
	int fd = virtual_file_range_fd(file, range);
	if (fd < 0)
		return -1;
	if (range->pieces > 0)
		return read_pieces(file, range, fd, inside, out, length);
	uint64_t there = block_map_available(virtual_file_range_blocks(file, range), range->offset + inside,
					     min_u64(length, range->length - inside));
	if (there == 0 && length > 0) {
		errno = EAGAIN;
		return -1;
	}
	return read_file(fd, range->offset + inside, out, (size_t)there);
}

bool virtual_file_extent_at(const struct virtual_file *file, uint64_t at, struct virtual_file_extent *out)
{
	if (at < file->head_bytes || at >= virtual_file_size(file))
		return false;
	at -= file->head_bytes;
	const struct virtual_file_range *range = virtual_file_range_at(file, at);
	uint64_t inside = at - range->at;
	if (range->pieces > 0)
		return false;
	out->fd = virtual_file_range_fd(file, range);
	out->offset = range->offset + inside;
	if (out->fd < 0)
		return false;
	out->length = block_map_available(virtual_file_range_blocks(file, range), out->offset, range->length - inside);
	return out->length > 0;
}
