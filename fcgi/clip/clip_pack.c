/* clip_pack.c - puts the frames of a slice next to each other. */
#include "fcgi/clip/clip_pack.h"

/* Whether a frame continues the row. The second one sets the row's gap. */
static bool row_continues(struct clip_pack *pack, const struct index_record *record)
{
	struct virtual_file_pieces *row = &pack->row;
	uint64_t gap = record->offset - pack->end;

	if (record->offset < pack->end || gap > VIRTUAL_FILE_GAP_MAX || row->count == VIRTUAL_FILE_PIECES_MAX)
		return false;
	if (row->count == 1)
		row->gap = (uint16_t)gap;
	return gap == row->gap;
}

bool clip_pack_end(struct clip_pack *pack)
{
	bool good = pack->row.count == 0 || virtual_file_append_pieces(pack->file, pack->fd, &pack->row);

	pack->row = (struct virtual_file_pieces){0};
	return good;
}

bool clip_pack_add(struct clip_pack *pack, const struct index_record *record)
{
	bool good = true;

	if (pack->row.count == 0 || !row_continues(pack, record)) {
		good = clip_pack_end(pack);
		pack->row.offset = record->offset;
	}
	pack->row.length += record->size;
	pack->row.count++;
	pack->end = record->offset + record->size;
	return good;
}
