/* virtual_file_partial.c - which of the files behind a virtual file are partial. */
#include "fcgi/io/virtual_file_internal.h"

struct partial_file *virtual_file_find_partial(const struct virtual_file *file, int fd)
{
	for (size_t i = 0; i < file->partial_count; i++)
		if (file->partial[i].fd == fd)
			return &file->partial[i];
	return NULL;
}

const struct block_map *virtual_file_range_blocks(const struct virtual_file *file,
						  const struct virtual_file_range *range)
{
	if (range->lazy)
		return lazy_files_blocks(file->lazy_files, range->number);
	const struct partial_file *partial = virtual_file_find_partial(file, range->fd);
	return partial ? partial->blocks : NULL;
}
