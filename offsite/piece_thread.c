/* piece_thread.c - ships the open segment in pieces. */
#include "offsite/piece_thread.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "offsite/piece_state.h"
#include "shared/base/backoff.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/segment/catalogue.h"

#define LOOK_US          (US_PER_S / 4)
#define RETRY_MIN_US     US_PER_S
#define RETRY_MAX_US     (5 * US_PER_S)
#define PIECE_BYTES_MAX  (UINT64_C(8) << 20)
#define RECORDS_PER_READ 256

struct piece_thread {
	struct shipper *shipper;
	struct store_client *client;
	struct piece_state at; /* of the segment that is followed; segment_no 0: none is */
	int media, index;      /* its files; -1: not open */
	bool is_open;          /* it is still being recorded */
	int64_t begun_us;      /* monotonic: when the last piece began */
	int64_t took_us;       /* until it was in the store */
	struct backoff backoff;
};

static void forget(struct piece_thread *thread)
{
	if (thread->media >= 0)
		close(thread->media);
	if (thread->index >= 0)
		close(thread->index);
	thread->media = thread->index = -1;
	thread->at = (struct piece_state){0};
}

/* The last entry of the list, which is the open segment if there is one. False if there is none. */
static bool last_entry(const struct shipper *shipper, struct catalogue_entry *out)
{
	struct catalogue catalogue;
	bool good = catalogue_open(shipper->recordings, &catalogue) == CATALOGUE_OK && catalogue.entries > 0 &&
		    catalogue_read(&catalogue, catalogue.entries - 1, 1, out) == 1;

	catalogue_close(&catalogue);
	return good;
}

static int open_file(const struct shipper *shipper, const char *file)
{
	return openat(shipper->recordings, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

/* Opens the files of the segment that `at` names. */
static bool open_segment(struct piece_thread *thread)
{
	char index[SEGMENT_FILE_BYTES];

	thread->media = open_file(thread->shipper, thread->at.file);
	if (thread->media >= 0 && index_name(thread->at.file, index, sizeof(index)))
		thread->index = open_file(thread->shipper, index);
	if (thread->index < 0)
		forget(thread);
	return thread->index >= 0;
}

static void begin(struct piece_thread *thread, const struct catalogue_entry *entry)
{
	thread->at = (struct piece_state){.segment_no = entry->segment_no, .start_us = entry->start_wall_us};
	memcpy(thread->at.file, entry->file, sizeof(thread->at.file));
	memcpy(thread->at.archive, thread->shipper->archive.id, sizeof(thread->at.archive));
	memcpy(thread->at.bucket, thread->shipper->bucket, sizeof(thread->at.bucket));
	open_segment(thread);
}

/* Finds out which segment is to be followed. False if there is none. */
static bool choose_segment(struct piece_thread *thread)
{
	struct catalogue_entry last;
	bool known = last_entry(thread->shipper, &last);
	bool recording = known && last.state == CATALOGUE_RECORDING && last.segment_no <= OBJECT_SEGMENT_MAX;

	if (thread->index < 0 && recording)
		begin(thread, &last);
	thread->is_open =
		recording && thread->at.segment_no == last.segment_no && strcmp(thread->at.file, last.file) == 0;
	return thread->index >= 0;
}

/* The next piece. */
struct piece {
	uint64_t media_end, index_end;
	int64_t end_wall_us;
};

/* Adds the records that fit into a piece. False if one of them cannot be true, or cannot be read. */
static bool add_records(const struct piece_thread *thread, const struct index_record *records, size_t count,
			struct piece *piece, bool *full)
{
	const struct piece_state *at = &thread->at;

	for (size_t i = 0; i < count; i++) {
		uint64_t end = records[i].offset + records[i].size;

		if (end <= piece->media_end)
			return false;
		*full = end - at->media_at > PIECE_BYTES_MAX && piece->media_end > at->media_at;
		if (*full)
			return true;
		piece->media_end = end;
		piece->index_end += INDEX_RECORD_BYTES;
		piece->end_wall_us = records[i].wall_us + records[i].duration_us;
	}
	return true;
}

/* Finds what is new in the index. *full: there is more than fits into a piece. False: the index is no index. */
static bool next_piece(const struct piece_thread *thread, struct piece *piece, bool *full)
{
	const struct index_reader reader = {.fd = thread->index, .segment_no = thread->at.segment_no};
	struct index_record records[RECORDS_PER_READ];
	uint64_t first = thread->at.index_at ? thread->at.index_at / INDEX_RECORD_BYTES - 1 : 0;
	size_t got;

	*piece = (struct piece){.media_end = thread->at.media_at,
				.index_end = thread->at.index_at ? thread->at.index_at : INDEX_RECORD_BYTES};
	*full = false;
	do {
		got = index_reader_read(&reader, first, RECORDS_PER_READ, records);
		if (!add_records(thread, records, got, piece, full))
			return false;
		first += got;
	} while (got == RECORDS_PER_READ && !*full);
	return true;
}

static enum put_outcome put_piece(struct piece_thread *thread, const struct piece *piece)
{
	struct piece_state *at = &thread->at;
	struct object_name name = shipper_name(thread->shipper, OBJECT_PIECE);
	const struct body body = {
		.ranges = {{.fd = thread->media, .at = at->media_at, .bytes = piece->media_end - at->media_at},
			   {.fd = thread->index, .at = at->index_at, .bytes = piece->index_end - at->index_at}},
		.count = 2,
	};

	name.segment_no = at->segment_no;
	name.start_us = at->start_us;
	name.media_at = at->media_at;
	name.media_bytes = body.ranges[0].bytes;
	name.index_at = at->index_at;
	name.index_bytes = body.ranges[1].bytes;
	thread->begun_us = mono_now().us;
	enum put_outcome outcome = shipper_put(thread->shipper, thread->client, LANE_PIECES, &name, &body);
	thread->took_us = mono_now().us - thread->begun_us;
	if (outcome != PUT_DONE)
		return outcome;
	at->media_at = piece->media_end;
	at->index_at = piece->index_end;
	at->end_wall_us = piece->end_wall_us;
	shipper_note_shipped(thread->shipper, at->end_wall_us);
	if (!piece_state_write(thread->shipper->state, at))
		log_debug("ship", "cannot write " PIECE_STATE_FILE ": %s", strerror(errno));
	return PUT_DONE;
}

/* How long the next piece has to wait: it is to be in the store piece_seconds after the last one began. */
static int64_t due_in_us(const struct piece_thread *thread)
{
	int64_t period_us = thread->shipper->config->store.piece_seconds * US_PER_S;
	int64_t early_us = thread->took_us < period_us / 2 ? thread->took_us : period_us / 2;

	return thread->is_open ? thread->begun_us + period_us - early_us - mono_now().us : 0;
}

/* Ships a piece if one is due. *again: there may be another one at once. */
static enum put_outcome ship(struct piece_thread *thread, bool *again)
{
	struct piece piece;
	bool full;

	*again = false;
	if (!choose_segment(thread))
		return PUT_DONE;
	bool due = due_in_us(thread) <= 0;
	if (!next_piece(thread, &piece, &full)) {
		log_warn("ship", "%s: its index does not fit its media; it is shipped once it is finished",
			 thread->at.file);
		/* Followed no further, but not begun again either while it is the open one. */
		thread->at.index_at = INDEX_OFFSET_MAX;
	}
	bool empty = thread->at.index_at == INDEX_OFFSET_MAX || piece.media_end == thread->at.media_at;
	if (empty) {
		if (!thread->is_open)
			forget(thread);
		return PUT_DONE;
	}
	if (!due && !full)
		return PUT_DONE;
	enum put_outcome outcome = put_piece(thread, &piece);
	*again = outcome == PUT_DONE && (full || !thread->is_open);
	return outcome;
}

static void go_on_from_last_run(struct piece_thread *thread)
{
	const struct shipper *shipper = thread->shipper;

	if (piece_state_read(shipper->state, shipper->archive.id, shipper->bucket, &thread->at)) {
		shipper_note_shipped(thread->shipper, thread->at.end_wall_us);
		open_segment(thread);
	}
}

/* When to look again: another segment may have begun. */
static int64_t look_in_us(const struct piece_thread *thread)
{
	int64_t due_us = due_in_us(thread);

	return due_us > 0 && due_us < LOOK_US ? due_us : LOOK_US;
}

void *piece_thread_run(void *context)
{
	struct piece_thread thread = {.shipper = context, .media = -1, .index = -1};
	bool again;

	thread.backoff = BACKOFF(RETRY_MIN_US, RETRY_MAX_US);
	thread.client = store_client_open(thread.shipper->store, LANE_PIECES);
	go_on_from_last_run(&thread);
	do {
		enum put_outcome outcome = thread.client ? ship(&thread, &again) : PUT_STOPPED;

		if (outcome == PUT_STOPPED)
			break;
		if (outcome == PUT_DONE)
			backoff_reset(&thread.backoff);
		/* It changed under our hands, or is gone: the next look says what there is now. */
		if (outcome == PUT_CHANGED && !thread.is_open)
			forget(&thread);
		if (outcome == PUT_DONE && again)
			continue;
		if (!shipper_sleep(thread.shipper,
				   outcome == PUT_DONE ? look_in_us(&thread) : shipper_retry_us(&thread.backoff)))
			break;
	} while (!shipper_is_stopping(thread.shipper));
	forget(&thread);
	store_client_close(thread.client);
	return NULL;
}
