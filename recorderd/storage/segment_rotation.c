/* segment_rotation.c - chooses the segment of each frame, and ends segments. */
#include "recorderd/storage/storage_internal.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/text/time_text.h"

#define SUSPECT_EVERY_US (10 * US_PER_S)
#define REFUSED_MIN      (UINT64_C(64) << 20) /* a smaller file that was refused met another limit */
#define SPARE_MAX        (UINT64_C(16) << 20)

void storage_close_segment(struct storage *storage)
{
	if (storage->writer.media < 0)
		return;
	if (storage->writer.frames) /* a segment without frames is removed again */
		storage->last_wall_us = storage->writer.end_wall_us;
	segment_writer_close(&storage->writer);
	motion_writer_end(&storage->motion_writer);
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
		.flags = (uint8_t)writer->info.flags,
	};

	memcpy(entry.file, writer->file, sizeof(entry.file));
	memcpy(entry.boot_id, writer->info.boot_id, sizeof(entry.boot_id));
	archive_segment_opened(storage->archive, &entry, writer->media);
}

/*
 * Takes numbers above those of the segments in the folder. If it is another folder than that of the last segment, the
 * gap before the next segment begins with the end of the footage there.
 */
static void update_numbers(struct storage *storage)
{
	struct archive_resume_point start = archive_get_resume_point(storage->archive);

	if (start.folder_no != storage->folder_no)
		motion_writer_close(&storage->motion_writer);
	if (start.folder_no != storage->folder_no && start.last_wall_us)
		storage->last_wall_us = start.last_wall_us;
	storage->folder_no = start.folder_no;
	if (start.next_segment > storage->next_segment)
		storage->next_segment = start.next_segment;
	if (start.next_run > storage->run_no)
		storage->run_no = start.next_run;
}

static void update_limit(struct storage *storage)
{
	struct segment_writer *writer = &storage->writer;
	struct stat status;
	bool refused =
		storage->refused_bytes && fstat(writer->media, &status) == 0 && status.st_dev == storage->refused_dev;

	segment_writer_limit(writer, refused ? storage->refused_bytes : UINT64_MAX);
}

/* Notes a limit that could not be known in advance, such as that of FAT through FUSE: later files stay below it. */
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

	if (folder < 0) {
		motion_writer_close(&storage->motion_writer); /* it holds nothing open on a disk that is not there */
		return false;
	}
	update_numbers(storage);
	struct segment_info info = {
		.segment_no = storage->next_segment,
		.run_no = storage->run_no,
		.first_wall_us = frame->wall.us,
		.first_mono_us = frame->mono.us,
		.last_wall_us = storage->last_wall_us,
		.utc_offset_s = time_utc_offset_s(frame->wall),
		.gap_cause = storage->last_wall_us ? storage->next_cause : GAP_START,
		.flags = archive_clock_flags(storage->archive, frame->wall, frame->mono),
		.source = (uint16_t)run->run.source,
	};
	memcpy(info.boot_id, storage->boot_id, sizeof(info.boot_id));
	memcpy(info.camera, storage->camera, sizeof(info.camera));
	bool good = segment_writer_open(&storage->writer, folder, &info, run->data, run->bytes, why);
	if (good)
		motion_writer_begin(&storage->motion_writer, folder, &info, storage->writer.file);
	close(folder);
	if (!good)
		return false;
	storage->next_segment++;
	storage->next_cause = GAP_NONE;
	update_limit(storage);
	list_segment(storage);
	log_info("storage", "recording to %s", storage->writer.file);
	return true;
}

static bool is_suspect(struct storage *storage)
{
	int64_t now_us = mono_now().us;

	if (now_us < storage->suspect_after_us || !archive_segment_is_suspect(storage->archive))
		return false;
	storage->suspect_after_us = now_us + SUSPECT_EVERY_US;
	log_warn("storage", "%s may not be on the disk as it was written; recording continues in a new segment",
		 storage->writer.file);
	return true;
}

static bool has_lost_file(struct storage *storage)
{
	if (archive_folder_moved(storage->archive))
		return true;
	if (!archive_segment_is_deleted(storage->archive))
		return false;
	log_warn("storage", "%s was deleted while it was being recorded", storage->writer.file);
	return true;
}

/*
 * True if the frames up to the next key frame may not fit into the file together with the moov that finishes it. Since
 * pictures may suddenly become more complex, there has to be room for twice the largest GOP so far, and for at least a
 * sixteenth of the largest file size, or 16 MiB.
 */
static bool is_full(struct storage *storage)
{
	struct segment_writer *writer = &storage->writer;
	uint64_t wanted = storage->largest_gop.bytes * 2, least;

	update_limit(storage);
	least = writer->limit_bytes / 16 < SPARE_MAX ? writer->limit_bytes / 16 : SPARE_MAX;
	if (segment_writer_room(writer, storage->largest_gop.frames * 2) >= (wanted > least ? wanted : least))
		return false;
	log_info("storage", "%s ends early: the largest file size in the recordings folder is %llu bytes", writer->file,
		 (unsigned long long)writer->limit_bytes);
	return true;
}

/*
 * True if the segment has to end before this frame: at the first key frame after its time is up, if the file is full,
 * if the disk may not have it, or if somebody deleted the file or replaced the folder. Time is counted in whole seconds
 * of wall time, so that segments always begin at the same second: the frames of 10:20:00.012 and 10:30:00.004 are 600 s
 * apart.
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
	if (!has_lost_file(storage))
		return false;
	storage->next_cause = GAP_DISK;
	return true;
}

static void count_frame(struct storage *storage, const struct media *media)
{
	struct gop *gop = &storage->gop, *largest = &storage->largest_gop;

	if (media->frame.fragment.key)
		*gop = (struct gop){0};
	gop->bytes += media->bytes;
	gop->frames++;
	if (gop->bytes > largest->bytes)
		largest->bytes = gop->bytes;
	if (gop->frames > largest->frames)
		largest->frames = gop->frames;
}

/* Appends to the open segment. If even one GOP exceeds the largest file size, the file keeps the frames that fit. */
static bool append(struct storage *storage, struct media *media, struct reason *why)
{
	struct segment_writer *writer = &storage->writer;

	count_frame(storage, media);
	if (segment_writer_room(writer, 1) < media->bytes)
		return reason_set(
			why, "the largest file size in the recordings folder, %llu bytes, is too small for one second",
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
			return false; /* after an error, recording resumes with a key frame */
		if (!open_segment(storage, &media->frame, why))
			return false;
	}
	if (!append(storage, media, why)) {
		storage_close_segment(storage);
		return false;
	}
	return true;
}
