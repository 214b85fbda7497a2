/* ring_open.c - takes over the ring of an earlier recorder, or creates a new one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorderd/ring/ring_writer_internal.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"

#define SHRUNK_MIN    (UINT64_C(4) << 20)
#define BYTES_PER_MIB (UINT64_C(1) << 20)
#define SMALL_FRAME   (UINT64_C(2) << 10) /* the index of a shrunk ring assumes no smaller average */

/* A ring smaller than requested has only as many entries as it can hold frames. */
static uint64_t fitting_entries(const struct ring_request *request, uint64_t data_bytes)
{
	uint64_t entries = data_bytes / SMALL_FRAME + 1024;

	return data_bytes < request->data_bytes && entries < request->index_entries ? entries : request->index_entries;
}

/* The data size of a ring that replaces one of `freed_bytes`. */
static uint64_t fitting_bytes(const struct ring_request *request, uint64_t freed_bytes)
{
	struct ring_layout layout;
	uint64_t data_bytes = request->data_bytes, room = ring_pages_free_bytes(RING_SPARE_PERCENT);
	uint64_t least = data_bytes < SHRUNK_MIN ? data_bytes : SHRUNK_MIN;

	room = room > UINT64_MAX - freed_bytes ? UINT64_MAX : room + freed_bytes;
	/* The index shrinks with the data: the second round uses the room that the first one left for the index. */
	for (int i = 0; i < 2; i++) {
		if (!ring_layout_init(fitting_entries(request, data_bytes), data_bytes, &layout) ||
		    layout.total_bytes <= room)
			return data_bytes;
		data_bytes =
			room > layout.data_offset ? (room - layout.data_offset) / BYTES_PER_MIB * BYTES_PER_MIB : 0;
		data_bytes = data_bytes > least ? data_bytes : least;
	}
	return data_bytes;
}

/*
 * True if a ring is used as it is. That includes a shrunk one, unless a new one would be at least twice as large: its
 * frames need not be copied.
 */
static bool has_wanted_size(const struct ring_request *request, const struct ring_layout *layout)
{
	return layout->index_entries == fitting_entries(request, layout->data_bytes) &&
	       layout->data_bytes <= request->data_bytes &&
	       layout->data_bytes >= fitting_bytes(request, layout->total_bytes) / (request->exact ? 1 : 2);
}

static void set_pointers(struct ring_writer *writer)
{
	uint8_t *memory = (uint8_t *)writer->object.header;

	writer->entries = (void *)(memory + RING_HEADER_BYTES);
	writer->data = memory + writer->object.layout.data_offset;
}

static bool allocate(struct ring_writer *writer, const struct ring_layout *layout, uint64_t promised,
		     struct reason *why)
{
	uint64_t usable;

	if (!ring_pages_allocate_first(writer->object.fd, writer->name, layout, promised, &usable, why))
		return false;
	if (fchmod(writer->object.fd, 0640) != 0 || !ring_object_map(&writer->object, layout))
		return reason_errno(why, "cannot create the ring %s", writer->name);
	atomic_store(&writer->object.header->usable, usable);
	return true;
}

/* Creates all of a ring but `magic`, without which no reader accepts it. */
static bool create_object(struct ring_writer *writer, const char *name, const struct ring_layout *layout,
			  uint64_t promised, struct reason *why)
{
	writer->object.fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0640);
	if (writer->object.fd < 0)
		return reason_errno(why, "cannot create the ring %s", writer->name);
	if (!allocate(writer, layout, promised, why)) {
		shm_unlink(name);
		ring_object_close(&writer->object);
		return false;
	}
	struct ring_header *header = writer->object.header;
	header->version = RING_VERSION;
	header->header_bytes = RING_HEADER_BYTES;
	header->total_bytes = layout->total_bytes;
	header->index_offset = RING_HEADER_BYTES;
	header->index_entries = layout->index_entries;
	header->data_offset = layout->data_offset;
	header->data_bytes = layout->data_bytes;
	atomic_store(&header->mask, writer->mask);
	clock_boot_id(header->boot_id);
	atomic_store(&header->tail, 1);
	set_pointers(writer);
	return true;
}

/* The name of a ring until it has its frames; a random one if a foreign object has the usual one. */
static bool choose_new_name(const struct ring_writer *writer, char out[SHM_NAME_BYTES])
{
	if (!ring_names_remove_others(writer->usual_name, writer->name))
		return shm_name_make_alternate(writer->usual_name, out);
	snprintf(out, SHM_NAME_BYTES, "%.100s" RING_NEW_SUFFIX, writer->usual_name);
	return true;
}

static bool layout_of(const struct ring_request *request, uint64_t freed_bytes, struct ring_layout *out,
		      struct reason *why)
{
	uint64_t data_bytes = fitting_bytes(request, freed_bytes);

	return ring_layout_init(fitting_entries(request, data_bytes), data_bytes, out) ||
	       reason_set(why, "cannot create a ring of %llu frames and %llu bytes",
			  (unsigned long long)request->index_entries, (unsigned long long)request->data_bytes);
}

static bool create(struct ring_writer *writer, const struct ring_request *request, struct reason *why)
{
	struct ring_layout layout;

	if (!layout_of(request, 0, &layout, why) || !create_object(writer, writer->name, &layout, 0, why))
		return false;
	__atomic_store_n(&writer->object.header->magic, RING_MAGIC, __ATOMIC_RELEASE);
	return true;
}

static uint64_t held_bytes(const struct ring_object *object)
{
	struct stat status;

	return fstat(object->fd, &status) == 0 ? (uint64_t)status.st_blocks * 512 : 0;
}

static void rename_object(const char *from, const char *to)
{
	char old_path[SHM_NAME_BYTES], new_path[SHM_NAME_BYTES];

	shm_name_path(from, old_path);
	shm_name_path(to, new_path);
	if (rename(old_path, new_path) != 0)
		log_error("memory", "cannot rename %s to %s: %s", old_path, new_path, strerror(errno));
}

/* False after a crash while frames were being copied, which leaves holes in the usable data. */
static bool has_all_pages(const struct ring_object *object)
{
	return held_bytes(object) >= object->layout.data_offset + atomic_load(&object->header->usable);
}

/*
 * Replaces the old ring by one of another size, with the newest frames. Until it has them it has a name of its own: so
 * readers see one ring or the other, and a crash leaves the old one with the frames that have not been copied yet.
 */
static bool replace(struct ring_writer *writer, const struct ring_request *request, struct ring_object *old,
		    struct reason *why)
{
	char name[SHM_NAME_BYTES];
	struct ring_layout layout;

	if (!choose_new_name(writer, name))
		return reason_errno(why, "cannot find a name for the ring %s", writer->name);
	uint64_t held = held_bytes(old);
	if (!layout_of(request, held, &layout, why) || !ring_pages_have_room(writer->name, &layout, held, why))
		return false;
	uint64_t had = atomic_load(&old->header->head) + 1 - atomic_load(&old->header->tail),
		 first = ring_carry_choose(old, &layout);
	if (!create_object(writer, name, &layout, held_bytes(old), why))
		return false;
	ring_carry(writer, old, first);
	__atomic_store_n(&writer->object.header->magic, RING_MAGIC, __ATOMIC_RELEASE);
	rename_object(name, writer->name);
	if (had > 0 && layout.total_bytes != old->layout.total_bytes)
		log_info("memory",
			 "the ring %s is now %llu MiB instead of %llu and has the newest %llu of the %llu frames of "
			 "the previous one",
			 writer->name, (unsigned long long)(layout.data_bytes / BYTES_PER_MIB),
			 (unsigned long long)(old->layout.data_bytes / BYTES_PER_MIB),
			 (unsigned long long)atomic_load(&writer->object.header->head), (unsigned long long)had);
	ring_object_remove(old, writer->name);
	return true;
}

static bool adopt_object(struct ring_writer *writer, const struct ring_object *old, uint64_t *adopted,
			 struct reason *why)
{
	writer->object = *old;
	/* Bytes up to `reserve` may be half written, so no older frame is there: continue after them. */
	writer->next_pos = atomic_load(&old->header->reserve);
	set_pointers(writer);
	*adopted = atomic_load(&old->header->head);
	return fchmod(old->fd, 0640) == 0 || reason_errno(why, "cannot take over the ring %s", writer->name);
}

/* Frames with less in black than now must not be shown, and no frame tells what is. */
static bool has_same_mask(const struct ring_object *old, uint64_t mask, struct reason *why)
{
	return atomic_load(&old->header->mask) == mask || reason_set(why, "[mask] has changed since then");
}

/* Uses what an earlier recorder left, copies it into a new ring, or drops it. Closes `old` unless it is used. */
static bool take_over(struct ring_writer *writer, const struct ring_request *request, struct ring_object *old,
		      uint64_t *adopted, struct reason *why)
{
	struct reason against;
	bool ok;

	bool usable = ring_object_can_take_over(old, &against),
	     may_be_shown = !usable || has_same_mask(old, request->mask, &against);

	if (usable && may_be_shown) {
		if (has_wanted_size(request, &old->layout) && has_all_pages(old))
			return adopt_object(writer, old, adopted, why);
		ok = replace(writer, request, old, why);
		*adopted = ok ? atomic_load(&writer->object.header->head) : 0;
	} else {
		log_warn("memory", "dropping %llu MiB that an earlier recorder left in the ring %s: %s",
			 (unsigned long long)(held_bytes(old) / BYTES_PER_MIB), writer->name, against.text);
		if (may_be_shown)
			ring_object_remove(old, writer->name);
		else
			ring_object_empty(old, writer->name);
		ok = create(writer, request, why);
	}
	ring_object_close(old);
	return ok;
}

/* A writer that died while it was publishing left its sequence lock odd. */
static void reset_stale_locks(struct ring_writer *writer)
{
	static const struct recorder_state nothing;
	if (atomic_load(&writer->object.header->state_lock) % 2 != 0)
		ring_writer_set_state(writer, &nothing);
	if (atomic_load(&writer->object.header->devices_lock) % 2 != 0)
		ring_writer_set_devices(writer, "");
}

/* The usual name is taken by a foreign object: the ring has another one. */
static bool use_other_name(struct ring_writer *writer, const struct reason *foreign, struct reason *why)
{
	writer->name_warning = *foreign;
	log_warn("memory", "%s. The ring %s has another name until the recorder is restarted without that object",
		 foreign->text, writer->usual_name);
	return ring_names_find_other(writer->usual_name, writer->name) ||
	       shm_name_make_alternate(writer->usual_name, writer->name) ||
	       reason_errno(why, "cannot find a name for the ring %s", writer->usual_name);
}

/* The usual name is free: a ring that had another one gets it again. */
static void restore_usual_name(struct ring_writer *writer)
{
	char other[SHM_NAME_BYTES];

	if (!ring_names_find_other(writer->usual_name, other))
		return;
	if (!ring_names_restore(other, writer->usual_name))
		log_error("memory", "cannot rename the ring %s to %s again: %s", other, writer->usual_name,
			  strerror(errno));
}

/* Sets the name that the ring has or will have. The object of that name, if there is one, is this user's. */
static bool choose_name(struct ring_writer *writer, struct reason *why)
{
	struct ring_object existing;
	struct reason foreign;

	switch (ring_object_open(writer->usual_name, geteuid(), &existing, &foreign)) {
	case RING_OBJECT_FOUND:
		ring_object_close(&existing);
		return true;
	case RING_OBJECT_ABSENT:
		restore_usual_name(writer);
		return true;
	case RING_OBJECT_FOREIGN:
		break;
	}
	return use_other_name(writer, &foreign, why);
}

static bool adopt_or_create(struct ring_writer *writer, const struct ring_request *request, uint64_t *adopted,
			    struct reason *why)
{
	struct ring_object old;

	snprintf(writer->name, sizeof(writer->name), "%s", writer->usual_name);
	if (!choose_name(writer, why))
		return false;
	ring_names_remove_others(writer->usual_name, writer->name);
	switch (ring_object_open(writer->name, geteuid(), &old, why)) {
	case RING_OBJECT_FOUND:
		return take_over(writer, request, &old, adopted, why);
	case RING_OBJECT_ABSENT:
		return create(writer, request, why);
	default:
		return false;
	}
}

/* True if another user took the name while the ring was being created. */
static bool usual_name_was_taken(const struct ring_writer *writer)
{
	struct ring_object existing;
	struct reason unused;

	if (strcmp(writer->name, writer->usual_name) != 0)
		return false;
	enum ring_object_outcome found = ring_object_open(writer->usual_name, geteuid(), &existing, &unused);
	if (found == RING_OBJECT_FOUND)
		ring_object_close(&existing);
	return found == RING_OBJECT_FOREIGN;
}

/* Readers find the ring by the published name. If that fails, the recorder goes on recording. */
static void publish_name(const struct ring_writer *writer)
{
	if (strcmp(writer->name, writer->usual_name) == 0)
		shm_name_withdraw(writer->usual_name);
	else if (!shm_name_publish(writer->usual_name, writer->name, false))
		log_error("memory", "cannot publish the ring's name %s, so nothing can read it: %s", writer->name,
			  strerror(errno));
}

void ring_writer_republish_name(const struct ring_writer *writer)
{
	char published[SHM_NAME_BYTES];

	if (strcmp(writer->name, writer->usual_name) != 0 &&
	    (!shm_name_find_published(writer->usual_name, published) || strcmp(published, writer->name) != 0))
		publish_name(writer);
}

struct ring_writer *ring_writer_open(const struct ring_request *request, uint64_t *data_bytes, uint64_t *adopted,
				     struct reason *why)
{
	struct ring_writer *writer = calloc(1, sizeof(*writer));
	if (!writer) {
		reason_errno(why, "cannot create the ring %s", request->name);
		return NULL;
	}
	writer->object.fd = -1;
	writer->keep_us = request->keep_us;
	writer->mask = request->mask;
	*adopted = 0;
	snprintf(writer->usual_name, sizeof(writer->usual_name), "%.100s", request->name);
	if (!adopt_or_create(writer, request, adopted, why) &&
	    !(usual_name_was_taken(writer) && adopt_or_create(writer, request, adopted, why))) {
		ring_writer_detach(writer);
		return NULL;
	}
	reset_stale_locks(writer);
	publish_name(writer);
	ring_pages_start(&writer->pages, writer->name, writer->object.fd, writer->object.header,
			 &writer->object.layout);
	atomic_store(&writer->object.header->writer_pid, (uint32_t)getpid());
	*data_bytes = writer->object.layout.data_bytes;
	return writer;
}
