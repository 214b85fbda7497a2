/* motion_need.h - which records somebody needs. */
#ifndef FCGI_MOTION_MOTION_NEED_H
#define FCGI_MOTION_MOTION_NEED_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/motion/motion_event.h"

struct motion_need {
	struct motion_mask mask;
	enum motion_strength least; /* MOTION_FAINT or more */
	uint8_t flags;              /* enum motion_flags: records with any of these, too */
	bool all;
};

#endif
