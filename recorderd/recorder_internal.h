/*
 * recorder_internal.h - what the files of the recorder share: what a start can fail for, and its end
 * (recorder_open.c); running and stopping (recorder.c).
 */
#ifndef RECORDERD_RECORDER_INTERNAL_H
#define RECORDERD_RECORDER_INTERNAL_H

#include "recorderd/capture/capture.h"
#include "recorderd/capture/other_cameras.h"
#include "recorderd/control/control_server.h"
#include "recorderd/encoder/encoder.h"
#include "recorderd/publish.h"
#include "recorderd/recorder.h"
#include "recorderd/ring/leftover_sweep.h"
#include "recorderd/service.h"

struct recorder {
	struct config config;
	struct service service;
	struct other_cameras other_cameras;
	int name_lock;
	struct loop *loop;
	struct archive *archive;
	struct ring_writer *ring;
	struct ring_reader *reader;
	mono_t configured; /* the configuration was read before this */
	uint64_t adopted;
	struct storage *storage;
	struct encoder *encoder;
	struct capture *capture;
	struct control *control; /* NULL: its address was not to be had */
	struct publisher publisher;
	struct leftover_sweep sweep;
	struct loop_watch signals, room;
	struct loop_timer publishing, encoder_late;
	bool stopping;
	bool keep_memory; /* SIGTERM leaves the ring to the next recorder */
	bool interrupted; /* by SIGINT: there will be none */
	bool renewing;    /* the ring: what the old one has is encoded first */
	mono_t stop_by;   /* once it is stopping, or running is over */
	bool hangs;       /* a thread was left in a driver, or on a slow disk: what it uses stays */
};

/* recorder_open.c: the ring, taken over or made, and its reader. */
bool recorder_open_ring(struct recorder *recorder, struct reason *why);

/* Leaves the ring to the next recorder, or gives its memory back (recorder.h). Its reader stays open. NULL is safe. */
void recorder_release_ring(struct recorder *recorder);

#endif
