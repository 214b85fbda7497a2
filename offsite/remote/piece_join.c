/* piece_join.c - which bytes of a piece continue an open segment. */
#include "offsite/remote/piece_join.h"

#include "shared/segment/index.h"

#define PIECE_BYTES_MAX (UINT64_C(256) << 20) /* the shipper makes none of more than 8 MB and a frame */

static struct piece_part part_of(uint64_t end, uint64_t at, uint64_t bytes, uint64_t before)
{
	uint64_t skip = end > at ? end - at : 0;

	if (skip >= bytes)
		return (struct piece_part){before + bytes, end, 0};
	return (struct piece_part){before + skip, at + skip, bytes - skip};
}

enum piece_outcome piece_join_take(const struct piece_join *join, const struct object_name *piece,
				   struct piece_part *media, struct piece_part *index)
{
	if (piece->media_bytes > PIECE_BYTES_MAX || piece->index_bytes > PIECE_BYTES_MAX ||
	    piece->index_at % INDEX_RECORD_BYTES != 0 || piece->index_bytes % INDEX_RECORD_BYTES != 0)
		return PIECE_BAD;
	if (piece->media_at > join->media_end || piece->index_at > join->index_end)
		return PIECE_HOLE;
	*media = part_of(join->media_end, piece->media_at, piece->media_bytes, 0);
	*index = part_of(join->index_end, piece->index_at, piece->index_bytes, piece->media_bytes);
	return media->bytes > 0 || index->bytes > 0 ? PIECE_NEW : PIECE_OLD;
}
