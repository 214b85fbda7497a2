/* virtual_file_missing.c - what has to be fetched before a virtual file can be read. */
#include <errno.h>

#include "fcgi/io/virtual_file_internal.h"
#include "shared/base/min.h"

uint64_t virtual_file_head_bytes(const struct virtual_file *file)
{
	return file->head_bytes;
}

/* The head of a file has to be there before anything else of it, since it says which segment it is. */
static bool need_head(const char *name, struct virtual_file_need *out)
{
	out->file = name;
	out->from = 0;
	out->to = BLOCK_MAP_HEAD_BYTES;
	return true;
}

/* Of bytes [inside, length) of a range. */
static bool find_in_range(const struct virtual_file *file, const struct virtual_file_range *range, uint64_t inside,
			  uint64_t length, struct virtual_file_need *out)
{
	const struct partial_file *partial = range->lazy ? NULL : virtual_file_find_partial(file, range->fd);
	const struct block_map *blocks = virtual_file_range_blocks(file, range);
	uint64_t from, to;

	if (partial && partial->lost)
		return need_head(block_map_file(partial->blocks), out);
	if (!blocks || !virtual_file_range_offset(file, range, inside, &from))
		return false;
	to = from + (length - inside);
	if (range->pieces > 0) /* and what is between them */
		to = min_u64(range->offset + range->length + (uint64_t)(range->pieces - 1) * range->gap,
			     to + (uint64_t)range->pieces * range->gap);
	uint64_t missing_at = block_map_missing_at(blocks, from, to);
	if (missing_at == to)
		return false;
	out->file = block_map_file(blocks);
	out->from = missing_at;
	out->to = to;
	out->at += range->pieces > 0 ? missing_at > from : missing_at - from;
	return true;
}

bool virtual_file_find_missing(const struct virtual_file *file, uint64_t at, uint64_t end,
			       struct virtual_file_need *out)
{
	const struct virtual_file_range *range, *first = NULL;

	if (file->partial_count == 0 && !file->lazy_files)
		return false;
	end = min_u64(end, virtual_file_size(file));
	for (at = at < file->head_bytes ? file->head_bytes : at; at < end;
	     at = range->at + range->length + file->head_bytes) {
		uint64_t from = at - file->head_bytes;
		range = virtual_file_range_at(file, from);
		first = first ? first : range;
		*out = (struct virtual_file_need){.at = at};
		if (range->lazy && range != first && (!first->lazy || range->number != first->number))
			return false;
		if (range->lazy && virtual_file_range_fd(file, range) < 0)
			return errno == ESTALE && need_head(lazy_files_name(file->lazy_files, range->number), out);
		if (find_in_range(file, range, from - range->at,
				  min_u64(range->length, end - file->head_bytes - range->at), out))
			return true;
	}
	return false;
}

bool virtual_file_renew(struct virtual_file *file, const struct virtual_file_need *need)
{
	struct virtual_file_need again;

	if (!virtual_file_find_missing(file, need->at, need->at + 1, &again))
		return true;
	const struct virtual_file_range *range = virtual_file_range_at(file, need->at - file->head_bytes);
	if (range->lazy) {
		lazy_files_close(file->lazy_files, range->number);
		return true;
	}
	struct partial_file *partial = virtual_file_find_partial(file, range->fd);
	partial->lost = !block_map_renew(partial->blocks, file->folder, partial->fd);
	return !partial->lost || errno == ENODATA;
}
