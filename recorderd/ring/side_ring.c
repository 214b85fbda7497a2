/* side_ring.c - a small ring beside the ring of a camera. */
#include "recorderd/ring/side_ring.h"

#include <stdio.h>
#include <unistd.h>

#include "recorderd/ring/ring_writer_internal.h"
#include "shared/base/log.h"

/* With the frames of the ring that is there, if there is one. */
static bool open_ring(struct side_ring *side, uint64_t data_bytes, struct reason *why)
{
	const struct ring_request request = {
		.name = side->name,
		.data_bytes = data_bytes,
		.index_entries = side->kind->index_entries,
		.keep_us = side->kind->keep_us,
		.exact = true,
		.mask = side->mask,
	};

	side->ring = ring_writer_open(&request, &side->data_bytes, &side->adopted, why);
	if (!side->ring)
		side->data_bytes = side->adopted = 0;
	return side->ring != NULL;
}

/* Logs when there is no ring, once, and when there is one again. */
static bool open_or_log(struct side_ring *side, uint64_t data_bytes)
{
	struct reason why;
	bool opened = open_ring(side, data_bytes, &why);

	if (!opened && !side->missing_logged)
		log_warn("memory", "there is no %s: %s", side->kind->what, why.text);
	if (opened && side->missing_logged)
		log_info("memory", "there is %s again", side->kind->what);
	side->missing_logged = !opened;
	if (!opened)
		side->again_at.us = mono_now().us + SIDE_RING_AGAIN_US;
	return opened;
}

bool side_ring_open(struct side_ring *side, const char *name, const struct side_ring_kind *kind, uint64_t mask)
{
	*side = (struct side_ring){.kind = kind, .mask = mask};
	snprintf(side->name, sizeof(side->name), "%.*s", SIDE_RING_NAME_BYTES - 1, name);
	return open_or_log(side, kind->data_bytes);
}

void side_ring_resize(struct side_ring *side, uint64_t data_bytes)
{
	ring_writer_detach(side->ring);
	open_or_log(side, data_bytes);
}

bool side_ring_check(struct side_ring *side)
{
	if (!side->ring)
		return mono_now().us >= side->again_at.us && open_or_log(side, side->kind->data_bytes);
	ring_writer_republish_name(side->ring);
	if (ring_writer_has_name(side->ring))
		return false;
	log_error("memory", "%s was removed from /dev/shm; creating it again", side->name);
	side_ring_close(side);
	return open_or_log(side, side->data_bytes);
}

uint64_t side_ring_put(struct side_ring *side, struct ring_meta *meta, const struct iovec *parts, int count)
{
	return side->ring ? ring_writer_put(side->ring, meta, parts, count) : 0;
}

uint64_t side_ring_total_bytes(const struct side_ring_kind *kind)
{
	struct ring_layout layout;

	return ring_layout_init(kind->index_entries, kind->data_bytes, &layout) ? layout.total_bytes : 0;
}

void side_ring_close(struct side_ring *side)
{
	if (side->ring && side->kind->readable)
		ring_writer_retire(side->ring);
	else
		ring_writer_close(side->ring);
	side->ring = NULL;
}

void side_ring_empty(struct side_ring *side)
{
	ring_writer_empty(side->ring);
	side->ring = NULL;
}

void side_ring_detach(struct side_ring *side)
{
	ring_writer_detach(side->ring);
	side->ring = NULL;
}

void side_ring_remove_leftover(const char *name)
{
	struct ring_object object;
	struct reason unused;

	ring_names_remove_others(name, "");
	shm_name_withdraw(name);
	if (ring_object_open(name, geteuid(), &object, &unused) != RING_OBJECT_FOUND)
		return;
	ring_object_remove(&object, name);
	ring_object_close(&object);
}
