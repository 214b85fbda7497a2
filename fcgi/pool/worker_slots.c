/*
 * worker_slots.c - slots in shared memory: see worker_slots.h.
 */
#include "fcgi/pool/worker_slots.h"

#include <stddef.h>
#include <sys/mman.h>

/* The pid of a slot that is taken but whose worker is not forked yet. */
#define SLOT_TAKEN (-1)

struct api_slots *api_slots_create(void)
{
	struct api_slots *slots = mmap(NULL, sizeof(*slots), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (slots == MAP_FAILED)
		return NULL;
	if (address_shares_init(&slots->addresses))
		return slots;
	api_slots_destroy(slots);
	return NULL;
}

void api_slots_destroy(struct api_slots *slots)
{
	if (slots)
		munmap(slots, sizeof(*slots));
}

int api_slots_take(struct api_slots *slots, uint32_t group)
{
	if (api_slots_free(slots, group) == 0)
		return -1;
	for (int i = 0; i < API_SLOTS; i++) {
		struct api_slot *slot = &slots->slot[i];
		if (atomic_load(&slot->pid) != 0)
			continue;
		atomic_store(&slot->group, group);
		atomic_store(&slot->busy_us, mono_now().us);
		atomic_store(&slot->pid, SLOT_TAKEN);
		return i;
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
	atomic_store(&slot->busy_us, 0);
	atomic_store(&slot->pid, 0);
	passes_forget(&slots->passes, number);
	address_shares_forget(&slots->addresses, (unsigned)number);
}

static bool is_of(const struct api_slot *slot, uint32_t group)
{
	return atomic_load(&slot->pid) != 0 && atomic_load(&slot->group) == group;
}

int api_slots_taken(const struct api_slots *slots, uint32_t group)
{
	int count = 0;

	for (int i = 0; i < API_SLOTS; i++)
		count += is_of(&slots->slot[i], group);
	return count;
}

int api_slots_free(const struct api_slots *slots, uint32_t group)
{
	int taken = api_slots_taken(slots, group);

	return taken < API_SLOTS_A_GROUP ? API_SLOTS_A_GROUP - taken : 0;
}

int api_slots_accepting(const struct api_slots *slots, uint32_t group, uint32_t generation)
{
	int count = 0;

	for (int i = 0; i < API_SLOTS; i++) {
		const struct api_slot *slot = &slots->slot[i];
		count += is_of(slot, group) && !atomic_load(&slot->retiring) &&
			 atomic_load(&slot->generation) == generation;
	}
	return count;
}

/* 0: it does not hang. */
static int64_t hang_us(const struct api_slot *slot, int64_t now_us)
{
	int64_t since_us = atomic_load(&slot->busy_us);

	return since_us != 0 && now_us - since_us >= API_HANGS_US ? now_us - since_us : 0;
}

bool api_slot_hangs(const struct api_slots *slots, int number)
{
	return hang_us(&slots->slot[number], mono_now().us) > 0;
}

int64_t api_slots_hang_us(const struct api_slots *slots, uint32_t group)
{
	int64_t now_us = mono_now().us, longest_us = 0;

	for (int i = 0; i < API_SLOTS; i++) {
		int64_t waited_us = is_of(&slots->slot[i], group) ? hang_us(&slots->slot[i], now_us) : 0;
		if (waited_us > longest_us)
			longest_us = waited_us;
	}
	return longest_us;
}

bool api_slots_served(const struct api_slots *slots, uint32_t group, int but)
{
	int64_t now_us = mono_now().us;

	for (int i = 0; i < API_SLOTS; i++) {
		const struct api_slot *slot = &slots->slot[i];
		if (i != but && is_of(slot, group) && !atomic_load(&slot->retiring) && hang_us(slot, now_us) == 0)
			return true;
	}
	return false;
}

uint32_t api_slots_sum(const struct api_slots *slots, enum api_place place)
{
	uint32_t sum = 0;

	for (int i = 0; i < API_SLOTS; i++)
		sum += atomic_load(&slots->slot[i].places[place]);
	return sum;
}

/* What counts against the limit of one that is to be taken in a slot. */
static uint32_t places_used(const struct api_slots *slots, int own, enum api_place place)
{
	int64_t now_us = mono_now().us;
	uint32_t sum = 0, group = atomic_load(&slots->slot[own].group);

	for (int i = 0; i < API_SLOTS; i++) {
		const struct api_slot *slot = &slots->slot[i];
		if (place == API_STILL && !is_of(slot, group))
			continue;
		if (i == own || hang_us(slot, now_us) == 0)
			sum += atomic_load(&slot->places[place]);
	}
	return sum;
}

bool api_slots_begin(struct api_slots *slots, int own, enum api_place place, uint32_t max)
{
	atomic_fetch_add(&slots->slot[own].places[place], 1);
	if (places_used(slots, own, place) <= max)
		return true;
	api_slots_end(slots, own, place);
	return false;
}

void api_slots_end(struct api_slots *slots, int own, enum api_place place)
{
	atomic_fetch_sub(&slots->slot[own].places[place], 1);
}

static bool owner_counts(const void *context, unsigned owner)
{
	const struct api_slots *slots = context;

	return hang_us(&slots->slot[owner], mono_now().us) == 0;
}

uint32_t api_slots_claim(struct api_slots *slots, int own, enum api_address_kind kind, uint64_t key, uint64_t amount,
			 uint64_t most)
{
	const struct address_claim claim = {
		.key = key,
		.owner = (unsigned)own,
		.kind = kind,
		.amount = amount,
		.most = most,
		.counts = owner_counts,
		.context = slots,
	};

	return address_shares_take(&slots->addresses, &claim);
}

bool api_slots_hold(struct api_slots *slots, int own, uint64_t bytes, uint64_t max)
{
	int64_t now_us = mono_now().us;
	uint64_t sum = 0;

	atomic_fetch_add(&slots->slot[own].held_bytes, bytes);
	for (int i = 0; i < API_SLOTS; i++)
		if (i == own || hang_us(&slots->slot[i], now_us) == 0)
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
