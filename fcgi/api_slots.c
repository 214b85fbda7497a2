/*
 * api_slots.c - slots in shared memory: see api_slots.h.
 */
#include "fcgi/api_slots.h"

#include <stddef.h>
#include <sys/mman.h>

/* The pid of a slot that is taken but whose worker is not forked yet. */
#define SLOT_TAKEN (-1)

struct api_slots *api_slots_create(void)
{
	void *memory = mmap(NULL, sizeof(struct api_slots), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void api_slots_destroy(struct api_slots *slots)
{
	if (slots)
		munmap(slots, sizeof(*slots));
}

int api_slots_take(struct api_slots *slots)
{
	for (int i = 0; i < API_SLOTS; i++) {
		if (atomic_load(&slots->slot[i].pid) == 0) {
			atomic_store(&slots->slot[i].pid, SLOT_TAKEN);
			return i;
		}
	}
	return -1;
}

void api_slots_release(struct api_slots *slots, int number)
{
	struct api_slot *slot = &slots->slot[number];

	atomic_fetch_add(&slots->requests_before, atomic_exchange(&slot->requests, 0));
	for (int place = 0; place < API_PLACES; place++)
		atomic_store(&slot->places[place], 0);
	atomic_store(&slot->held_bytes, 0);
	atomic_store(&slot->retiring, 0);
	atomic_store(&slot->pid, 0);
}

int api_slots_free(const struct api_slots *slots)
{
	int count = 0;

	for (int i = 0; i < API_SLOTS; i++)
		count += atomic_load(&slots->slot[i].pid) == 0;
	return count;
}

uint32_t api_slots_sum(const struct api_slots *slots, enum api_place place)
{
	uint32_t sum = 0;

	for (int i = 0; i < API_SLOTS; i++)
		sum += atomic_load(&slots->slot[i].places[place]);
	return sum;
}

bool api_slots_begin(struct api_slots *slots, int own, enum api_place place, uint32_t max)
{
	atomic_fetch_add(&slots->slot[own].places[place], 1);
	if (api_slots_sum(slots, place) <= max)
		return true;
	api_slots_end(slots, own, place);
	return false;
}

void api_slots_end(struct api_slots *slots, int own, enum api_place place)
{
	atomic_fetch_sub(&slots->slot[own].places[place], 1);
}

bool api_slots_hold(struct api_slots *slots, int own, uint64_t bytes, uint64_t max)
{
	uint64_t sum = 0;

	atomic_fetch_add(&slots->slot[own].held_bytes, bytes);
	for (int i = 0; i < API_SLOTS; i++)
		sum += atomic_load(&slots->slot[i].held_bytes);
	if (sum <= max || sum == bytes)
		return true;
	api_slots_let_go(slots, own, bytes);
	return false;
}

void api_slots_let_go(struct api_slots *slots, int own, uint64_t bytes)
{
	atomic_fetch_sub(&slots->slot[own].held_bytes, bytes);
}

uint64_t api_slots_requests(const struct api_slots *slots)
{
	uint64_t sum = atomic_load(&slots->requests_before);

	for (int i = 0; i < API_SLOTS; i++)
		sum += atomic_load(&slots->slot[i].requests);
	return sum;
}
