/*
 * make_archive.c - writes an archive of any length without recording it: segments, indexes and the list of segments, as
 * the recorder itself writes them, in which one second of video is repeated.
 *
 *     make_archive [-l] [-n SEGMENTS] [-s SECONDS] [-e END] [-j JITTER] SECOND.mp4 FOLDER
 *
 * SECOND.mp4: fragments of one frame each, as FFmpeg makes them, beginning with a key frame; -s: length of a segment;
 * -e: end of the last segment, in seconds since 1970 (default: now); -j: how late frames are at most, in microseconds,
 * as those of a real camera are. There are no gaps between the segments.
 *
 * The first segment is written and finished by the recorder's own code; the others are copies of it, each with its own
 * number, time and index. -l: their media is a hard link to the first one's, so a year fits on any disk; except for the
 * newest one, which a recorder reads when it starts.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "recorderd/archive/catalogue_writer.h"
#include "recorderd/ffmpeg/fragment_parser.h"
#include "recorderd/repair/segment_repair.h"
#include "recorderd/storage/segment_writer.h"
#include "recorderd/storage/storage.h"
#include "shared/base/big_endian.h"
#include "shared/base/clock.h"
#include "shared/base/file_io.h"

#define FRAMES_MAX 240u

struct archive_plan {
	long segments, seconds, end_s, jitter_us;
	bool link;
	const char *second, *folder;
};

/* The second that is repeated. */
struct second {
	struct buffer init;
	struct mp4_init track;
	struct media *frames[FRAMES_MAX];
	int64_t times_us[FRAMES_MAX]; /* within the second */
	size_t count;
};

static void die(const char *what)
{
	fprintf(stderr, "make_archive: %s\n", what);
	exit(1);
}

static void take_frame(void *context, uint8_t *data, size_t moof_bytes, size_t total_bytes,
		       const struct mp4_fragment *fragment)
{
	struct second *second = context;
	size_t n = second->count;

	if (n == FRAMES_MAX)
		die("that is more than a second");
	second->frames[n] = media_create(MEDIA_FRAME, data, total_bytes);
	if (!second->frames[n])
		die("memory");
	second->frames[n]->frame = (struct media_frame){.fragment = *fragment, .moof_bytes = (uint32_t)moof_bytes};
	second->count++;
}

/* Chooses when the frames of the second begin. The first one, a key frame, is on time. */
static void frames_time(struct second *second, long jitter_us)
{
	uint32_t random = 1;

	for (size_t i = 0; i < second->count; i++) {
		random = random * 1664525u + 1013904223u;
		int64_t late_us = i > 0 && jitter_us > 0 ? (random >> 8) % (jitter_us + 1) : 0;
		second->times_us[i] = (int64_t)i * US_PER_S / (int64_t)second->count + late_us;
	}
	for (size_t i = 0; i < second->count; i++) {
		int64_t end_us = i + 1 < second->count ? second->times_us[i + 1] : US_PER_S;
		if (end_us <= second->times_us[i])
			die("frames cannot be that late");
		second->frames[i]->frame.fragment.duration = (uint32_t)(end_us - second->times_us[i]);
	}
}

static void second_read(struct second *second, const struct archive_plan *plan)
{
	struct fragment_parser stream = {0};
	struct reason why;
	FILE *file = fopen(plan->second, "r");
	size_t got;

	if (!file)
		die("cannot open the second");
	do {
		uint8_t *room = fragment_parser_reserve(&stream, 65536);
		got = room ? fread(room, 1, 65536, file) : 0;
		if (got > 0 && !fragment_parser_push(&stream, got, take_frame, second, &why))
			die(why.text);
	} while (got > 0);
	fclose(file);
	if (second->count == 0 || !second->frames[0]->frame.fragment.key)
		die("the second does not begin with a key frame");
	frames_time(second, plan->jitter_us);
	second->init = stream.init;
	second->track = stream.track;
	stream.init = (struct buffer){0};
	fragment_parser_free(&stream);
}

static void second_append(struct segment_writer *writer, struct second *second, int64_t wall_us)
{
	struct reason why;

	for (size_t i = 0; i < second->count; i++) {
		second->frames[i]->frame.wall.us = wall_us + second->times_us[i];
		if (!segment_writer_append(writer, second->frames[i], &why))
			die(why.text);
	}
}

static struct segment_info info_of(const struct archive_plan *plan, long number)
{
	int64_t length_us = plan->seconds * US_PER_S;
	int64_t wall_us = plan->end_s * US_PER_S - (plan->segments - number) * length_us;

	return (struct segment_info){
		.segment_no = (uint64_t)number + 1,
		.run_no = 1,
		.first_wall_us = wall_us,
		.last_wall_us = number > 0 ? wall_us : 0,
		.gap_cause = number > 0 ? GAP_NONE : GAP_START,
		.source = SOURCE_CAMERA,
		.camera = "camera",
	};
}

static void segment_make(int folder, struct second *second, const struct segment_info *info, long seconds,
			 struct catalogue_entry *entry)
{
	struct segment_writer writer;
	struct reason why;

	if (!segment_writer_open(&writer, folder, info, second->init.data, second->init.length, &why))
		die(why.text);
	for (long i = 0; i < seconds; i++)
		second_append(&writer, second, info->first_wall_us + i * US_PER_S);
	segment_writer_close(&writer);
	*entry = (struct catalogue_entry){0};
	if (segment_finish(folder, writer.file, entry, NULL, &why) != REPAIR_DONE)
		die("a segment could not be finished");
}

/* A finished segment in memory. */
struct original {
	const struct catalogue_entry *entry;
	struct buffer media, index;
};

static void file_read(int folder, const char *name, struct buffer *out)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0 || !buffer_reserve(out, (size_t)status.st_size) ||
	    read(fd, out->data, (size_t)status.st_size) != status.st_size)
		die("cannot read back the first segment");
	out->length = (size_t)status.st_size;
	close(fd);
}

static void file_write(int folder, const char *name, const struct buffer *data)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0 || !write_at(fd, data->data, data->length, 0))
		die("cannot write a segment");
	close(fd);
}

static void original_read(int folder, const struct catalogue_entry *entry, struct original *out)
{
	char index[SEGMENT_FILE_BYTES];

	*out = (struct original){.entry = entry};
	if (!index_name(entry->file, index, sizeof(index)))
		die("a name is too long");
	file_read(folder, entry->file, &out->media);
	file_read(folder, index, &out->index);
}

/* Moves the records in memory to the time and the number of another segment. */
static void index_move(struct buffer *index, const struct segment_info *info)
{
	struct index_header header;
	struct index_record record;

	memcpy(&header, index->data, sizeof(header));
	int64_t later_us = info->first_wall_us - header.first_wall_us;
	header.segment_no = info->segment_no;
	header.first_wall_us = info->first_wall_us;
	index_header_seal(&header);
	memcpy(index->data, &header, sizeof(header));
	for (size_t at = sizeof(header); at < index->length; at += sizeof(record)) {
		memcpy(&record, index->data + at, sizeof(record));
		record.wall_us += later_us;
		index_record_seal(&record, info->segment_no);
		memcpy(index->data + at, &record, sizeof(record));
	}
}

/* Replaces the info box, which is right after the ftyp. */
static void media_move(struct buffer *media, const struct segment_info *info)
{
	struct buffer box = {0};
	size_t at = be32_get(media->data);

	segment_info_encode(info, &box);
	if (box.failed || at > media->length || box.length > media->length - at)
		die("the first segment has no room for its information");
	memcpy(media->data + at, box.data, box.length);
	buffer_free(&box);
}

static void segment_copy(int folder, struct original *original, const struct segment_info *info, bool link,
			 struct catalogue_entry *entry)
{
	char index[SEGMENT_FILE_BYTES];

	*entry = *original->entry;
	entry->segment_no = info->segment_no;
	entry->start_wall_us = entry->last_wall_us = info->first_wall_us;
	entry->end_wall_us = info->first_wall_us + (original->entry->end_wall_us - original->entry->start_wall_us);
	entry->gap_cause = (uint8_t)info->gap_cause;
	segment_file_name(info->first_wall_us, 1, entry->file);
	if (faccessat(folder, entry->file, F_OK, 0) == 0) /* the hour that comes twice in autumn */
		segment_file_name(info->first_wall_us, 2, entry->file);
	if (!index_name(entry->file, index, sizeof(index)))
		die("a name is too long");
	index_move(&original->index, info);
	file_write(folder, index, &original->index);
	media_move(&original->media, info);
	if (!link)
		file_write(folder, entry->file, &original->media);
	else if (linkat(folder, original->entry->file, folder, entry->file, 0) != 0)
		die("cannot link a segment");
}

static void archive_make(const struct archive_plan *plan, struct second *second)
{
	struct catalogue_entry *entries = calloc((size_t)plan->segments, sizeof(*entries));
	int folder = open(plan->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct segment_info info = info_of(plan, 0);
	struct original original;
	struct reason why;

	if (!entries || folder < 0)
		die("cannot open the folder");
	segment_make(folder, second, &info, plan->seconds, &entries[0]);
	original_read(folder, &entries[0], &original);
	for (long i = 1; i < plan->segments; i++) {
		info = info_of(plan, i);
		segment_copy(folder, &original, &info, plan->link && i + 1 < plan->segments, &entries[i]);
	}
	if (!catalogue_write(folder, 1, entries, (size_t)plan->segments, true, &why) ||
	    !catalogue_write_json(folder, entries, (size_t)plan->segments, "camera", &why))
		die(why.text);
	buffer_free(&original.media);
	buffer_free(&original.index);
	close(folder);
	free(entries);
}

static void usage(void)
{
	fprintf(stderr, "usage: make_archive [-l] [-n SEGMENTS] [-s SECONDS] [-e END] [-j JITTER] SECOND.mp4 FOLDER\n");
	exit(2);
}

int main(int argc, char **argv)
{
	struct archive_plan plan = {.segments = 144, .seconds = 600, .end_s = time(NULL)};
	struct second second = {0};
	int option;

	while ((option = getopt(argc, argv, "ln:s:e:j:")) != -1) {
		switch (option) {
		case 'l':
			plan.link = true;
			break;
		case 'n':
			plan.segments = atol(optarg);
			break;
		case 's':
			plan.seconds = atol(optarg);
			break;
		case 'e':
			plan.end_s = atol(optarg);
			break;
		case 'j':
			plan.jitter_us = atol(optarg);
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 2 || plan.segments < 1 || plan.seconds < 1)
		usage();
	plan.second = argv[optind];
	plan.folder = argv[optind + 1];
	second_read(&second, &plan);
	archive_make(&plan, &second);
	for (size_t i = 0; i < second.count; i++)
		free(second.frames[i]);
	buffer_free(&second.init);
	return 0;
}
