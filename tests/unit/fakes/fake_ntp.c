/* fake_ntp.c - whether the clock is synchronised. */
#include <sys/timex.h>

#include "tests/unit/fakes/fake_ntp.h"

struct fake_ntp fake_ntp;

int adjtimex(struct timex *state)
{
	if (fake_ntp.is_denied)
		return -1;
	state->status = fake_ntp.is_synchronised ? 0 : STA_UNSYNC;
	return fake_ntp.is_synchronised ? TIME_OK : TIME_ERROR;
}
