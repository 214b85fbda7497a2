/* live_entry.c - the entry in the list of a segment that is joined from its pieces. */
#include "offsite/remote/live_entry.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "offsite/remote/camera_list.h"
#include "shared/base/big_endian.h"
#include "shared/segment/index.h"

#define BOX_HEADER 8u

/* The uuid box is the second one, after ftyp. */
static bool read_info(const uint8_t *data, size_t length, struct segment_info *out)
{
	if (length < 2 * BOX_HEADER)
		return false;
	uint32_t first = be32_get(data);
	if (first < BOX_HEADER || first > length - BOX_HEADER)
		return false;
	uint32_t bytes = be32_get(data + first);
	return bytes <= length - first && segment_info_decode(data + first, bytes, out);
}

/* As the recorder names it: by its local time. What else has that name in the list gets another one there. */
static void name_file(const struct segment_info *info, unsigned number, char out[SEGMENT_FILE_BYTES])
{
	time_t seconds = info->first_wall_us / US_PER_S + info->utc_offset_s;
	struct tm local;
	char when[24], suffix[16] = "";

	gmtime_r(&seconds, &local);
	strftime(when, sizeof(when), "%Y%m%d_%H%M%S", &local);
	if (number > 1)
		snprintf(suffix, sizeof(suffix), "_%u", number);
	snprintf(out, SEGMENT_FILE_BYTES, "recording_%s%s.mp4", when, suffix);
}

static bool is_taken(struct fetcher *fetcher, struct remote_camera *camera, const struct live_segment *live,
		     const char *file)
{
	struct remote_segment other;

	for (size_t i = 0; i < camera->live_count; i++)
		if (&camera->live[i] != live && strcmp(camera->live[i].entry.file, file) == 0)
			return true;
	return camera_list_find(fetcher, camera, file, &other) &&
	       (other.entry.segment_no != live->segment_no || strcmp(other.archive, live->archive) != 0);
}

bool live_entry_begin(struct fetcher *fetcher, struct remote_camera *camera, struct live_segment *live,
		      const uint8_t *data, size_t length, struct reason *why)
{
	struct segment_info info;
	char file[SEGMENT_FILE_BYTES];
	unsigned number = 1;

	if (!read_info(data, length, &info) || info.segment_no != live->segment_no)
		return reason_set(why, "a piece of an open segment is damaged");
	do
		name_file(&info, number++, file);
	while (is_taken(fetcher, camera, live, file) && number < 100);
	if (!segment_file_valid(file))
		return reason_set(why, "an open segment has times that cannot be");
	live->entry = (struct catalogue_entry){
		.segment_no = info.segment_no,
		.run_no = info.run_no,
		.start_wall_us = info.first_wall_us,
		.end_wall_us = info.first_wall_us,
		.last_wall_us = info.last_wall_us,
		.first_mono_us = info.first_mono_us,
		.utc_offset_s = info.utc_offset_s,
		.state = CATALOGUE_RECORDING,
		.gap_cause = (uint8_t)info.gap_cause,
		.source = (uint8_t)info.source,
		.flags = (uint8_t)info.flags & (SEGMENT_CLOCK_SYNCHRONISED | SEGMENT_CLOCK_DOUBTFUL),
	};
	memcpy(live->entry.boot_id, info.boot_id, sizeof(live->entry.boot_id));
	snprintf(live->entry.file, sizeof(live->entry.file), "%s", file);
	live->media_name = (struct cache_name){.kind = CACHE_OPEN};
	live->index_name = (struct cache_name){.kind = CACHE_GROWS};
	memcpy(live->media_name.camera, camera->name, sizeof(camera->name));
	memcpy(live->index_name.camera, camera->name, sizeof(camera->name));
	snprintf(live->media_name.file, CACHE_FILE_BYTES, "%s", file);
	index_name(file, live->index_name.file, CACHE_FILE_BYTES);
	snprintf(live->media_name.object, OBJECT_NAME_BYTES, "pieces/%s/%llu-%lld", live->archive,
		 (unsigned long long)live->segment_no, (long long)live->start_us);
	memcpy(live->index_name.object, live->media_name.object, OBJECT_NAME_BYTES);
	return true;
}

/* Once, from the files themselves. */
static bool read_layout(struct fetcher *fetcher, struct live_segment *live, struct reason *why)
{
	struct segment_layout layout = {0};
	int fd = cache_open_file(fetcher->cache, live->media_name.camera, live->media_name.file);

	if (fd < 0)
		return reason_errno(why, "cannot read the cache");
	bool good = segment_read_layout(fd, &layout) == SEGMENT_OK && layout.info.segment_no == live->segment_no;
	live->entry.media_at = layout.media_at;
	live->entry.codec = layout.init.codec;
	live->entry.width = layout.init.width;
	live->entry.height = layout.init.height;
	segment_layout_free(&layout);
	close(fd);
	return good || reason_set(why, "the beginning of an open segment is damaged");
}

bool live_entry_extend(struct fetcher *fetcher, struct live_segment *live, const uint8_t *records, size_t bytes,
		       struct reason *why)
{
	struct index_record record;

	live->entry.size_bytes = live->join.media_end;
	live->entry.frames = live->join.index_end / INDEX_RECORD_BYTES - (live->join.index_end > 0);
	if (bytes < sizeof(record) || live->entry.frames == 0)
		return true;
	memcpy(&record, records + bytes - sizeof(record), sizeof(record));
	if (!index_record_valid(&record, live->segment_no))
		return reason_set(why, "the index of an open segment is damaged");
	live->entry.end_wall_us = record.wall_us + record.duration_us;
	return live->entry.media_at != 0 || read_layout(fetcher, live, why);
}
