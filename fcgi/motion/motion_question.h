/* motion_question.h - the parameters of a question about motion: area=, not=, strength=. */
#ifndef FCGI_MOTION_MOTION_QUESTION_H
#define FCGI_MOTION_MOTION_QUESTION_H

#include <stdbool.h>

#include "shared/base/reason.h"
#include "shared/motion/motion_event.h"

#define MOTION_AREAS_MAX 16 /* of each of area= and not= */

/*
 * area= and not= may be repeated (motion_area.h): the mask is the union of all areas, or the whole picture if there is
 * none, without the cells of each not=. strength= is faint (the default), clear or strong. Returns false and sets *why,
 * which names the parameter.
 */
bool motion_question_read(const char *query, struct motion_mask *mask, enum motion_strength *least, struct reason *why);

#endif
