/*
 * recording_bench.h - the recorder without a camera: frames that a test gives go through a real ring, the encoder with
 * the real FFmpeg, storage and archive, into a folder of the test's own; and what stands there afterwards.
 */
#ifndef TESTS_UNIT_SUPPORT_RECORDING_BENCH_H
#define TESTS_UNIT_SUPPORT_RECORDING_BENCH_H

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/archive/archive.h"
#include "recorderd/encoder/encoder.h"
#include "shared/event/loop.h"
#include "recorderd/storage/storage.h"
#include "shared/base/log.h"
#include "recorderd/ring/ring_writer.h"
#include "tests/unit/support/camera_jpegs.h"

#define BENCH_FRAMES   2000
#define BENCH_SEGMENTS 64
#define BENCH_AHEAD    60                        /* so many frames are given before the disk has them */
#define BENCH_LIMIT_US (90 * US_PER_S)           /* far more than anything here needs */
#define BENCH_WALL_US  INT64_C(1800000000437000) /* within a second, in 2027 */

struct bench {
	struct config config;
	struct ring_writer *ring;
	struct ring_reader *reader;
	struct loop *loop;
	struct archive *archive;
	struct storage *storage;
	struct encoder *encoder;
	struct loop_watch room;
	uint64_t adopted;

	/* Given */
	int64_t wall_us[BENCH_FRAMES], mono_offset_us;
	uint32_t stretch, gap_cause, flags;
	uint16_t width, height;
	size_t given;

	/* Waited for */
	struct loop_timer round;
	bool (*until)(struct bench *bench);
	mono_t limit;
	size_t to_give;
	bool drained;

	/* Found in the folder */
	struct catalogue_entry segments[BENCH_SEGMENTS];
	size_t segment_count;
	struct index_record records[BENCH_FRAMES];
	size_t segment_of[BENCH_FRAMES];
	size_t found;
};

static struct bench bench;
static struct reason why;

/* A fresh folder, a ring of that size, and a configuration without retention. */
static inline int bench_prepare(uint64_t ring_bytes)
{
	char name[64];
	struct ring_wish wish = {.name = name,
				 .data_bytes = ring_bytes,
				 .index_entries = 4096,
				 .keep_us = 3600 * US_PER_S,
				 .exact = true};
	const char *base = getenv("TMPDIR");
	uint64_t bytes;
	const void *memory;

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_ERROR);
	bench = (struct bench){.stretch = 1, .gap_cause = GAP_RECORDER_DOWN, .width = 64, .height = 48};
	bench.mono_offset_us = BENCH_WALL_US - 5000 * US_PER_S;
	bench.room.fd = -1;
	snprintf(bench.config.camera.name, sizeof bench.config.camera.name, "bench");
	snprintf(bench.config.record.encoder, sizeof bench.config.record.encoder, "libx264");
	snprintf(bench.config.record.preset, sizeof bench.config.record.preset, "ultrafast");
	snprintf(bench.config.record.directory, sizeof bench.config.record.directory, "%s/recorder-bench-XXXXXX",
		 base ? base : "/dev/shm");
	bench.config.record.enabled = true;
	bench.config.record.sandbox = true;
	bench.config.record.segment_seconds = 600;
	bench.config.record.sync_seconds = 1;
	bench.config.record.quality = 30;
	bench.config.camera.fps = 30;
	if (!mkdtemp(bench.config.record.directory))
		return -1;
	snprintf(name, sizeof name, "/recorder-bench.%d", (int)getpid());
	bench.ring = ring_writer_open(&wish, &bytes, &bench.adopted, &why);
	if (!bench.ring)
		return -1;
	memory = ring_writer_memory(bench.ring, &bytes);
	bench.reader = ring_reader_attach(memory, bytes, &why);
	bench.loop = loop_create();
	return bench.reader && bench.loop ? 0 : -1;
}

static inline int bench_set_up(void **state)
{
	(void)state;
	return bench_prepare(8 << 20);
}

static inline void bench_room(void *context, uint32_t events)
{
	uint64_t count;

	(void)context;
	(void)events;
	if (read(bench.room.fd, &count, sizeof count) > 0)
		encoder_pump(bench.encoder);
}

/* Archive and storage, without an encoder. */
static inline void bench_start_storage(void)
{
	bench.archive = archive_open(&bench.config, &why);
	if (!bench.archive || !archive_start(bench.archive, &why))
		fail_msg("%s", why.text);
	bench.room = (struct loop_watch){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = bench_room};
	assert_true(loop_watch_set(bench.loop, &bench.room, EPOLLIN));
	bench.storage = storage_start(bench.archive, &bench.config, bench.room.fd);
	assert_non_null(bench.storage);
}

static inline void bench_start(void)
{
	bench_start_storage();
	bench.encoder = encoder_create(&(struct encoder_parts){
		.loop = bench.loop,
		.config = &bench.config,
		.archive = bench.archive,
		.storage = bench.storage,
		.ring = bench.reader,
		.adopted = bench.adopted,
	});
	assert_non_null(bench.encoder);
	assert_true(archive_wait(bench.archive).recovered);
}

/* Puts a frame with that wall time into the ring; as the bench's stretch and size say. */
static inline void bench_put_bytes(int64_t wall_us, const void *data, size_t length)
{
	struct ring_meta meta = {
		.wall_us = wall_us,
		.mono_us = wall_us - bench.mono_offset_us,
		.stretch = bench.stretch,
		.gap_cause = bench.gap_cause,
		.width = bench.width,
		.height = bench.height,
		.flags = bench.flags,
	};

	assert_int_not_equal(ring_writer_put(bench.ring, &meta, &(struct iovec){(void *)data, length}, 1), 0);
}

static inline void bench_put(int64_t wall_us)
{
	static uint8_t jpeg[1 << 16];
	static size_t length;
	static uint16_t width, height;

	if (width != bench.width || height != bench.height) {
		width = bench.width;
		height = bench.height;
		length = camera_jpeg_make(width, height, jpeg, sizeof jpeg);
	}
	bench_put_bytes(wall_us, jpeg, length);
}

/* A second of frames that nobody asked for: recording is off. */
static inline void bench_put_left_out(int64_t from_us)
{
	bench.flags = RING_FRAME_OFF;
	for (int i = 0; i < 25; i++) {
		bench_put(from_us + i * US_PER_S / 25);
		encoder_pump(bench.encoder);
	}
	bench.flags = 0;
}

/* Puts the next ones of wall_us[], as far as the disk follows. */
static inline void bench_give(void)
{
	while (bench.given < bench.to_give &&
	       bench.given < storage_frames(bench.storage) + storage_dropped(bench.storage) + BENCH_AHEAD)
		bench_put(bench.wall_us[bench.given++]);
	if (bench.encoder)
		encoder_pump(bench.encoder);
}

static inline void bench_round(void *context)
{
	(void)context;
	bench_give();
	if (bench.until(&bench)) {
		loop_stop(bench.loop);
		return;
	}
	if (mono_now().us > bench.limit.us)
		fail_msg("what was waited for did not come");
	loop_timer_set(bench.loop, &bench.round, (mono_t){mono_now().us + 2 * US_PER_MS});
}

/* Runs the loop until that holds. */
static inline void bench_wait(bool (*until)(struct bench *bench))
{
	bench.until = until;
	bench.limit = (mono_t){mono_now().us + BENCH_LIMIT_US};
	bench.round.due = bench_round;
	loop_timer_set(bench.loop, &bench.round, mono_now());
	loop_run(bench.loop);
}

static inline bool bench_all_given(struct bench *of)
{
	return of->given == of->to_give;
}

static inline bool bench_is_drained(struct bench *of)
{
	return of->drained;
}

static inline void bench_on_drained(void *context)
{
	(void)context;
	bench.drained = true;
}

/* Stops as the recorder does: what is in the ring is encoded, written, finished and listed. */
static inline void bench_stop(void)
{
	if (bench.encoder) {
		bench.drained = false;
		encoder_stop(bench.encoder, bench_on_drained, NULL);
		bench_wait(bench_is_drained);
		encoder_destroy(bench.encoder);
		bench.encoder = NULL;
	}
	if (bench.storage) {
		loop_watch_set(bench.loop, &bench.room, 0);
		assert_true(storage_stop(bench.storage, BENCH_LIMIT_US));
		close(bench.room.fd);
		bench.storage = NULL;
	}
	archive_close(bench.archive);
	bench.archive = NULL;
}

static inline int bench_tear_down(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	if (bench.encoder)
		encoder_destroy(bench.encoder);
	if (bench.storage && !storage_stop(bench.storage, BENCH_LIMIT_US))
		return -1;
	archive_close(bench.archive);
	loop_destroy(bench.loop);
	ring_reader_close(bench.reader);
	ring_writer_close(bench.ring);
	snprintf(command, sizeof command, "rm -rf '%s'", bench.config.record.directory);
	return system(command);
}

static inline int bench_folder(void)
{
	int fd = open(bench.config.record.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static inline void bench_read_records(int folder, size_t segment)
{
	const struct catalogue_entry *entry = &bench.segments[segment];
	struct index_reader reader;
	char name[SEGMENT_FILE_BYTES];

	assert_true(index_name(entry->file, name, sizeof name));
	assert_int_equal(index_reader_open(folder, name, entry->segment_no, &reader), INDEX_GOOD);
	uint64_t count = index_reader_count(&reader);
	assert_int_equal(count, entry->frames);
	assert_true(bench.found + count <= BENCH_FRAMES);
	assert_int_equal(index_reader_read(&reader, 0, (size_t)count, bench.records + bench.found), count);
	index_reader_close(&reader);
	for (uint64_t i = 0; i < count; i++)
		bench.segment_of[bench.found++] = segment;
}

/* Reads the list and every index. */
static inline void bench_look(void)
{
	int folder = bench_folder();
	struct catalogue list;

	assert_int_equal(catalogue_open(folder, &list), CATALOGUE_GOOD);
	assert_true(list.entries <= BENCH_SEGMENTS);
	bench.segment_count = catalogue_read(&list, 0, (size_t)list.entries, bench.segments);
	assert_int_equal(bench.segment_count, list.entries);
	catalogue_close(&list);
	bench.found = 0;
	for (size_t i = 0; i < bench.segment_count; i++)
		bench_read_records(folder, i);
	close(folder);
}

/* Every frame that was given is on disk once, in order, at its own microsecond. */
static inline void assert_all_recorded(void)
{
	assert_int_equal(bench.given, bench.to_give);
	for (size_t i = 0; i < bench.found && i < bench.given; i++)
		if (bench.records[i].wall_us != bench.wall_us[i])
			fail_msg("frame %zu is off by %lld us", i,
				 (long long)(bench.records[i].wall_us - bench.wall_us[i]));
	assert_int_equal(bench.found, bench.given);
}

static inline int64_t second_of(int64_t wall_us)
{
	return wall_us / US_PER_S;
}

/* Key frames are the first frame of a run, and the first of each wall-clock second: no other. */
static inline void assert_key_frames(void)
{
	for (size_t i = 0; i < bench.found; i++) {
		bool first = i == 0 || bench.segments[bench.segment_of[i]].run_no !=
					       bench.segments[bench.segment_of[i - 1]].run_no;
		bool wanted = first || second_of(bench.wall_us[i]) != second_of(bench.wall_us[i - 1]);

		if (wanted != ((bench.records[i].flags & INDEX_KEY) != 0))
			fail_msg("frame %zu of %lld us: %s a key frame", i, (long long)bench.wall_us[i],
				 wanted ? "not" : "is");
	}
}

/* Each frame lasts until the next; the last of a run as long as the one before it. */
static inline void assert_durations(void)
{
	for (size_t i = 1; i < bench.found; i++)
		if (bench.segments[bench.segment_of[i]].run_no == bench.segments[bench.segment_of[i - 1]].run_no)
			assert_int_equal(bench.records[i - 1].duration_us, bench.wall_us[i] - bench.wall_us[i - 1]);
	if (bench.found > 1)
		assert_int_equal(bench.records[bench.found - 1].duration_us,
				 bench.records[bench.found - 2].duration_us);
}

/* Frames at that rate, `seconds` of them. */
static inline void bench_plan(int64_t first_us, int64_t frames, int64_t per_us, int64_t seconds)
{
	for (int64_t i = 0; i * per_us / frames < seconds * US_PER_S; i++)
		bench.wall_us[bench.to_give++] = first_us + i * per_us / frames;
}

/* What FFmpeg finds in a segment: the number of packets that its header lists. */
static inline size_t bench_probe(size_t segment)
{
	char command[PATH_MAX + 256], line[64] = "";

	snprintf(command, sizeof command,
		 "ffprobe -v error -select_streams v -count_packets -show_entries stream=nb_read_packets -of csv=p=0 "
		 "'%s/%s' 2>&1",
		 bench.config.record.directory, bench.segments[segment].file);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(line, sizeof line, pipe));
	assert_int_equal(pclose(pipe), 0);
	return strtoul(line, NULL, 10);
}

#endif
