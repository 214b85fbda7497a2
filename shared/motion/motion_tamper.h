/*
 * motion_tamper.h - whether the camera was covered, turned or blurred, by somebody or something: a rule over records.
 *
 * Each of these has to hold for MOTION_TAMPER_SECONDS, with at most one second between two of them that cannot tell or
 * has no record:
 *
 *   covered       hardly any detail, and no likeness to the background of ten minutes ago
 *   view changed  most of the picture changed at once, and little likeness to the background of ten minutes ago
 *   blurred       the same view, with much less detail than it usually has at this brightness: out of focus, sprayed,
 *                 dirt, a web, fog
 *
 * A record that cannot tell (MOTION_DARK, likeness unknown) changes nothing: what was found before lasts. The
 * background of ten minutes ago becomes that of the new view in time, so a changed view is found for about ten
 * minutes.
 *
 * Usual detail is the median of the last hour that the camera spent at about the same brightness, relative to that
 * brightness. Blurred seconds hardly count for it: a blur that lasts for half a day becomes usual.
 */
#ifndef SHARED_MOTION_MOTION_TAMPER_H
#define SHARED_MOTION_MOTION_TAMPER_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/motion/motion_record.h"

#define MOTION_TAMPER_SECONDS 10
#define MOTION_TAMPER_BINS    16 /* of brightness */
#define MOTION_TAMPER_MINUTES 64 /* remembered per bin */

enum motion_tamper_kind { TAMPER_COVERED, TAMPER_VIEW_CHANGED, TAMPER_BLURRED, TAMPER_KINDS };

struct motion_tamper_finding {
	bool lasts;
	int64_t first_second; /* of the newest finding; 0: there was none */
	int64_t last_second;  /* the newest one whose record confirms it */

	int64_t pending_first, pending_last; /* between which it has held, while that is too short for a finding */
	unsigned pending;                    /* how many seconds have held; 0: none */
};

/* The detail of the picture relative to its brightness, minute by minute. */
struct motion_tamper_detail {
	float minutes[MOTION_TAMPER_MINUTES]; /* a circular list */
	unsigned count, next;
	float median; /* of them */
	float sum;    /* of the seconds of the minute to come */
	unsigned seconds;
};

/* Zero-initialised it is ready to use. */
struct motion_tamper {
	struct motion_tamper_finding findings[TAMPER_KINDS];
	int64_t global_second; /* the newest one in which most of the picture changed; 0: none yet */
	unsigned blurred_seconds;
	struct motion_tamper_detail usual[MOTION_TAMPER_BINS];
};

/*
 * Takes the record of the next second. Returns those of MOTION_COVERED, MOTION_VIEW_CHANGED and MOTION_BLURRED that
 * hold in this second and are found.
 */
unsigned motion_tamper_push(struct motion_tamper *tamper, const struct motion_record *record);

#endif
