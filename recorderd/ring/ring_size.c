#include "recorderd/ring/ring_size.h"

#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/ring/ring_layout.h"

#define MIB             (UINT64_C(1) << 20)
#define LEAST_BYTES     (16 * MIB)
#define LEAST_SHARE     (4 * MIB)
#define LEAST_ENTRIES   1024
#define LEAST_FRAME     (UINT64_C(32) << 10)
#define SMALL_FRAME     (UINT64_C(2) << 10) /* no index is made for frames that are smaller on average */
#define PIXELS_PER_BYTE 4                   /* a rich JPEG: 2 bits a pixel; 230 KB at 1280x720 */

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Of this camera. A program whose addresses have 32 bits has room for the rings of all cameras up to about 1 GB. */
static uint64_t quarter_of_ram(size_t cameras)
{
	long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);

	if (pages <= 0 || page_bytes <= 0)
		return 256 * MIB;
	uint64_t quarter = (uint64_t)pages * (uint64_t)page_bytes / 4;
	return (sizeof(void *) < sizeof(uint64_t) ? smaller(quarter, 1024 * MIB) : quarter) / cameras;
}

static uint64_t entries_for(uint64_t data_bytes)
{
	return data_bytes / SMALL_FRAME + LEAST_ENTRIES;
}

enum memory_limit ring_size_choose(const struct config *config, size_t cameras, struct ring_request *out)
{
	double seconds = config->memory.minutes * 60;
	uint64_t frames = (uint64_t)(seconds * config->camera.fps);
	uint64_t pixels = (uint64_t)config->camera.width * (uint64_t)config->camera.height;
	uint64_t frame_bytes = pixels / PIXELS_PER_BYTE > LEAST_FRAME ? pixels / PIXELS_PER_BYTE : LEAST_FRAME;
	uint64_t quarter = quarter_of_ram(cameras);
	enum memory_limit limit = MEMORY_MINUTES;

	out->keep_us = (int64_t)(seconds * (double)US_PER_S);
	out->exact = config->memory.max_mb > 0;
	out->data_bytes = (frames + 64) * frame_bytes;
	if (out->exact) {
		out->data_bytes = (uint64_t)config->memory.max_mb * MIB;
		limit = MEMORY_MAX_MB;
	} else if (out->data_bytes > quarter) {
		out->data_bytes = quarter;
		limit = MEMORY_RAM_SHARE;
	}
	if (out->data_bytes < LEAST_BYTES && !out->exact)
		out->data_bytes = LEAST_BYTES;
	/* A quarter more for cameras that give more than they were asked for; and not for more than the bytes can hold.
	 */
	out->index_entries = smaller(frames + frames / 4 + LEAST_ENTRIES, entries_for(out->data_bytes));
	return limit;
}

uint64_t ring_size_total_bytes(const struct ring_request *wish)
{
	struct ring_layout layout;

	return ring_layout_init(wish->index_entries, wish->data_bytes, &layout) ? layout.total_bytes : UINT64_MAX;
}

/* What a share leaves for data, less the header, an index of so many bytes, and what rounds that up to a page. */
static uint64_t data_within(uint64_t share, uint64_t index_bytes)
{
	uint64_t others = RING_HEADER_BYTES + index_bytes + 4096;

	return share > others ? share - others : 0;
}

bool ring_size_limit_to_share(struct ring_request *wish, uint64_t room_bytes, size_t cameras)
{
	uint64_t share = room_bytes / cameras, least = smaller(wish->data_bytes, LEAST_SHARE);

	if (wish->exact || room_bytes == UINT64_MAX || ring_size_total_bytes(wish) <= share)
		return false;
	/* An entry for SMALL_FRAME bytes makes the index a 32nd of the data; fewer frames need less of one. */
	uint64_t entry_bytes = sizeof(struct ring_entry), parts = SMALL_FRAME / entry_bytes;
	uint64_t data_bytes = data_within(share, wish->index_entries * entry_bytes);
	if (wish->index_entries > entries_for(data_bytes))
		data_bytes = data_within(share, LEAST_ENTRIES * entry_bytes) / (parts + 1) * parts;
	data_bytes = data_bytes / MIB * MIB;
	wish->data_bytes = data_bytes > least ? data_bytes : least;
	wish->index_entries = smaller(wish->index_entries, entries_for(wish->data_bytes));
	return true;
}
