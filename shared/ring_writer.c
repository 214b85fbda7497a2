/* ring_writer.c - see ring_writer.h. The numbers of the steps are those of ring.h. */
#include "shared/ring_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/ring_layout.h"
#include "shared/ring_pages.h"

#define SPARE_PERCENT 6u /* of /dev/shm: left to others when a ring is shrunk */
#define SHRUNK_LEAST  (UINT64_C(8) << 20)
#define BYTES_PER_MIB (UINT64_C(1) << 20)

struct ring_writer {
	char name[NAME_MAX];
	int fd; /* its flock says that there is a writer; gone with the process */
	struct ring_header *header;
	struct ring_entry *entries;
	uint8_t *data;
	struct ring_layout layout;
	int64_t keep_us;
	uint64_t next_pos;
	struct ring_pages pages;
};

/* The data bytes that a ring gets which takes the place of one of `freed_bytes`. */
static uint64_t fitting_bytes(const struct ring_wish *wish, uint64_t freed_bytes)
{
	struct ring_layout layout;
	if (wish->exact || !ring_layout_make(wish->index_entries, wish->data_bytes, &layout))
		return wish->data_bytes;
	uint64_t room = ring_pages_free(SPARE_PERCENT);
	room = room > UINT64_MAX - freed_bytes ? UINT64_MAX : room + freed_bytes;
	if (layout.total_bytes <= room)
		return wish->data_bytes;
	uint64_t data_bytes =
		room > layout.data_offset ? (room - layout.data_offset) / BYTES_PER_MIB * BYTES_PER_MIB : 0;
	uint64_t least = wish->data_bytes < SHRUNK_LEAST ? wish->data_bytes : SHRUNK_LEAST;
	return data_bytes > least ? data_bytes : least;
}

static bool map(struct ring_writer *writer, const struct ring_layout *layout)
{
	size_t bytes = (size_t)layout->total_bytes;
	if (bytes != layout->total_bytes) {
		errno = ENOMEM; /* addresses of 32 bits */
		return false;
	}
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, writer->fd, 0);
	if (memory == MAP_FAILED)
		return false;
	writer->layout = *layout;
	writer->header = memory;
	writer->entries = (void *)((uint8_t *)memory + RING_HEADER_BYTES);
	writer->data = (uint8_t *)memory + layout->data_offset;
	return true;
}

static void unmap(struct ring_writer *writer)
{
	if (writer->header)
		munmap(writer->header, (size_t)writer->layout.total_bytes);
	writer->header = NULL;
}

/* True where what the dead writer left agrees with itself; sets next_pos. */
static bool believe(struct ring_writer *writer)
{
	const struct ring_header *header = writer->header;
	uint8_t boot_id[16];
	clock_boot_id(boot_id);
	uint64_t head = atomic_load(&header->head), tail = atomic_load(&header->tail);
	uint64_t reserve = atomic_load(&header->reserve), write_pos = atomic_load(&header->write_pos);
	if (memcmp(boot_id, header->boot_id, sizeof(boot_id)) != 0 || atomic_load(&header->closed) != 0)
		return false;
	uint64_t usable = atomic_load(&header->usable);
	if (usable == 0 || usable > writer->layout.data_bytes)
		return false;
	if (reserve >= RING_POSITION_MAX || write_pos > reserve || head >= RING_POSITION_MAX || tail > head + 1)
		return false;
	if (head > 0) {
		const struct ring_entry *entry = &writer->entries[head % writer->layout.index_entries];
		if (atomic_load(&entry->seq) != head ||
		    !ring_layout_holds(&writer->layout, entry->pos, entry->meta.length) ||
		    entry->pos + entry->meta.length > reserve ||
		    !ring_layout_whole(&writer->layout, entry->pos, reserve))
			return false;
	}
	/* The bytes up to reserve may be half-written already, so that no older frame can stand there: go on behind
	 * them. */
	writer->next_pos = reserve;
	return true;
}

static bool read_old_layout(int fd, uint64_t bytes, struct ring_layout *out)
{
	struct reason unused;
	if (bytes < sizeof(struct ring_header))
		return false;
	void *header = mmap(NULL, sizeof(struct ring_header), PROT_READ, MAP_SHARED, fd, 0);
	if (header == MAP_FAILED)
		return false;
	bool good = ring_layout_read(header, bytes, out, &unused);
	munmap(header, sizeof(struct ring_header));
	return good;
}

enum adoption { ADOPTED, NOT_ADOPTED, ADOPTION_REFUSED };

/*
 * The ring that stands under the name already: taken over, or its name removed, or refused since its writer lives. A
 * ring that was shrunk once is kept while a new one would not get twice as much: memory of what happened is worth more
 * than its span.
 */
static enum adoption adopt(struct ring_writer *writer, const struct ring_wish *wish, struct reason *why)
{
	writer->fd = shm_open(writer->name, O_RDWR, 0);
	if (writer->fd < 0) {
		if (errno == ENOENT)
			return NOT_ADOPTED;
		reason_errno(why, "cannot open the ring %s that is there already", writer->name);
		return ADOPTION_REFUSED;
	}
	if (flock(writer->fd, LOCK_EX | LOCK_NB) != 0) {
		reason_set(why, "the ring %s belongs to a recorder that is running; give this camera another name",
			   writer->name);
		return ADOPTION_REFUSED;
	}
	struct stat status;
	struct ring_layout layout;
	if (fstat(writer->fd, &status) == 0 && read_old_layout(writer->fd, (uint64_t)status.st_size, &layout) &&
	    layout.index_entries == wish->index_entries && layout.data_bytes <= wish->data_bytes &&
	    layout.data_bytes >= fitting_bytes(wish, layout.total_bytes) / (wish->exact ? 1 : 2) &&
	    map(writer, &layout)) {
		if (believe(writer))
			return ADOPTED;
		atomic_store(&writer->header->closed, 1);
		unmap(writer);
	}
	shm_unlink(writer->name);
	close(writer->fd);
	writer->fd = -1;
	return NOT_ADOPTED;
}

static bool allocate(struct ring_writer *writer, const struct ring_layout *layout, struct reason *why)
{
	if (flock(writer->fd, LOCK_EX | LOCK_NB) != 0)
		return reason_set(why, "another recorder is making the ring %s at this moment", writer->name);
	uint64_t usable;
	if (!ring_pages_begin(writer->fd, writer->name, layout, &usable, why))
		return false;
	if (fchmod(writer->fd, 0640) != 0 || !map(writer, layout))
		return reason_errno(why, "cannot make the ring %s", writer->name);
	atomic_store(&writer->header->usable, usable);
	return true;
}

static bool create(struct ring_writer *writer, const struct ring_wish *wish, struct reason *why)
{
	struct ring_layout layout;
	if (!ring_layout_make(wish->index_entries, fitting_bytes(wish, 0), &layout))
		return reason_set(why, "a ring of %llu frames and %llu bytes cannot be made",
				  (unsigned long long)wish->index_entries, (unsigned long long)wish->data_bytes);
	writer->fd = shm_open(writer->name, O_RDWR | O_CREAT | O_EXCL, 0640);
	if (writer->fd < 0)
		return reason_errno(why, "cannot make the ring %s", writer->name);
	if (!allocate(writer, &layout, why)) {
		shm_unlink(writer->name);
		return false;
	}
	struct ring_header *header = writer->header;
	header->version = RING_VERSION;
	header->header_bytes = RING_HEADER_BYTES;
	header->total_bytes = layout.total_bytes;
	header->index_offset = RING_HEADER_BYTES;
	header->index_entries = layout.index_entries;
	header->data_offset = layout.data_offset;
	header->data_bytes = layout.data_bytes;
	clock_boot_id(header->boot_id);
	atomic_store(&header->tail, 1);
	__atomic_store_n(&header->magic, RING_MAGIC, __ATOMIC_RELEASE);
	return true;
}

static void write_locked(_Atomic uint64_t *lock, uint8_t *shared, const void *from, size_t bytes)
{
	uint64_t odd = atomic_load_explicit(lock, memory_order_relaxed) | 1;
	atomic_store_explicit(lock, odd, memory_order_relaxed);
	ring_fence(memory_order_seq_cst);
	ring_words_in(shared, from, bytes);
	atomic_store_explicit(lock, odd + 1, memory_order_release);
}

/* A writer that died while it published left its lock odd. */
static void mend_locks(struct ring_writer *writer)
{
	static const struct recorder_state nothing;
	if (atomic_load(&writer->header->state_lock) % 2 != 0)
		ring_writer_state(writer, &nothing);
	if (atomic_load(&writer->header->devices_lock) % 2 != 0)
		ring_writer_devices(writer, "");
}

struct ring_writer *ring_writer_open(const struct ring_wish *wish, uint64_t *data_bytes, uint64_t *adopted,
				     struct reason *why)
{
	struct ring_writer *writer = calloc(1, sizeof(*writer));
	if (!writer) {
		reason_errno(why, "cannot make the ring %s", wish->name);
		return NULL;
	}
	writer->fd = -1;
	writer->keep_us = wish->keep_us;
	snprintf(writer->name, sizeof(writer->name), "%s", wish->name);
	enum adoption adoption = adopt(writer, wish, why);
	if (adoption == ADOPTION_REFUSED || (adoption == NOT_ADOPTED && !create(writer, wish, why)))
		goto failed;
	mend_locks(writer);
	ring_pages_grow(&writer->pages, writer->fd, writer->header, &writer->layout);
	atomic_store(&writer->header->writer_pid, (uint32_t)getpid());
	*data_bytes = writer->layout.data_bytes;
	*adopted = adoption == ADOPTED ? atomic_load(&writer->header->head) : 0;
	return writer;
failed:
	if (writer->fd >= 0)
		close(writer->fd);
	free(writer);
	return NULL;
}

bool ring_writer_named(const struct ring_writer *writer)
{
	char path[sizeof(RING_FOLDER) + NAME_MAX];
	struct stat named, own;
	snprintf(path, sizeof(path), RING_FOLDER "%s", writer->name);
	if (stat(path, &named) != 0)
		return errno != ENOENT;
	return fstat(writer->fd, &own) != 0 || (named.st_dev == own.st_dev && named.st_ino == own.st_ino);
}

static void wake_readers(struct ring_writer *writer)
{
	atomic_fetch_add_explicit(&writer->header->wake, 1, memory_order_release);
	syscall(SYS_futex, &writer->header->wake, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void ring_writer_close(struct ring_writer *writer)
{
	if (!writer)
		return;
	atomic_store_explicit(&writer->header->closed, 1, memory_order_release);
	wake_readers(writer);
	shm_unlink(writer->name);
	ring_pages_stop(&writer->pages);
	unmap(writer);
	close(writer->fd);
	free(writer);
}

/* The oldest frame that counts: in the index, young enough, and its bytes not written over. */
static void advance_tail(struct ring_writer *writer, uint64_t head, int64_t newest_mono_us)
{
	const struct ring_layout *layout = &writer->layout;
	uint64_t reserve = writer->next_pos;
	uint64_t tail = atomic_load_explicit(&writer->header->tail, memory_order_relaxed);
	if (head > layout->index_entries && tail <= head - layout->index_entries)
		tail = head - layout->index_entries + 1;
	while (tail < head) {
		const struct ring_entry *entry = &writer->entries[tail % layout->index_entries];
		if (ring_layout_whole(layout, entry->pos, reserve) &&
		    newest_mono_us - entry->meta.mono_us <= writer->keep_us)
			break;
		tail++;
	}
	atomic_store_explicit(&writer->header->tail, tail, memory_order_release);
}

/* Bytes of the data that may be written to: `usable` of ring.h. */
static uint64_t usable_bytes(const struct ring_writer *writer)
{
	return atomic_load_explicit(&writer->header->usable, memory_order_acquire);
}

/* Where a frame of that length goes: each is contiguous, so what does not fit before the end starts at the beginning.
 */
static uint64_t place(const struct ring_writer *writer, uint64_t length)
{
	uint64_t pos = writer->next_pos, size = writer->layout.data_bytes;
	return pos % size + length <= usable_bytes(writer) ? pos : (pos / size + 1) * size;
}

uint64_t ring_writer_put(struct ring_writer *writer, struct ring_meta *meta, const struct iovec *parts, int count)
{
	uint64_t length = 0;
	for (int i = 0; i < count; i++)
		length += parts[i].iov_len;
	if (length == 0 || length > usable_bytes(writer) / 4 || length > UINT32_MAX)
		return 0;
	meta->length = (uint32_t)length;

	struct ring_header *header = writer->header;
	uint64_t seq = atomic_load_explicit(&header->head, memory_order_relaxed) + 1;
	struct ring_entry *entry = &writer->entries[seq % writer->layout.index_entries];
	uint64_t pos = place(writer, length);

	atomic_store_explicit(&header->reserve, pos + length, memory_order_relaxed);
	atomic_store_explicit(&entry->seq, 0, memory_order_relaxed);
	ring_fence(memory_order_seq_cst);

	uint8_t *to = writer->data + pos % writer->layout.data_bytes;
	for (int i = 0; i < count; i++) {
		ring_copy_in(to, parts[i].iov_base, parts[i].iov_len);
		to += parts[i].iov_len;
	}
	ring_words_in(&entry->pos, &pos, sizeof(pos));
	ring_words_in(&entry->meta, meta, sizeof(*meta));
	atomic_store_explicit(&entry->seq, seq, memory_order_release);

	writer->next_pos = pos + length;
	atomic_store_explicit(&header->head, seq, memory_order_release);
	atomic_store_explicit(&header->write_pos, writer->next_pos, memory_order_relaxed);
	advance_tail(writer, seq, meta->mono_us);
	wake_readers(writer);
	return seq;
}

void ring_writer_state(struct ring_writer *writer, const struct recorder_state *state)
{
	write_locked(&writer->header->state_lock, writer->header->state, state, sizeof(*state));
}

void ring_writer_devices(struct ring_writer *writer, const char *json)
{
	static char text[RING_DEVICES_BYTES];
	memset(text, 0, sizeof(text));
	size_t length = strlen(json);
	if (length < sizeof(text))
		memcpy(text, json, length);
	write_locked(&writer->header->devices_lock, writer->header->devices, text, sizeof(text));
}

const void *ring_writer_memory(const struct ring_writer *writer, uint64_t *bytes)
{
	*bytes = writer->layout.total_bytes;
	return writer->header;
}
