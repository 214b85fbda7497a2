/* video_ring.c - splits the records of the video ring. */
#include "shared/ring/video_ring.h"

#include <stdio.h>
#include <string.h>

bool video_record_split(const uint8_t *data, size_t bytes, struct video_parts *out)
{
	struct video_record *record = &out->record;

	*out = (struct video_parts){0};
	if (bytes < sizeof(*record))
		return false;
	memcpy(record, data, sizeof(*record));
	if (record->magic != VIDEO_RECORD_MAGIC || record->init_bytes > VIDEO_INIT_MAX || record->moof_bytes == 0 ||
	    record->mdat_bytes == 0)
		return false;
	uint64_t fragment_bytes = (uint64_t)record->moof_bytes + record->mdat_bytes;
	if (sizeof(*record) + record->init_bytes + fragment_bytes != bytes)
		return false;
	out->init = record->init_bytes ? data + sizeof(*record) : NULL;
	out->fragment = data + sizeof(*record) + record->init_bytes;
	out->fragment_bytes = (size_t)fragment_bytes;
	return true;
}

void video_ring_name(const char *ring_name, char out[VIDEO_RING_NAME_BYTES])
{
	snprintf(out, VIDEO_RING_NAME_BYTES, "%.56s.video", ring_name);
}
