/* address_turn.c - client addresses take turns at a permit of which there is only one. */
#include "fcgi/pool/address_turn.h"

#include "shared/base/clock.h"

#define KEY_BITS 32

static uint32_t now_ms(void)
{
	return (uint32_t)(mono_now().us / US_PER_MS);
}

static bool is_fresh(uint64_t waiting)
{
	return waiting != 0 && now_ms() - (uint32_t)(waiting >> KEY_BITS) < ADDRESS_TURN_MS;
}

bool address_turn_must_wait(const struct address_turn *turn, uint64_t key)
{
	uint64_t waiting = atomic_load(&turn->waiting);

	return key != 0 && key == atomic_load(&turn->last) && is_fresh(waiting) && (uint32_t)waiting != key;
}

void address_turn_taken(struct address_turn *turn, uint64_t key)
{
	uint64_t waiting = atomic_load(&turn->waiting);

	atomic_store(&turn->last, key);
	if ((uint32_t)waiting == key)
		atomic_compare_exchange_strong(&turn->waiting, &waiting, 0);
}

void address_turn_refused(struct address_turn *turn, uint64_t key)
{
	uint64_t waiting = atomic_load(&turn->waiting);

	if (!is_fresh(waiting) || (uint32_t)waiting == key)
		atomic_store(&turn->waiting, (uint64_t)now_ms() << KEY_BITS | key);
}
