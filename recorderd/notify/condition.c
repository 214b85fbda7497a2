/* condition.c - something that is well or wrong, and when a change of it is told. */
#include "recorderd/notify/condition.h"

/* How long the next change has to last, after so many without a calm time. */
static int64_t hold_us(unsigned changes)
{
	int64_t us = CONDITION_HOLD_MIN_US;

	if (changes < 2)
		return 0;
	while (changes-- > 2 && us < CONDITION_HOLD_MAX_US)
		us *= 2;
	return us;
}

static void change(struct condition *condition, bool wrong, mono_t since)
{
	bool calm =
		condition->wrong == condition->notified_wrong && since.us - condition->since.us >= CONDITION_CALM_US;

	if (calm)
		condition->changes = 0;
	condition->wrong = wrong;
	condition->since = since;
}

bool condition_update(struct condition *condition, bool wrong, mono_t since, int64_t after_us, mono_t now)
{
	if (wrong != condition->wrong)
		change(condition, wrong, since);
	int64_t least_us = hold_us(condition->changes);
	if (wrong == condition->notified_wrong ||
	    now.us - condition->since.us < (after_us > least_us ? after_us : least_us))
		return false;
	condition->notified_wrong = wrong;
	condition->changes++;
	return true;
}
