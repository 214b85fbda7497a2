/* remote_board.c - what all processes of recorder-api know of the cameras of the store. */
#include "fcgi/pool/remote_board.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"

#define UPDATE_US (US_PER_S / 2)
#define TRIES_MAX 100

/* True for one process at a time. One that was killed in between is replaced by the next one that finds it due. */
static bool take_turn(struct remote_board *board)
{
	int64_t now_us = mono_now().us, due_us = atomic_load(&board->next_us);

	return due_us <= now_us && atomic_compare_exchange_strong(&board->next_us, &due_us, now_us + UPDATE_US);
}

static bool same_names(const struct remote_board *board, const struct remote_camera *cameras, size_t count)
{
	bool same = atomic_load(&board->count) == count;

	for (size_t i = 0; same && i < count; i++)
		same = strcmp(board->cameras[i].name, cameras[i].name) == 0;
	return same;
}

static void publish(struct remote_board *board, const struct remote_camera *cameras, size_t count, bool same)
{
	uint64_t sequence = atomic_load(&board->sequence) | 1;

	atomic_store(&board->sequence, sequence);
	atomic_thread_fence(memory_order_seq_cst);
	memcpy(board->cameras, cameras, count * sizeof(*cameras));
	atomic_store(&board->count, (uint32_t)count);
	atomic_thread_fence(memory_order_seq_cst);
	atomic_store(&board->sequence, sequence + 1);
	if (!same)
		atomic_fetch_add(&board->names, 1);
}

/* The cameras of the board and those of the list, both sorted, of which the latter are newer. NULL without memory. */
static struct remote_camera *merge(const struct remote_board *board, const struct remote_camera *listed, size_t count,
				   size_t *all)
{
	size_t known = atomic_load(&board->count), a = 0, b = 0;
	struct remote_camera *merged = calloc(known + count + 1, sizeof(*merged));

	for (*all = 0; merged && (a < known || b < count) && *all < REMOTE_CAMERAS_MAX; (*all)++) {
		int order = a == known ? 1 : b == count ? -1 : strcmp(board->cameras[a].name, listed[b].name);
		merged[*all] = order < 0 ? board->cameras[a] : listed[b];
		a += order <= 0;
		b += order >= 0;
	}
	return merged;
}

void remote_board_update(struct remote_board *board, const char *cache)
{
	struct remote_camera *listed;
	size_t all;

	if (!take_turn(board))
		return;
	int count = remote_cameras_list(cache, REMOTE_CAMERAS_MAX, &listed);
	struct remote_camera *merged = count < 0 ? NULL : merge(board, listed, (size_t)count, &all);
	if (merged)
		publish(board, merged, all, same_names(board, merged, all));
	free(merged);
	free(listed);
}

/* Begins to read; false if somebody has been writing all the time. */
static bool read_begin(const struct remote_board *board, uint64_t *sequence)
{
	*sequence = atomic_load(&board->sequence);
	atomic_thread_fence(memory_order_seq_cst);
	return *sequence % 2 == 0;
}

/* Whether what was read since is whole. */
static bool read_end(const struct remote_board *board, uint64_t sequence)
{
	atomic_thread_fence(memory_order_seq_cst);
	return atomic_load(&board->sequence) == sequence;
}

static bool find(const struct remote_board *board, const char *name, struct fetch_status *out)
{
	size_t low = 0, high = atomic_load(&board->count);

	high = high < REMOTE_CAMERAS_MAX ? high : REMOTE_CAMERAS_MAX;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strncmp(board->cameras[middle].name, name, CONFIG_NAME_BYTES);
		if (order == 0) {
			*out = board->cameras[middle].status;
			out->error[sizeof(out->error) - 1] = '\0';
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

bool remote_board_find(const struct remote_board *board, const char *name, struct fetch_status *out)
{
	uint64_t sequence;

	for (int i = 0; i < TRIES_MAX; i++) {
		bool begun = read_begin(board, &sequence), found = find(board, name, out);
		if (begun && read_end(board, sequence)) {
			if (!found)
				break;
			return true;
		}
	}
	*out = (struct fetch_status){0};
	return false;
}

size_t remote_board_names(const struct remote_board *board, char (*names)[CONFIG_NAME_BYTES], uint64_t *change)
{
	uint64_t sequence;

	for (int i = 0; i < TRIES_MAX; i++) {
		bool begun = read_begin(board, &sequence);
		size_t count = atomic_load(&board->count);
		*change = atomic_load(&board->names);
		for (size_t k = 0; k < count && k < REMOTE_CAMERAS_MAX; k++)
			memcpy(names[k], board->cameras[k].name, CONFIG_NAME_BYTES);
		if (begun && read_end(board, sequence))
			return count;
	}
	*change = UINT64_MAX; /* not what anybody has: it is asked for again */
	return 0;
}
