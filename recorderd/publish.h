/*
 * publish.h - what the workers get to know: the parts' own accounts, as one struct recorder_state in the ring's header.
 */
#ifndef RECORDERD_PUBLISH_H
#define RECORDERD_PUBLISH_H

#include "recorderd/archive/archive.h"
#include "recorderd/capture/capture.h"
#include "recorderd/encoder/encoder.h"
#include "recorderd/ring/ring_writer.h"
#include "recorderd/storage/storage.h"
#include "shared/ring/ring_reader.h"

struct publisher {
	const struct config *config;
	struct ring_writer *ring;
	const struct ring_reader *reader; /* of the same ring */
	enum memory_limit memory_limit;   /* of the size that the ring was given */
	struct capture *capture;          /* NULL once it is closed */
	struct encoder *encoder;
	struct storage *storage;
	struct archive *archive;
	wall_t started;
	mono_t configured; /* the configuration was read */

	struct recorder_state last;
	struct archive_summary summary; /* taken once a second */
	mono_t summarised;
};

void publish(struct publisher *publisher);

/* The last word: stopped. */
void publish_stopped(struct publisher *publisher);

#endif
