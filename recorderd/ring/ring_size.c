/* ring_size.c - chooses the size of a ring. */
#include "recorderd/ring/ring_size.h"

#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/min.h"
#include "shared/ring/ring_layout.h"

#define MIB             (UINT64_C(1) << 20)
#define DATA_MIN        (16 * MIB)
#define SHARE_MIN       (4 * MIB)
#define ENTRIES_MIN     1024
#define FRAME_MIN       (UINT64_C(32) << 10)
#define SMALL_FRAME     (UINT64_C(2) << 10) /* the index assumes no smaller average */
#define PIXELS_PER_BYTE 4                   /* a detailed JPEG has 2 bits per pixel: 230 KB at 1280x720 */

/* The share of one camera. A 32-bit program can map about 1 GB for the rings of all cameras. */
static uint64_t quarter_of_ram(size_t cameras)
{
	long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);

	if (pages <= 0 || page_bytes <= 0)
		return 256 * MIB;
	uint64_t quarter = (uint64_t)pages * (uint64_t)page_bytes / 4;
	return (sizeof(void *) < sizeof(uint64_t) ? min_u64(quarter, 1024 * MIB) : quarter) / cameras;
}

static uint64_t entries_for(uint64_t data_bytes)
{
	return data_bytes / SMALL_FRAME + ENTRIES_MIN;
}

enum memory_limit ring_size_choose(const struct config *config, size_t cameras, struct ring_request *out)
{
	double seconds = config->memory.minutes * 60;
	uint64_t frames = (uint64_t)(seconds * config->camera.fps);
	uint64_t pixels = (uint64_t)config->camera.width * (uint64_t)config->camera.height;
	uint64_t frame_bytes = pixels / PIXELS_PER_BYTE > FRAME_MIN ? pixels / PIXELS_PER_BYTE : FRAME_MIN;
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
	if (out->data_bytes < DATA_MIN && !out->exact)
		out->data_bytes = DATA_MIN;
	/* A quarter more for cameras that send more than agreed, but not more than the data can hold. */
	out->index_entries = min_u64(frames + frames / 4 + ENTRIES_MIN, entries_for(out->data_bytes));
	return limit;
}

uint64_t ring_size_total_bytes(const struct ring_request *request)
{
	struct ring_layout layout;

	return ring_layout_init(request->index_entries, request->data_bytes, &layout) ? layout.total_bytes : UINT64_MAX;
}

/* What a share leaves for data, after the header, the index, and rounding that up to a page. */
static uint64_t data_within(uint64_t share, uint64_t index_bytes)
{
	uint64_t overhead = RING_HEADER_BYTES + index_bytes + 4096;

	return share > overhead ? share - overhead : 0;
}

bool ring_size_limit_to_share(struct ring_request *request, uint64_t room_bytes, size_t cameras)
{
	uint64_t share = room_bytes / cameras, min_bytes = min_u64(request->data_bytes, SHARE_MIN);

	if (ring_size_total_bytes(request) <= (request->exact ? room_bytes : share))
		return false;
	/* A setting that does not fit counts as none: /dev/shm may be larger than what RAM can hold. */
	if (request->exact)
		share = min_u64(share, quarter_of_ram(cameras));
	request->exact = false;
	/* With one entry per SMALL_FRAME bytes the index is a 32nd of the data; fewer frames need a smaller one. */
	uint64_t entry_bytes = sizeof(struct ring_entry), parts = SMALL_FRAME / entry_bytes;
	uint64_t data_bytes = data_within(share, request->index_entries * entry_bytes);
	if (request->index_entries > entries_for(data_bytes))
		data_bytes = data_within(share, ENTRIES_MIN * entry_bytes) / (parts + 1) * parts;
	data_bytes = data_bytes / MIB * MIB;
	request->data_bytes = data_bytes > min_bytes ? data_bytes : min_bytes;
	request->index_entries = min_u64(request->index_entries, entries_for(request->data_bytes));
	return true;
}
