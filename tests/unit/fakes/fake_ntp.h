/* fake_ntp.h - whether the clock is synchronised: replaces adjtimex() in the whole program. */
#ifndef TESTS_UNIT_FAKES_FAKE_NTP_H
#define TESTS_UNIT_FAKES_FAKE_NTP_H

#include <stdbool.h>

extern struct fake_ntp {
	bool is_synchronised;
	bool is_denied; /* adjtimex() fails, as in a sandbox */
} fake_ntp;

#endif
