/* publish.h - collects the status of all parts into one struct recorder_state and publishes it in the ring's header. */
#ifndef RECORDERD_PUBLISH_H
#define RECORDERD_PUBLISH_H

#include "recorderd/archive/archive.h"
#include "recorderd/capture/capture.h"
#include "recorderd/encoder/encoder.h"
#include "recorderd/motion/motion_process.h"
#include "recorderd/notify/hook_server.h"
#include "recorderd/notify/notifier.h"
#include "recorderd/ring/ring_writer.h"
#include "recorderd/storage/storage.h"
#include "shared/ring/ring_reader.h"

struct publisher {
	const struct config *config;
	struct ring_writer *ring;
	const struct ring_reader *reader; /* of the same ring */
	enum memory_limit memory_limit;   /* what decided the ring's size */
	size_t cameras;                   /* of this machine, which share what is free on the disk */
	struct capture *capture;          /* NULL once it is closed */
	struct encoder *encoder;
	const struct motion_process *motion;
	const struct notifier *notifier;
	const struct hook_server *hooks; /* NULL: its socket is not open */
	struct storage *storage;
	struct archive *archive;
	wall_t started;
	mono_t config_read_at;
	enum gap_cause off_cause; /* while recording is off: GAP_OFF or GAP_SCHEDULE */
	wall_t on_at;             /* when record.hours switches it on again; 0: it does not */

	bool disk_logged; /* what the disk can hold */

	struct recorder_state last;     /* as published */
	struct archive_summary summary; /* refreshed once a second */
	mono_t summary_at;
	mono_t hooks_missing_at; /* since then there are hooks and no recorder-hooks; 0: that is not so */
	wall_t hooks_missing;    /* the same by the wall clock */
};

/* Publishes the present state. Does not block. */
void publish(struct publisher *publisher);

/* Publishes the last state once more, as that of a stopped recorder. */
void publish_stopped(struct publisher *publisher);

#endif
