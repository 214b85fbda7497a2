/*
 * frame_rewriter.h - frames on their way through the threads that turn and mask them (recorderd/rewrite).
 *
 * A frame goes in as the source delivers it, and comes out turned and masked, in the same order. One with which that
 * cannot be done comes out as damaged, and never otherwise. Nothing but frame_rewriter_destroy() waits. One thread (the
 * event loop) makes all calls.
 */
#ifndef RECORDERD_CAPTURE_FRAME_REWRITER_H
#define RECORDERD_CAPTURE_FRAME_REWRITER_H

#include "recorderd/rewrite/orientation.h"
#include "recorderd/rewrite/privacy_mask.h"
#include "recorderd/source/source.h"

struct frame_rewriter;

struct frame_rewriter_setup {
	struct privacy_mask mask;
	struct orientation orientation;
};

/* Copies the setup. NULL and *why if that failed. */
struct frame_rewriter *frame_rewriter_create(const struct frame_rewriter_setup *setup, struct reason *why);

/* Waits for the frames on which threads are at work, some milliseconds, and discards all. NULL is safe. */
void frame_rewriter_destroy(struct frame_rewriter *rewriter);

/* A descriptor that is readable (level-triggered) while the oldest frame is done. */
int frame_rewriter_fd(const struct frame_rewriter *rewriter);

/* Copies the frame. Returns false if too many are on their way, or memory ran out. */
bool frame_rewriter_put(struct frame_rewriter *rewriter, const struct source_frame *frame);

/* Frames that were put so far will not come out: their source has been closed. */
void frame_rewriter_forget(struct frame_rewriter *rewriter);

/*
 * Gives the oldest frame to `frame`, or reports it to `damaged`, if it is done; one that is to be forgotten goes to
 * neither. Call it when the descriptor is readable.
 */
void frame_rewriter_take(struct frame_rewriter *rewriter, const struct source_sink *sink);

#endif
