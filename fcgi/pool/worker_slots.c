/* worker_slots.c - what the processes of one recorder-api share. */
#include "fcgi/pool/worker_slots.h"

#include <stddef.h>
#include <sys/mman.h>

/* The pid of a slot that is taken but whose worker is not forked yet. */
#define SLOT_TAKEN (-1)

struct worker_slots *worker_slots_create(void)
{
	struct worker_slots *slots =
		mmap(NULL, sizeof(*slots), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (slots == MAP_FAILED)
		return NULL;
	if (address_shares_init(&slots->addresses))
		return slots;
	worker_slots_destroy(slots);
	return NULL;
}

void worker_slots_destroy(struct worker_slots *slots)
{
	if (slots)
		munmap(slots, sizeof(*slots));
}

int worker_slots_take(struct worker_slots *slots, uint32_t group)
{
	if (worker_slots_available(slots, group) == 0)
		return -1;
	for (int i = 0; i < WORKER_SLOTS; i++) {
		struct worker_slot *slot = &slots->slot[i];
		if (atomic_load(&slot->pid) != 0)
			continue;
		atomic_store(&slot->group, group);
		atomic_store(&slot->busy_us, mono_now().us);
		atomic_store(&slot->pid, SLOT_TAKEN);
		return i;
	}
	return -1;
}

void worker_slots_release(struct worker_slots *slots, int number)
{
	struct worker_slot *slot = &slots->slot[number];

	atomic_fetch_add(&slots->requests_before, atomic_exchange(&slot->requests, 0));
	for (int permit = 0; permit < API_PERMITS; permit++)
		atomic_store(&slot->permits[permit], 0);
	atomic_store(&slot->reserved_bytes, 0);
	atomic_store(&slot->retiring, 0);
	atomic_store(&slot->busy_us, 0);
	atomic_store(&slot->pid, 0);
	pass_table_forget_worker(&slots->passes, number);
	address_shares_forget(&slots->addresses, (unsigned)number);
}

static bool is_of(const struct worker_slot *slot, uint32_t group)
{
	return atomic_load(&slot->pid) != 0 && atomic_load(&slot->group) == group;
}

int worker_slots_taken(const struct worker_slots *slots, uint32_t group)
{
	int count = 0;

	for (int i = 0; i < WORKER_SLOTS; i++)
		count += is_of(&slots->slot[i], group);
	return count;
}

int worker_slots_available(const struct worker_slots *slots, uint32_t group)
{
	int taken = worker_slots_taken(slots, group);

	return taken < WORKER_SLOTS_PER_GROUP ? WORKER_SLOTS_PER_GROUP - taken : 0;
}

int worker_slots_accepting(const struct worker_slots *slots, uint32_t group, uint32_t generation)
{
	int count = 0;

	for (int i = 0; i < WORKER_SLOTS; i++) {
		const struct worker_slot *slot = &slots->slot[i];
		count += is_of(slot, group) && !atomic_load(&slot->retiring) &&
			 atomic_load(&slot->generation) == generation;
	}
	return count;
}

/* For how long a worker has been hanging; 0: it does not hang. */
static int64_t hang_us(const struct worker_slot *slot, int64_t now_us)
{
	int64_t since_us = atomic_load(&slot->busy_us);

	return since_us != 0 && now_us - since_us >= WORKER_HANGS_US ? now_us - since_us : 0;
}

bool worker_slot_hangs(const struct worker_slots *slots, int number)
{
	return hang_us(&slots->slot[number], mono_now().us) > 0;
}

int64_t worker_slots_hang_us(const struct worker_slots *slots, uint32_t group)
{
	int64_t now_us = mono_now().us, longest_us = 0;

	for (int i = 0; i < WORKER_SLOTS; i++) {
		int64_t waited_us = is_of(&slots->slot[i], group) ? hang_us(&slots->slot[i], now_us) : 0;
		if (waited_us > longest_us)
			longest_us = waited_us;
	}
	return longest_us;
}

bool worker_slots_can_serve(const struct worker_slots *slots, uint32_t group, int except)
{
	int64_t now_us = mono_now().us;

	for (int i = 0; i < WORKER_SLOTS; i++) {
		const struct worker_slot *slot = &slots->slot[i];
		if (i != except && is_of(slot, group) && !atomic_load(&slot->retiring) && hang_us(slot, now_us) == 0)
			return true;
	}
	return false;
}

uint32_t worker_slots_permits_used(const struct worker_slots *slots, enum api_permit permit)
{
	uint32_t sum = 0;

	for (int i = 0; i < WORKER_SLOTS; i++)
		sum += atomic_load(&slots->slot[i].permits[permit]);
	return sum;
}

/* How many permits count against the limit for a request of slot `own`. */
static uint32_t permits_counted(const struct worker_slots *slots, int own, enum api_permit permit)
{
	int64_t now_us = mono_now().us;
	uint32_t sum = 0, group = atomic_load(&slots->slot[own].group);

	for (int i = 0; i < WORKER_SLOTS; i++) {
		const struct worker_slot *slot = &slots->slot[i];
		if (permit == API_PERMIT_STILL && !is_of(slot, group))
			continue;
		if (i == own || hang_us(slot, now_us) == 0)
			sum += atomic_load(&slot->permits[permit]);
	}
	return sum;
}

bool worker_slots_acquire_permit(struct worker_slots *slots, int own, enum api_permit permit, uint32_t max)
{
	atomic_fetch_add(&slots->slot[own].permits[permit], 1);
	if (permits_counted(slots, own, permit) <= max)
		return true;
	worker_slots_release_permit(slots, own, permit);
	return false;
}

void worker_slots_release_permit(struct worker_slots *slots, int own, enum api_permit permit)
{
	atomic_fetch_sub(&slots->slot[own].permits[permit], 1);
}

static bool owner_counts(const void *context, unsigned owner)
{
	const struct worker_slots *slots = context;

	return hang_us(&slots->slot[owner], mono_now().us) == 0;
}

uint32_t worker_slots_claim_share(struct worker_slots *slots, int own, enum api_address_kind kind, uint64_t key,
				  uint64_t amount, uint64_t max)
{
	const struct address_claim claim = {
		.key = key,
		.owner = (unsigned)own,
		.kind = kind,
		.amount = amount,
		.max = max,
		.counts = owner_counts,
		.context = slots,
	};

	return address_shares_take(&slots->addresses, &claim);
}

bool worker_slots_reserve_memory(struct worker_slots *slots, int own, uint64_t bytes, uint64_t max)
{
	int64_t now_us = mono_now().us;
	uint64_t sum = 0;

	atomic_fetch_add(&slots->slot[own].reserved_bytes, bytes);
	for (int i = 0; i < WORKER_SLOTS; i++)
		if (i == own || hang_us(&slots->slot[i], now_us) == 0)
			sum += atomic_load(&slots->slot[i].reserved_bytes);
	if (sum <= max || sum == bytes)
		return true;
	worker_slots_release_memory(slots, own, bytes);
	return false;
}

void worker_slots_release_memory(struct worker_slots *slots, int own, uint64_t bytes)
{
	atomic_fetch_sub(&slots->slot[own].reserved_bytes, bytes);
}

uint64_t worker_slots_requests(const struct worker_slots *slots)
{
	uint64_t sum = atomic_load(&slots->requests_before);

	for (int i = 0; i < WORKER_SLOTS; i++)
		sum += atomic_load(&slots->slot[i].requests);
	return sum;
}
