/* address_turn.c - see address_turn.h. */
#include "fcgi/pool/address_turn.h"

#include "shared/base/clock.h"

#define KEY_BITS 32

static uint32_t now_ms(void)
{
	return (uint32_t)(mono_now().us / US_PER_MS);
}

static bool is_fresh(uint64_t waits)
{
	return waits != 0 && now_ms() - (uint32_t)(waits >> KEY_BITS) < ADDRESS_TURN_MS;
}

bool address_turn_must_wait(const struct address_turn *turn, uint64_t key)
{
	uint64_t waits = atomic_load(&turn->waits);

	return key != 0 && key == atomic_load(&turn->had) && is_fresh(waits) && (uint32_t)waits != key;
}

void address_turn_taken(struct address_turn *turn, uint64_t key)
{
	uint64_t waits = atomic_load(&turn->waits);

	atomic_store(&turn->had, key);
	if ((uint32_t)waits == key)
		atomic_compare_exchange_strong(&turn->waits, &waits, 0);
}

void address_turn_refused(struct address_turn *turn, uint64_t key)
{
	uint64_t waits = atomic_load(&turn->waits);

	if (!is_fresh(waits) || (uint32_t)waits == key)
		atomic_store(&turn->waits, (uint64_t)now_ms() << KEY_BITS | key);
}
