/* recording_rig.c - the recorder without a camera, recording into a folder of the test. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "tests/unit/support/camera_jpegs.h"
#include "tests/unit/support/recording_rig.h"

struct rig rig;
static struct reason why;

#define RIG_LIMIT_US (90 * US_PER_S) /* far more than anything here needs */

int rig_prepare(uint64_t ring_bytes)
{
	char name[64];
	struct ring_request request = {.name = name,
				       .data_bytes = ring_bytes,
				       .index_entries = 4096,
				       .keep_us = 3600 * US_PER_S,
				       .exact = true};
	const char *base = getenv("TMPDIR");
	uint64_t bytes;
	const void *memory;

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_ERROR);
	rig = (struct rig){.epoch = 1, .gap_cause = GAP_RECORDER_DOWN, .width = 64, .height = 48};
	rig.mono_offset_us = RIG_WALL_US - 5000 * US_PER_S;
	rig.room.fd = -1;
	snprintf(rig.config.camera.name, sizeof(rig.config.camera.name), "front");
	snprintf(rig.config.record.encoder, sizeof(rig.config.record.encoder), "libx264");
	snprintf(rig.config.record.preset, sizeof(rig.config.record.preset), "ultrafast");
	snprintf(rig.config.record.directory, sizeof(rig.config.record.directory), "%s/recorder-rig-XXXXXX",
		 base ? base : "/dev/shm");
	rig.config.record.enabled = true;
	rig.config.record.sandbox = true;
	rig.config.record.segment_seconds = 600;
	rig.config.record.sync_seconds = 1;
	rig.config.record.quality = 30;
	rig.config.camera.fps = 30;
	if (!mkdtemp(rig.config.record.directory))
		return -1;
	snprintf(name, sizeof(name), "/recorder-rig.%d", (int)getpid());
	rig.ring = ring_writer_open(&request, &bytes, &rig.adopted, &why);
	if (!rig.ring)
		return -1;
	memory = ring_writer_memory(rig.ring, &bytes);
	rig.reader = ring_reader_attach(memory, bytes, &why);
	rig.loop = loop_create();
	return rig.reader && rig.loop ? 0 : -1;
}

int rig_set_up(void **state)
{
	(void)state;
	return rig_prepare(8 << 20);
}

static void rig_room(void *context, uint32_t events)
{
	uint64_t count;

	(void)context;
	(void)events;
	if (read(rig.room.fd, &count, sizeof(count)) > 0)
		encoder_pump(rig.encoder);
}

void rig_start_storage(void)
{
	rig.archive = archive_open(&rig.config, &why);
	if (!rig.archive || !archive_start(rig.archive, &why))
		fail_msg("%s", why.text);
	rig.room = (struct loop_watch){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = rig_room};
	assert_true(loop_watch_set(rig.loop, &rig.room, EPOLLIN));
	rig.storage = storage_start(rig.archive, &rig.config, rig.room.fd);
	assert_non_null(rig.storage);
}

void rig_start(void)
{
	rig_start_storage();
	rig.encoder = encoder_create(&(struct encoder_parts){
		.loop = rig.loop,
		.config = &rig.config,
		.archive = rig.archive,
		.storage = rig.storage,
		.ring = rig.reader,
		.video = rig.video,
		.adopted = rig.adopted,
	});
	assert_non_null(rig.encoder);
	assert_true(archive_wait_repaired(rig.archive).recovered);
}

void rig_put_bytes(int64_t wall_us, const void *data, size_t length)
{
	struct ring_meta meta = {
		.wall_us = wall_us,
		.mono_us = wall_us - rig.mono_offset_us,
		.epoch = rig.epoch,
		.gap_cause = rig.gap_cause,
		.source = rig.source,
		.width = rig.width,
		.height = rig.height,
		.flags = rig.flags,
	};

	assert_int_not_equal(ring_writer_put(rig.ring, &meta, &(struct iovec){(void *)data, length}, 1), 0);
}

void rig_put(int64_t wall_us)
{
	static uint8_t jpeg[1 << 16];
	static size_t length;
	static uint16_t width, height;

	if (width != rig.width || height != rig.height) {
		width = rig.width;
		height = rig.height;
		length = camera_jpeg_make(width, height, jpeg, sizeof(jpeg));
	}
	rig_put_bytes(wall_us, jpeg, length);
}

void rig_put_while_off(int64_t from_us)
{
	rig.flags |= RING_FRAME_RECORDING_OFF;
	for (int i = 0; i < 25; i++) {
		rig_put(from_us + i * US_PER_S / 25);
		encoder_pump(rig.encoder);
	}
	rig.flags = 0;
}

/* Puts the next frames of wall_us[] into the ring, as far as the disk keeps up. */
static void rig_give(void)
{
	while (rig.given < rig.to_give &&
	       rig.given < storage_frames(rig.storage) + storage_dropped(rig.storage) + RIG_AHEAD)
		rig_put(rig.wall_us[rig.given++]);
	if (rig.encoder)
		encoder_pump(rig.encoder);
}

static void rig_round(void *context)
{
	(void)context;
	rig_give();
	if (rig.until(&rig)) {
		loop_stop(rig.loop);
		return;
	}
	if (mono_now().us > rig.limit.us)
		fail_msg("the expected state was not reached");
	loop_timer_set(rig.loop, &rig.round, (mono_t){mono_now().us + 2 * US_PER_MS});
}

void rig_wait(bool (*until)(struct rig *rig))
{
	rig.until = until;
	rig.limit = (mono_t){mono_now().us + RIG_LIMIT_US};
	rig.round.due = rig_round;
	loop_timer_set(rig.loop, &rig.round, mono_now());
	loop_run(rig.loop);
}

bool rig_all_put(struct rig *of)
{
	return of->given == of->to_give;
}

static bool rig_is_drained(struct rig *of)
{
	return of->drained;
}

static void rig_on_drained(void *context)
{
	(void)context;
	rig.drained = true;
}

void rig_stop(void)
{
	if (rig.encoder) {
		rig.drained = false;
		encoder_stop(rig.encoder, rig_on_drained, NULL);
		rig_wait(rig_is_drained);
		encoder_destroy(rig.encoder);
		rig.encoder = NULL;
	}
	if (rig.storage) {
		loop_watch_set(rig.loop, &rig.room, 0);
		assert_true(storage_stop(rig.storage, RIG_LIMIT_US));
		close(rig.room.fd);
		rig.storage = NULL;
	}
	archive_close(rig.archive);
	rig.archive = NULL;
}

int rig_tear_down(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	if (rig.encoder)
		encoder_destroy(rig.encoder);
	if (rig.storage && !storage_stop(rig.storage, RIG_LIMIT_US))
		return -1;
	archive_close(rig.archive);
	loop_destroy(rig.loop);
	ring_reader_close(rig.reader);
	ring_writer_close(rig.ring);
	snprintf(command, sizeof(command), "rm -rf '%s'", rig.config.record.directory);
	return system(command);
}

int rig_folder(void)
{
	int fd = open(rig.config.record.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void rig_read_records(int folder, size_t segment)
{
	const struct catalogue_entry *entry = &rig.segments[segment];
	struct index_reader reader;
	char name[SEGMENT_FILE_BYTES];

	assert_true(index_name(entry->file, name, sizeof(name)));
	assert_int_equal(index_reader_open(folder, name, entry->segment_no, &reader), INDEX_OK);
	uint64_t count = index_reader_count(&reader);
	assert_int_equal(count, entry->frames);
	assert_true(rig.found + count <= RIG_FRAMES);
	assert_int_equal(index_reader_read(&reader, 0, (size_t)count, rig.records + rig.found), count);
	index_reader_close(&reader);
	for (uint64_t i = 0; i < count; i++)
		rig.segment_of[rig.found++] = segment;
}

void rig_read_folder(void)
{
	int folder = rig_folder();
	struct catalogue list;

	assert_int_equal(catalogue_open(folder, &list), CATALOGUE_OK);
	assert_true(list.entries <= RIG_SEGMENTS);
	rig.segment_count = catalogue_read(&list, 0, (size_t)list.entries, rig.segments);
	assert_int_equal(rig.segment_count, list.entries);
	catalogue_close(&list);
	rig.found = 0;
	for (size_t i = 0; i < rig.segment_count; i++)
		rig_read_records(folder, i);
	close(folder);
}

void assert_all_recorded(void)
{
	assert_int_equal(rig.given, rig.to_give);
	for (size_t i = 0; i < rig.found && i < rig.given; i++)
		if (rig.records[i].wall_us != rig.wall_us[i])
			fail_msg("frame %zu is off by %lld us", i,
				 (long long)(rig.records[i].wall_us - rig.wall_us[i]));
	assert_int_equal(rig.found, rig.given);
}

int64_t wall_second(int64_t wall_us)
{
	return wall_us / US_PER_S;
}

void assert_key_frames(void)
{
	for (size_t i = 0; i < rig.found; i++) {
		bool first =
			i == 0 || rig.segments[rig.segment_of[i]].run_no != rig.segments[rig.segment_of[i - 1]].run_no;
		bool wanted = first || wall_second(rig.wall_us[i]) != wall_second(rig.wall_us[i - 1]);

		if (wanted != ((rig.records[i].flags & INDEX_KEY) != 0))
			fail_msg("frame %zu of %lld us: %s a key frame", i, (long long)rig.wall_us[i],
				 wanted ? "not" : "is");
	}
}

void assert_durations(void)
{
	for (size_t i = 1; i < rig.found; i++)
		if (rig.segments[rig.segment_of[i]].run_no == rig.segments[rig.segment_of[i - 1]].run_no)
			assert_int_equal(rig.records[i - 1].duration_us, rig.wall_us[i] - rig.wall_us[i - 1]);
	if (rig.found > 1)
		assert_int_equal(rig.records[rig.found - 1].duration_us, rig.records[rig.found - 2].duration_us);
}

void rig_plan(int64_t first_us, int64_t frames, int64_t per_us, int64_t seconds)
{
	for (int64_t i = 0; i * per_us / frames < seconds * US_PER_S; i++)
		rig.wall_us[rig.to_give++] = first_us + i * per_us / frames;
}

size_t rig_probe(size_t segment)
{
	char command[PATH_MAX + 256], line[64] = "";

	snprintf(command, sizeof(command),
		 "ffprobe -v error -select_streams v -count_packets -show_entries stream=nb_read_packets -of csv=p=0 "
		 "'%s/%s' 2>&1",
		 rig.config.record.directory, rig.segments[segment].file);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(line, sizeof(line), pipe));
	assert_int_equal(pclose(pipe), 0);
	return strtoul(line, NULL, 10);
}
