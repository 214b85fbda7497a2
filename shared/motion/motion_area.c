/* motion_area.c - reads areas of the picture. */
#include "shared/motion/motion_area.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "shared/motion/motion_polygon.h"

#define NUMBERS_MAX (2 * MOTION_AREA_CORNERS_MAX + 2) /* the first corner may be there twice */
#define ROUNDING    1e-9                              /* of sums such as 0.7 + 0.3 */
#define AREA_MIN    1e-9                              /* of the picture: a hundredth of a pixel at 4K */

static bool refuse(const char *name, struct reason *why, const char *what)
{
	return reason_set(why,
			  "%s= %s. Give x,y,w,h of a rectangle, or the corners x1,y1,x2,y2,x3,y3,… of a polygon, as "
			  "shares of the picture from 0 to 1.",
			  name, what);
}

/* Decimal numbers only: strtod() would also take hexadecimal ones, infinities and leading blanks. */
static bool parse_number(const char **at, double *out)
{
	size_t length = strspn(*at, "0123456789.eE-");
	char *end;

	if (length == 0)
		return false;
	*out = strtod(*at, &end);
	if (end != *at + length)
		return false;
	*at = end;
	return true;
}

/* Returns how many numbers there are, or -1 after setting *why. */
static int parse_numbers(const char *name, const char *text, double *numbers, struct reason *why)
{
	int count = 0;

	for (const char *at = text;; at++) {
		double number;
		if (!parse_number(&at, &number)) {
			refuse(name, why, "has something that is not a number");
			return -1;
		}
		if (signbit(number) || !isfinite(number)) {
			refuse(name, why, signbit(number) ? "has a negative number" : "has an infinite number");
			return -1;
		}
		if (count == NUMBERS_MAX) {
			reason_set(why, "%s= has more than %d corners.", name, MOTION_AREA_CORNERS_MAX);
			return -1;
		}
		numbers[count++] = number;
		if (*at == '\0')
			return count;
		if (*at != ',') {
			refuse(name, why, "has numbers that no comma separates");
			return -1;
		}
	}
}

static void take_rectangle(const double *numbers, struct motion_area *out)
{
	double left = numbers[0], top = numbers[1], right = left + numbers[2], bottom = top + numbers[3];

	*out = (struct motion_area){4, {left, right, right, left}, {top, top, bottom, bottom}};
}

/* Drops corners that repeat the one before, and a last one that repeats the first. */
static void take_polygon(const double *numbers, int count, struct motion_area *out)
{
	*out = (struct motion_area){0};
	for (int i = 0; i < count; i += 2) {
		int last = out->corners - 1;
		bool again = last >= 0 && out->x[last] == numbers[i] && out->y[last] == numbers[i + 1];
		bool closed = i + 2 == count && last >= 0 && out->x[0] == numbers[i] && out->y[0] == numbers[i + 1];
		if (again || closed || out->corners == MOTION_AREA_CORNERS_MAX)
			continue;
		out->x[out->corners] = numbers[i];
		out->y[out->corners++] = numbers[i + 1];
	}
}

/* Moves what rounding put past the edge onto it. Returns false if an area is really past the edge. */
static bool fit(double *coordinates, int count)
{
	for (int i = 0; i < count; i++) {
		if (coordinates[i] > 1 + ROUNDING)
			return false;
		if (coordinates[i] > 1)
			coordinates[i] = 1;
	}
	return true;
}

static bool has_too_many_corners(const double *numbers, int count)
{
	bool closed = numbers[0] == numbers[count - 2] && numbers[1] == numbers[count - 1];

	return count / 2 - closed > MOTION_AREA_CORNERS_MAX;
}

bool motion_area_parse(const char *name, const char *text, struct motion_area *out, struct reason *why)
{
	double numbers[NUMBERS_MAX];
	int count = parse_numbers(name, text, numbers, why);

	if (count < 0)
		return false;
	if (count < 4 || count % 2 != 0)
		return refuse(name, why, count % 2 ? "has an odd number of numbers" : "has too few numbers");
	if (has_too_many_corners(numbers, count))
		return reason_set(why, "%s= has more than %d corners.", name, MOTION_AREA_CORNERS_MAX);
	if (count == 4)
		take_rectangle(numbers, out);
	else
		take_polygon(numbers, count, out);
	if (!fit(out->x, out->corners) || !fit(out->y, out->corners))
		return refuse(name, why, "reaches past the edge of the picture");
	if (out->corners < 3 || polygon_area(out->x, out->y, out->corners) < AREA_MIN)
		return refuse(name, why, "has no area");
	if (polygon_crosses_itself(out->x, out->y, out->corners))
		return refuse(name, why, "has edges that cross or touch one another");
	return true;
}
