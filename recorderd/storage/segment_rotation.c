/* segment_rotation.c - which segment a frame goes into, and when one ends. */
#include "recorderd/storage/storage_internal.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/base/time_text.h"

#define DOUBT_EVERY_US (10 * US_PER_S)
#define REFUSED_MIN    (UINT64_C(64) << 20) /* no file system's limit is smaller */
#define SPARE_MAX      (UINT64_C(16) << 20)

void storage_close_segment(struct storage *storage)
{
	if (storage->writer.media < 0)
		return;
	if (storage->writer.frames) /* one without is removed: the footage before it is the last there is */
		storage->last_wall_us = storage->writer.end_wall_us;
	segment_writer_close(&storage->writer);
	archive_segment_closed(storage->archive);
}

static void list_segment(struct storage *storage)
{
	const struct segment_writer *writer = &storage->writer;
	const struct mp4_init *track = &storage->run->run.track;
	struct catalogue_entry entry = {
		.segment_no = writer->info.segment_no,
		.run_no = writer->info.run_no,
		.start_wall_us = writer->info.first_wall_us,
		.end_wall_us = writer->info.first_wall_us,
		.last_wall_us = writer->info.last_wall_us,
		.first_mono_us = writer->info.first_mono_us,
		.size_bytes = writer->end,
		.media_at = writer->media_at,
		.utc_offset_s = writer->info.utc_offset_s,
		.codec = track->codec,
		.width = track->width,
		.height = track->height,
		.state = CATALOGUE_RECORDING,
		.gap_cause = (uint8_t)writer->info.gap_cause,
		.source = (uint8_t)writer->info.source,
	};

	memcpy(entry.file, writer->file, sizeof(entry.file));
	memcpy(entry.boot_id, writer->info.boot_id, sizeof(entry.boot_id));
	archive_segment_opened(storage->archive, &entry, writer->media);
}

/*
 * Numbers above those of what stands in the folder, which may be another one since the last segment: then what is
 * missing begins with the end of what stands there.
 */
static void take_numbers(struct storage *storage)
{
	struct archive_resume_point start = archive_get_resume_point(storage->archive);

	if (start.folder_no != storage->folder_no && start.last_wall_us)
		storage->last_wall_us = start.last_wall_us;
	storage->folder_no = start.folder_no;
	if (start.next_segment > storage->next_segment)
		storage->next_segment = start.next_segment;
	if (start.next_run > storage->run_no)
		storage->run_no = start.next_run;
}

static void find_limit(struct storage *storage)
{
	struct segment_writer *writer = &storage->writer;
	struct stat status;
	bool refused =
		storage->refused_bytes && fstat(writer->media, &status) == 0 && status.st_dev == storage->refused_dev;

	segment_writer_limit(writer, refused ? storage->refused_bytes : UINT64_MAX);
}

/* A limit that nobody told, such as that of FAT behind FUSE: the next files keep to it. */
static void record_refused_size(struct storage *storage)
{
	struct segment_writer *writer = &storage->writer;
	struct stat status;

	if (!writer->too_large || writer->end < REFUSED_MIN || fstat(writer->media, &status) < 0)
		return;
	storage->refused_bytes = writer->end;
	storage->refused_dev = status.st_dev;
}

static bool open_segment(struct storage *storage, const struct media_frame *frame, struct reason *why)
{
	const struct media *run = storage->run;
	int folder = archive_follow_folder(storage->archive, why);
	bool good;

	if (folder < 0)
		return false;
	take_numbers(storage);
	struct segment_info info = {
		.segment_no = storage->next_segment,
		.run_no = storage->run_no,
		.first_wall_us = frame->wall.us,
		.first_mono_us = frame->mono.us,
		.last_wall_us = storage->last_wall_us,
		.utc_offset_s = time_utc_offset_s(frame->wall),
		.gap_cause = storage->last_wall_us ? storage->next_cause : GAP_START,
		.source = run->run.source,
	};
	memcpy(info.boot_id, storage->boot_id, sizeof(info.boot_id));
	memcpy(info.camera, storage->camera, sizeof(info.camera));
	good = segment_writer_open(&storage->writer, folder, &info, run->data, run->bytes, why);
	close(folder);
	if (!good)
		return false;
	storage->next_segment++;
	storage->next_cause = GAP_NONE;
	find_limit(storage);
	list_segment(storage);
	log_info("storage", "recording to %s", storage->writer.file);
	return true;
}

static bool is_suspect(struct storage *storage)
{
	int64_t now_us = mono_now().us;

	if (now_us < storage->doubt_from_us || !archive_segment_is_suspect(storage->archive))
		return false;
	storage->doubt_from_us = now_us + DOUBT_EVERY_US;
	log_warn("storage", "%s may not be on the disk as it was written: recording goes on in another one",
		 storage->writer.file);
	return true;
}

static bool is_lost(struct storage *storage)
{
	if (archive_folder_moved(storage->archive))
		return true;
	if (!archive_segment_is_deleted(storage->archive))
		return false;
	log_warn("storage", "%s was deleted while it was being recorded", storage->writer.file);
	return true;
}

/*
 * True where the frames up to the next key frame may not fit into the file, and what finishes it behind them: twice as
 * many bytes as there ever were, and at the least a sixteenth of the file, up to 16 MiB, since a picture may suddenly
 * show more.
 */
static bool is_full(struct storage *storage)
{
	struct segment_writer *writer = &storage->writer;
	uint64_t wanted = storage->largest_group.bytes * 2, least;

	find_limit(storage);
	least = writer->limit_bytes / 16 < SPARE_MAX ? writer->limit_bytes / 16 : SPARE_MAX;
	if (segment_writer_room(writer, storage->largest_group.frames * 2) >= (wanted > least ? wanted : least))
		return false;
	log_info("storage", "%s ends early: a file can have at most %llu bytes here", writer->file,
		 (unsigned long long)writer->limit_bytes);
	return true;
}

/*
 * A segment ends on the first key frame past its time, or where it is as large as a file may be, or where somebody
 * deleted its file or put another folder in the place of its own, or the disk may not have it. Time is counted in whole
 * seconds of the wall: the frames of 10:20:00.012 and 10:30:00.004 are 600 s apart, so that segments keep beginning at
 * the same second.
 */
static bool is_due(struct storage *storage, const struct media_frame *frame)
{
	if (storage->writer.media < 0 || !frame->fragment.key)
		return false;
	if (time_floor_second(frame->wall).us - time_floor_second((wall_t){storage->writer.info.first_wall_us}).us >=
	    storage->segment_us)
		return true;
	if (is_full(storage) || is_suspect(storage))
		return true;
	if (!is_lost(storage))
		return false;
	storage->next_cause = GAP_DISK;
	return true;
}

static void count_frame(struct storage *storage, const struct media *media)
{
	struct group *group = &storage->group, *largest = &storage->largest_group;

	if (media->frame.fragment.key)
		*group = (struct group){0};
	group->bytes += media->bytes;
	group->frames++;
	if (group->bytes > largest->bytes)
		largest->bytes = group->bytes;
	if (group->frames > largest->frames)
		largest->frames = group->frames;
}

/* Into the open segment. The frames of one second may be more than a file takes: then what it has is kept. */
static bool append(struct storage *storage, struct media *media, struct reason *why)
{
	struct segment_writer *writer = &storage->writer;

	count_frame(storage, media);
	if (segment_writer_room(writer, 1) < media->bytes)
		return reason_set(why,
				  "a file can have at most %llu bytes in the recordings folder: too few for a second",
				  (unsigned long long)writer->limit_bytes);
	if (segment_writer_append(writer, media, why))
		return true;
	record_refused_size(storage);
	return false;
}

bool storage_write_frame(struct storage *storage, struct media *media, struct reason *why)
{
	if (is_due(storage, &media->frame))
		storage_close_segment(storage);
	if (storage->writer.media < 0) {
		if (!media->frame.fragment.key)
			return false; /* after trouble: the next second's key frame tries again */
		if (!open_segment(storage, &media->frame, why))
			return false;
	}
	if (!append(storage, media, why)) {
		storage_close_segment(storage);
		return false;
	}
	return true;
}
