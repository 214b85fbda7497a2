/* ring_open.c - takes over what an earlier recorder left in memory, or makes a new ring: see ring_writer.h. */
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

#define SHRUNK_LEAST  (UINT64_C(4) << 20)
#define BYTES_PER_MIB (UINT64_C(1) << 20)
#define SMALL_FRAME   (UINT64_C(2) << 10) /* a shrunk ring has no index for frames that are smaller on average */

/* Of a ring that is smaller than was wanted: as many as its frames can be. */
static uint64_t fitting_entries(const struct ring_request *wish, uint64_t data_bytes)
{
	uint64_t entries = data_bytes / SMALL_FRAME + 1024;

	return data_bytes < wish->data_bytes && entries < wish->index_entries ? entries : wish->index_entries;
}

/* The data bytes that a ring gets which takes the place of one of `freed_bytes`. */
static uint64_t fitting_bytes(const struct ring_request *wish, uint64_t freed_bytes)
{
	struct ring_layout layout;
	uint64_t data_bytes = wish->data_bytes, room = ring_pages_free_bytes(RING_SPARE_PERCENT);
	uint64_t least = data_bytes < SHRUNK_LEAST ? data_bytes : SHRUNK_LEAST;

	if (wish->exact)
		return data_bytes;
	room = room > UINT64_MAX - freed_bytes ? UINT64_MAX : room + freed_bytes;
	/* The index shrinks with the data: a second look takes back what the first one left for it. */
	for (int i = 0; i < 2; i++) {
		if (!ring_layout_init(fitting_entries(wish, data_bytes), data_bytes, &layout) ||
		    layout.total_bytes <= room)
			return data_bytes;
		data_bytes =
			room > layout.data_offset ? (room - layout.data_offset) / BYTES_PER_MIB * BYTES_PER_MIB : 0;
		data_bytes = data_bytes > least ? data_bytes : least;
	}
	return data_bytes;
}

/*
 * Whether a ring is gone on with as it is. One that was shrunk once is, while a new one would not get twice as much:
 * its frames need not be copied.
 */
static bool has_wanted_size(const struct ring_request *wish, const struct ring_layout *layout)
{
	return layout->index_entries == fitting_entries(wish, layout->data_bytes) &&
	       layout->data_bytes <= wish->data_bytes &&
	       layout->data_bytes >= fitting_bytes(wish, layout->total_bytes) / (wish->exact ? 1 : 2);
}

static void use(struct ring_writer *writer)
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
		return reason_errno(why, "cannot make the ring %s", writer->name);
	atomic_store(&writer->object.header->usable, usable);
	return true;
}

/* All of a new ring but `magic`, without which no reader takes it for one. */
static bool make(struct ring_writer *writer, const char *name, const struct ring_layout *layout, uint64_t promised,
		 struct reason *why)
{
	writer->object.fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0640);
	if (writer->object.fd < 0)
		return reason_errno(why, "cannot make the ring %s", writer->name);
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
	clock_boot_id(header->boot_id);
	atomic_store(&header->tail, 1);
	use(writer);
	return true;
}

/* The name of a ring that has not got its frames yet: where a stranger has taken the usual one, another. */
static bool new_name(const struct ring_writer *writer, char out[SHM_NAME_BYTES])
{
	if (!ring_names_remove_others(writer->usual, writer->name))
		return shm_name_make_alternate(writer->usual, out);
	snprintf(out, SHM_NAME_BYTES, "%.100s" RING_NEW_SUFFIX, writer->usual);
	return true;
}

static bool layout_of(const struct ring_request *wish, uint64_t freed_bytes, struct ring_layout *out,
		      struct reason *why)
{
	uint64_t data_bytes = fitting_bytes(wish, freed_bytes);

	return ring_layout_init(fitting_entries(wish, data_bytes), data_bytes, out) ||
	       reason_set(why, "a ring of %llu frames and %llu bytes cannot be made",
			  (unsigned long long)wish->index_entries, (unsigned long long)wish->data_bytes);
}

static bool create(struct ring_writer *writer, const struct ring_request *wish, struct reason *why)
{
	struct ring_layout layout;

	if (!layout_of(wish, 0, &layout, why) || !make(writer, writer->name, &layout, 0, why))
		return false;
	__atomic_store_n(&writer->object.header->magic, RING_MAGIC, __ATOMIC_RELEASE);
	return true;
}

static uint64_t held_bytes(const struct ring_object *object)
{
	struct stat status;

	return fstat(object->fd, &status) == 0 ? (uint64_t)status.st_blocks * 512 : 0;
}

static void give_name(const char *from, const char *to)
{
	char old_path[SHM_NAME_BYTES], new_path[SHM_NAME_BYTES];

	shm_name_path(from, old_path);
	shm_name_path(to, new_path);
	if (rename(old_path, new_path) != 0)
		log_error("memory", "%s cannot be renamed to %s: %s", old_path, new_path, strerror(errno));
}

/* A crash in the middle of carrying frames over leaves holes in what may be written to. */
static bool has_its_pages(const struct ring_object *object)
{
	return held_bytes(object) >= object->layout.data_offset + atomic_load(&object->header->usable);
}

/*
 * A ring of another size takes the place of the old one, with its newest frames. Until it has them it bears a name of
 * its own, so that readers see one ring or the next, and a crash leaves the old one with the frames that still count.
 */
static bool replace(struct ring_writer *writer, const struct ring_request *wish, struct ring_object *old,
		    struct reason *why)
{
	char name[SHM_NAME_BYTES];
	struct ring_layout layout;

	if (!new_name(writer, name))
		return reason_errno(why, "there is no name for the ring %s", writer->name);
	uint64_t held = held_bytes(old);
	if (!layout_of(wish, held, &layout, why) || !ring_pages_have_room(writer->name, &layout, held, why))
		return false;
	uint64_t had = atomic_load(&old->header->head) + 1 - atomic_load(&old->header->tail),
		 first = ring_carry_choose(old, &layout);
	if (!make(writer, name, &layout, held_bytes(old), why))
		return false;
	ring_carry(writer, old, first);
	__atomic_store_n(&writer->object.header->magic, RING_MAGIC, __ATOMIC_RELEASE);
	give_name(name, writer->name);
	if (had > 0 && layout.total_bytes != old->layout.total_bytes)
		log_info("memory",
			 "the ring has another size now, %llu MiB instead of %llu: it has the newest %llu of the "
			 "%llu frames of the one before",
			 (unsigned long long)(layout.data_bytes / BYTES_PER_MIB),
			 (unsigned long long)(old->layout.data_bytes / BYTES_PER_MIB),
			 (unsigned long long)atomic_load(&writer->object.header->head), (unsigned long long)had);
	ring_object_remove(old, writer->name);
	return true;
}

static bool adopt_object(struct ring_writer *writer, const struct ring_object *old, uint64_t *adopted,
			 struct reason *why)
{
	writer->object = *old;
	/* The bytes up to reserve may be half-written already, so that no older frame can stand there: go on behind
	 * them. */
	writer->next_pos = atomic_load(&old->header->reserve);
	use(writer);
	*adopted = atomic_load(&old->header->head);
	return fchmod(old->fd, 0640) == 0 || reason_errno(why, "cannot take the ring %s", writer->name);
}

/* What an earlier recorder left: gone on with, carried over, or dropped for a new one. Closes `old` where it is not
 * gone on with. */
static bool take_over(struct ring_writer *writer, const struct ring_request *wish, struct ring_object *old,
		      uint64_t *adopted, struct reason *why)
{
	struct reason against;
	bool good;

	if (ring_object_can_take_over(old, &against)) {
		if (has_wanted_size(wish, &old->layout) && has_its_pages(old))
			return adopt_object(writer, old, adopted, why);
		good = replace(writer, wish, old, why);
		*adopted = good ? atomic_load(&writer->object.header->head) : 0;
	} else {
		log_warn("memory", "what a recorder before this one left in memory, %llu MiB, is dropped: %s",
			 (unsigned long long)(held_bytes(old) / BYTES_PER_MIB), against.text);
		ring_object_remove(old, writer->name);
		good = create(writer, wish, why);
	}
	ring_object_close(old);
	return good;
}

/* A writer that died while it published left its lock odd. */
static void reset_stale_locks(struct ring_writer *writer)
{
	static const struct recorder_state nothing;
	if (atomic_load(&writer->object.header->state_lock) % 2 != 0)
		ring_writer_set_state(writer, &nothing);
	if (atomic_load(&writer->object.header->devices_lock) % 2 != 0)
		ring_writer_set_devices(writer, "");
}

/* What has the usual name is a stranger's: the ring has another one. */
static bool use_other_name(struct ring_writer *writer, const struct reason *stranger, struct reason *why)
{
	writer->note = *stranger;
	log_warn("memory", "%s. The frames in memory have another name until the recorder is started without it",
		 stranger->text);
	return ring_names_find_other(writer->usual, writer->name) ||
	       shm_name_make_alternate(writer->usual, writer->name) ||
	       reason_errno(why, "there is no name for the ring %s", writer->usual);
}

/* The usual name is free: also for a ring that had another one. */
static void restore_usual_name(struct ring_writer *writer)
{
	char other[SHM_NAME_BYTES];

	if (!ring_names_find_other(writer->usual, other))
		return;
	if (!ring_names_restore(other, writer->usual))
		log_error("memory", "the ring %s cannot have the name %s again: %s", other, writer->usual,
			  strerror(errno));
}

/* The name that the ring has, or shall have; its object, if it is there, is of this user. */
static bool choose_name(struct ring_writer *writer, struct reason *why)
{
	struct ring_object there;
	struct reason stranger;

	switch (ring_object_open(writer->usual, geteuid(), &there, &stranger)) {
	case RING_OBJECT_FOUND:
		ring_object_close(&there);
		return true;
	case RING_OBJECT_ABSENT:
		restore_usual_name(writer);
		return true;
	case RING_OBJECT_FOREIGN:
		break;
	}
	return use_other_name(writer, &stranger, why);
}

static bool adopt_or_create(struct ring_writer *writer, const struct ring_request *wish, uint64_t *adopted,
			    struct reason *why)
{
	struct ring_object old;

	snprintf(writer->name, sizeof(writer->name), "%s", writer->usual);
	if (!choose_name(writer, why))
		return false;
	ring_names_remove_others(writer->usual, writer->name);
	switch (ring_object_open(writer->name, geteuid(), &old, why)) {
	case RING_OBJECT_FOUND:
		return take_over(writer, wish, &old, adopted, why);
	case RING_OBJECT_ABSENT:
		return create(writer, wish, why);
	default:
		return false;
	}
}

/* A stranger was quicker. */
static bool usual_name_was_taken(const struct ring_writer *writer)
{
	struct ring_object there;
	struct reason unused;

	if (strcmp(writer->name, writer->usual) != 0)
		return false;
	enum ring_object_outcome found = ring_object_open(writer->usual, geteuid(), &there, &unused);
	if (found == RING_OBJECT_FOUND)
		ring_object_close(&there);
	return found == RING_OBJECT_FOREIGN;
}

/* Readers find the ring by it. A recorder that cannot say it goes on recording. */
static void publish_name(const struct ring_writer *writer)
{
	if (strcmp(writer->name, writer->usual) == 0)
		shm_name_withdraw(writer->usual);
	else if (!shm_name_publish(writer->usual, writer->name, false))
		log_error("memory", "the name of the ring, %s, cannot be published (%s): nobody can read it",
			  writer->name, strerror(errno));
}

void ring_writer_republish_name(const struct ring_writer *writer)
{
	char published[SHM_NAME_BYTES];

	if (strcmp(writer->name, writer->usual) != 0 &&
	    (!shm_name_find_published(writer->usual, published) || strcmp(published, writer->name) != 0))
		publish_name(writer);
}

struct ring_writer *ring_writer_open(const struct ring_request *wish, uint64_t *data_bytes, uint64_t *adopted,
				     struct reason *why)
{
	struct ring_writer *writer = calloc(1, sizeof(*writer));
	if (!writer) {
		reason_errno(why, "cannot make the ring %s", wish->name);
		return NULL;
	}
	writer->object.fd = -1;
	writer->keep_us = wish->keep_us;
	*adopted = 0;
	snprintf(writer->usual, sizeof(writer->usual), "%.100s", wish->name);
	if (!adopt_or_create(writer, wish, adopted, why) &&
	    !(usual_name_was_taken(writer) && adopt_or_create(writer, wish, adopted, why))) {
		ring_writer_detach(writer);
		return NULL;
	}
	reset_stale_locks(writer);
	publish_name(writer);
	ring_pages_start(&writer->pages, writer->object.fd, writer->object.header, &writer->object.layout);
	atomic_store(&writer->object.header->writer_pid, (uint32_t)getpid());
	*data_bytes = writer->object.layout.data_bytes;
	return writer;
}
