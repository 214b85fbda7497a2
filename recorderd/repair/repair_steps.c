/* repair_steps.c - the changes that the repair makes to a segment. */
#include "recorderd/repair/segment_repair_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/file_io.h"
#include "shared/base/log.h"

#define TORN_MAX  (UINT64_C(8) << 20)
#define TYPE_FREE MP4_TYPE('f', 'r', 'e', 'e')
#define TYPE_MDAT MP4_TYPE('m', 'd', 'a', 't')

/* True if anything other than zeros follows `from`. */
static bool has_data_after(int fd, uint64_t from)
{
	uint8_t block[65536];
	ssize_t got;

	while ((got = pread(fd, block, sizeof(block), (off_t)from)) > 0) {
		for (ssize_t i = 0; i < got; i++)
			if (block[i])
				return true;
		from += (uint64_t)got;
	}
	return false;
}

/*
 * A crash tears at most the last fragment, and a power cut leaves zeros. If more than that follows the last whole
 * fragment, a bad sector or the like is the cause, and there may be footage after it: nothing is cut off.
 */
bool repair_tail_is_damage(const struct repair *repair, uint64_t end)
{
	return has_data_after(repair->media, end + TORN_MAX);
}

/* Writes the header of a box of that type and size: 16 bytes if `wide` or if the size needs them, otherwise 8. */
static bool put_box(struct repair *repair, uint32_t type, uint64_t at, uint64_t size, bool wide)
{
	struct buffer header = {0};

	wide |= size > UINT32_MAX;
	buffer_u32(&header, wide ? 1 : (uint32_t)size);
	buffer_u32(&header, type);
	if (wide)
		buffer_u64(&header, size);
	bool good = !header.failed && write_at(repair->media, header.data, header.length, at);
	buffer_free(&header);
	return good;
}

bool repair_reopen(struct repair *repair)
{
	uint8_t header[16] = {0, 0, 0, 16, 'f', 'r', 'e', 'e'};

	if (!write_at(repair->media, header, sizeof(header), repair->layout.free_at) || fdatasync(repair->media) < 0 ||
	    ftruncate(repair->media, (off_t)repair->layout.media_end) < 0)
		return reason_errno(repair->why, "cannot repair %s", repair->file);
	repair->layout.form = SEGMENT_OPEN;
	return true;
}

bool repair_mark_holes(struct repair *repair)
{
	const struct hole *holes = (const struct hole *)(const void *)repair->holes.data;
	size_t count = repair->holes.length / sizeof(*holes);
	uint64_t bytes = 0;

	for (size_t i = 0; i < count; i++) {
		bytes += holes[i].to - holes[i].from;
		if (!put_box(repair, TYPE_FREE, holes[i].from, holes[i].to - holes[i].from, false))
			return reason_errno(repair->why, "cannot repair %s", repair->file);
	}
	if (count && fdatasync(repair->media) < 0)
		return reason_errno(repair->why, "cannot repair %s", repair->file);
	if (count)
		log_warn("archive", "%s: %llu bytes in %zu place%s are damaged; the frames around them are kept",
			 repair->file, (unsigned long long)bytes, count, count == 1 ? "" : "s");
	return true;
}

bool repair_trim_tail(struct repair *repair)
{
	struct stat status;

	if (fstat(repair->media, &status) < 0)
		return reason_errno(repair->why, "cannot read %s", repair->file);
	uint64_t size = (uint64_t)status.st_size, torn = size - repair->end;
	if (size <= repair->end)
		return true;
	if (repair->scan.more_fragments || repair_tail_is_damage(repair, repair->end)) {
		log_warn("archive", "%s: the last %llu bytes are damaged and cannot be played", repair->file,
			 (unsigned long long)torn);
		if (!put_box(repair, TYPE_FREE, repair->end, torn, false))
			return reason_errno(repair->why, "cannot repair %s", repair->file);
		repair->end = size;
	} else {
		log_warn("archive", "%s: cut off %llu bytes after the last whole frame", repair->file,
			 (unsigned long long)torn);
		if (ftruncate(repair->media, (off_t)repair->end) < 0)
			return reason_errno(repair->why, "cannot cut %s", repair->file);
	}
	repair->layout.media_end = repair->end;
	return true;
}

/*
 * Appends the moov, then turns the free box into the header of one mdat. Each step is on disk before the next. If the
 * file cannot become so large, it keeps the open form, which every player can play too.
 */
bool repair_finish_mp4(struct repair *repair)
{
	const struct segment_layout *layout = &repair->layout;
	struct buffer moov = {0};
	bool good = false;

	if (layout->form == SEGMENT_COMPLETE)
		return true;
	if (!segment_build_moov(layout, &repair->index, repair->frames, &moov)) {
		reason_set(repair->why, "cannot finish %s: its index cannot be read", repair->file);
	} else if (!write_at(repair->media, moov.data, moov.length, repair->end) || fdatasync(repair->media) < 0 ||
		   fdatasync(repair->index.fd) < 0 ||
		   !put_box(repair, TYPE_MDAT, layout->free_at, repair->end - layout->free_at, true) ||
		   fdatasync(repair->media) < 0) {
		good = errno == EFBIG;
		reason_errno(repair->why, "cannot finish %s", repair->file);
		if (ftruncate(repair->media, (off_t)repair->end) < 0)
			log_warn("archive", "cannot cut %s: %s", repair->file, strerror(errno));
		if (good)
			log_warn("archive", "%s remains a fragmented MP4: a file cannot be larger on this file system",
				 repair->file);
	} else {
		good = true;
	}
	buffer_free(&moov);
	return good;
}
