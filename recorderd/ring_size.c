#include "recorderd/ring_size.h"

#include <unistd.h>

#include "shared/clock.h"

#define MIB           (UINT64_C(1) << 20)
#define LEAST_BYTES   (16 * MIB)
#define LEAST_FRAME   (UINT64_C(32) << 10)
#define SMALL_FRAME   (UINT64_C(2) << 10) /* no index is made for frames that are smaller on average */
#define PIXELS_A_BYTE 4                   /* a rich JPEG: 2 bits a pixel; 230 KB at 1280x720 */

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

void ring_size_choose(const struct config *config, size_t cameras, struct ring_wish *out)
{
	double seconds = config->memory.minutes * 60;
	uint64_t frames = (uint64_t)(seconds * config->camera.fps);
	uint64_t pixels = (uint64_t)config->camera.width * (uint64_t)config->camera.height;
	uint64_t frame_bytes = pixels / PIXELS_A_BYTE > LEAST_FRAME ? pixels / PIXELS_A_BYTE : LEAST_FRAME;
	uint64_t limit = quarter_of_ram(cameras);

	out->keep_us = (int64_t)(seconds * (double)US_PER_S);
	out->exact = config->memory.max_mb > 0;
	out->data_bytes = (frames + 64) * frame_bytes;
	if (out->exact)
		out->data_bytes = (uint64_t)config->memory.max_mb * MIB;
	else if (out->data_bytes > limit)
		out->data_bytes = limit;
	if (out->data_bytes < LEAST_BYTES && !out->exact)
		out->data_bytes = LEAST_BYTES;
	/* A quarter more for cameras that give more than they were asked for; and not for more than the bytes can hold.
	 */
	out->index_entries = smaller(frames + frames / 4, out->data_bytes / SMALL_FRAME) + 1024;
}
