/* encoder_store.c - passes fragments to storage; while the disk hangs, live video goes on without it. */
#include <stdlib.h>

#include "recorderd/encoder/encoder_internal.h"
#include "shared/base/log.h"
#include "shared/ring/video_ring.h"

/*
 * Once the queue of storage is full (storage.h), there are two cases:
 *
 *     the frames are live   somebody may be watching them, so the child goes on. Their fragments are not stored. When
 *                           storage has room again, the run ends, and the next one begins with the first of these
 *                           frames, which the ring still has. Those that were overwritten are a gap: GAP_DISK.
 *     they are older        recorder-live does not show them, so nothing is read from the child until there is room.
 *
 * JPEGs (codec = mjpeg) are never shown as live video.
 */

static bool is_live(const struct encoder *encoder, const struct media_frame *frame)
{
	return encoder->parts.config->record.codec == CODEC_H264 && mono_now().us - frame->mono.us < VIDEO_RING_LATE_US;
}

static bool announce_run(struct encoder *encoder)
{
	if (encoder->announced)
		return true;

	struct media *run = media_create(MEDIA_RUN, encoder->parser.init.data, encoder->parser.init.length);

	if (!run)
		return false;
	run->run = (struct media_run){
		.gap_cause = encoder->cause,
		.source = encoder->first.source,
		.track = encoder->parser.track,
	};
	run->run.track.entry = NULL;
	storage_push(encoder->parts.storage, run);
	return encoder->announced = true;
}

static void begin_unstored(struct encoder *encoder, uint64_t seq)
{
	encoder->unstored = (struct unstored_frames){
		.from = seq,
		.epoch = encoder->first.epoch,
		.cause = encoder->announced ? GAP_NONE : encoder->cause,
	};
	encoder_end_segment(encoder);
	log_warn("encoder",
		 "%u MiB of video wait for the disk: what follows is shown live, and stored from memory when the disk "
		 "responds",
		 STORAGE_QUEUE_BYTES >> 20);
}

void encoder_store(struct encoder *encoder, struct media *media, uint64_t seq)
{
	encoder->gives_live = is_live(encoder, &media->frame);
	if (!encoder->unstored.from && encoder->gives_live && storage_is_full(encoder->parts.storage))
		begin_unstored(encoder, seq);
	if (encoder->unstored.from) {
		free(media);
		return;
	}
	if (!announce_run(encoder)) {
		free(media);
		encoder->feed.lost++;
		return;
	}
	storage_push(encoder->parts.storage, media);
}

bool encoder_must_wait_for_disk(struct encoder *encoder)
{
	return !encoder->unstored.from && !encoder->gives_live && storage_is_full(encoder->parts.storage);
}

void encoder_store_the_rest(struct encoder *encoder)
{
	const struct unstored_frames unstored = encoder->unstored;
	uint64_t oldest = ring_reader_tail(encoder->parts.ring);
	bool overwritten = oldest > unstored.from;

	if (!unstored.from || !storage_has_room(encoder->parts.storage))
		return;
	encoder->unstored = (struct unstored_frames){0};
	log_info("encoder", "the disk responds: storing what was shown live meanwhile%s",
		 overwritten ? ", except the frames that were overwritten in memory" : "");
	encoder_close_child(encoder);
	encoder->in_flight.count = 0;
	ring_feed_go_back(&encoder->feed, overwritten ? oldest : unstored.from);
	encoder->next_cause = overwritten ? GAP_DISK : unstored.cause;
	encoder->last_epoch = unstored.epoch;
	encoder->lost_end = encoder->gives_live = false;
	if (encoder->state != ENCODER_BACKOFF)
		encoder->state = ENCODER_IDLE;
}
