/*
 * make_archive - writes an archive of any length without recording it: segments, indexes and the list of them, as the
 * recorder itself writes them, in which one second of video stands again and again.
 *
 *     make_archive [-n SEGMENTS] [-s SECONDS] [-e END] SECOND.mp4 FOLDER
 *
 * SECOND.mp4: fragments of one frame, as FFmpeg makes them, a key frame first; -s: of a segment; -e: seconds since 1970
 * at which the last segment ends (default: now). The segments follow each other without a gap.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "recorderd/fragment_stream.h"
#include "recorderd/segment_repair.h"
#include "recorderd/segment_writer.h"
#include "shared/clock.h"

#define FRAMES_MAX 240u

struct archive_plan {
	long segments, seconds, end_s;
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

static void second_read(struct second *second, const char *path)
{
	struct fragment_stream stream = {0};
	struct reason why;
	FILE *file = fopen(path, "r");
	size_t got;

	if (!file)
		die("cannot open the second");
	do {
		uint8_t *room = fragment_stream_room(&stream, 65536);
		got = room ? fread(room, 1, 65536, file) : 0;
		if (got > 0 && !fragment_stream_push(&stream, got, take_frame, second, &why))
			die(why.text);
	} while (got > 0);
	fclose(file);
	if (second->count == 0 || !second->frames[0]->frame.fragment.key)
		die("the second does not begin with a key frame");
	for (size_t i = 0; i < second->count; i++) {
		second->times_us[i] = (int64_t)i * US_PER_S / (int64_t)second->count;
		second->frames[i]->frame.fragment.duration = (uint32_t)(US_PER_S / (int64_t)second->count);
	}
	second->init = stream.init;
	second->track = stream.track;
	stream.init = (struct buffer){0};
	fragment_stream_finish(&stream);
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

static void archive_make(const struct archive_plan *plan, struct second *second)
{
	struct catalogue_entry *entries = calloc((size_t)plan->segments, sizeof(*entries));
	int folder = open(plan->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int64_t length_us = plan->seconds * US_PER_S, wall_us = plan->end_s * US_PER_S - plan->segments * length_us;
	struct reason why;

	if (!entries || folder < 0)
		die("cannot open the folder");
	for (long i = 0; i < plan->segments; i++, wall_us += length_us) {
		struct segment_info info = {
			.segment_no = (uint64_t)i + 1,
			.run_no = 1,
			.first_wall_us = wall_us,
			.last_wall_us = i > 0 ? wall_us : 0,
			.gap_cause = i > 0 ? GAP_NONE : GAP_START,
			.source = SOURCE_CAMERA,
			.camera = "camera",
		};
		segment_make(folder, second, &info, plan->seconds, &entries[i]);
	}
	if (!catalogue_write(folder, 1, entries, (size_t)plan->segments, true, &why) ||
	    !catalogue_write_json(folder, entries, (size_t)plan->segments, "camera", &why))
		die(why.text);
	close(folder);
	free(entries);
}

static void usage(void)
{
	fprintf(stderr, "usage: make_archive [-n SEGMENTS] [-s SECONDS] [-e END] SECOND.mp4 FOLDER\n");
	exit(2);
}

int main(int argc, char **argv)
{
	struct archive_plan plan = {.segments = 144, .seconds = 600, .end_s = time(NULL)};
	struct second second = {0};
	int option;

	while ((option = getopt(argc, argv, "n:s:e:")) != -1) {
		switch (option) {
		case 'n':
			plan.segments = atol(optarg);
			break;
		case 's':
			plan.seconds = atol(optarg);
			break;
		case 'e':
			plan.end_s = atol(optarg);
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 2 || plan.segments < 1 || plan.seconds < 1)
		usage();
	second_read(&second, argv[optind]);
	plan.folder = argv[optind + 1];
	archive_make(&plan, &second);
	for (size_t i = 0; i < second.count; i++)
		free(second.frames[i]);
	buffer_finish(&second.init);
	return 0;
}
