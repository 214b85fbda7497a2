/* motion_polygon.c - the geometry of polygons in the plane. */
#include "shared/motion/motion_polygon.h"

static double least(double a, double b)
{
	return a < b ? a : b;
}

static double most(double a, double b)
{
	return a > b ? a : b;
}

double polygon_area(const double *x, const double *y, int corners)
{
	double twice = 0;

	for (int i = 0, before = corners - 1; i < corners; before = i++)
		twice += x[before] * y[i] - x[i] * y[before];
	return most(twice, -twice) / 2;
}

struct point {
	double x, y;
};

/* Positive, negative or zero: on which side of the line from a to b, or on it, c is. */
static int side(struct point a, struct point b, struct point c)
{
	double product = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);

	return (product > 0) - (product < 0);
}

/* For c on the line through a and b: is it between them? */
static bool between(struct point a, struct point b, struct point c)
{
	return c.x >= least(a.x, b.x) && c.x <= most(a.x, b.x) && c.y >= least(a.y, b.y) && c.y <= most(a.y, b.y);
}

static bool edges_meet(struct point a, struct point b, struct point c, struct point d)
{
	int ab_c = side(a, b, c), ab_d = side(a, b, d), cd_a = side(c, d, a), cd_b = side(c, d, b);

	if (ab_c * ab_d < 0 && cd_a * cd_b < 0)
		return true;
	return (ab_c == 0 && between(a, b, c)) || (ab_d == 0 && between(a, b, d)) || (cd_a == 0 && between(c, d, a)) ||
	       (cd_b == 0 && between(c, d, b));
}

/* Two edges, from a to b and on to c: do they lie on each other? */
static bool turns_back(struct point a, struct point b, struct point c)
{
	return side(a, b, c) == 0 && (between(a, b, c) || between(b, c, a));
}

bool polygon_crosses_itself(const double *x, const double *y, int corners)
{
	for (int i = 0; i < corners; i++) {
		struct point a = {x[i], y[i]}, b = {x[(i + 1) % corners], y[(i + 1) % corners]};
		struct point next = {x[(i + 2) % corners], y[(i + 2) % corners]};
		if (turns_back(a, b, next))
			return true;
		for (int k = i + 2; k < corners; k++) {
			bool neighbours = (k + 1) % corners == i;
			struct point c = {x[k], y[k]}, d = {x[(k + 1) % corners], y[(k + 1) % corners]};
			if (!neighbours && edges_meet(a, b, c, d))
				return true;
		}
	}
	return false;
}

/*
 * A cut replaces each row of corners outside by two, so there are at most half as many again: four cuts make 162 of 32.
 */
#define CUT_CORNERS_MAX (POLYGON_CORNERS_MAX * 6)

struct outline {
	int corners;
	struct point at[CUT_CORNERS_MAX];
};

static void add(struct outline *outline, struct point point)
{
	if (outline->corners < CUT_CORNERS_MAX)
		outline->at[outline->corners++] = point;
}

/* How far inside a half-plane a point is: `sign` is 1 for coordinates from `limit` on, -1 for those up to it. */
static double depth(struct point at, bool vertical, double limit, double sign)
{
	return sign * ((vertical ? at.y : at.x) - limit);
}

/* Leaves out what is outside a half-plane: the algorithm of Sutherland and Hodgman (1974). */
static void cut(const struct outline *in, bool vertical, double limit, double sign, struct outline *out)
{
	out->corners = 0;
	for (int i = 0; i < in->corners; i++) {
		struct point a = in->at[i], b = in->at[i + 1 < in->corners ? i + 1 : 0];
		double from = depth(a, vertical, limit, sign), to = depth(b, vertical, limit, sign);
		if (from >= 0)
			add(out, a);
		if ((from < 0) == (to < 0))
			continue;
		double share = from / (from - to);
		add(out, (struct point){a.x + share * (b.x - a.x), a.y + share * (b.y - a.y)});
	}
}

double polygon_overlap(const double *x, const double *y, int corners, double left, double top, double right,
		       double bottom)
{
	struct outline one, other;
	double cut_x[CUT_CORNERS_MAX], cut_y[CUT_CORNERS_MAX];

	one.corners = corners;
	for (int i = 0; i < corners; i++)
		one.at[i] = (struct point){x[i], y[i]};
	cut(&one, false, left, 1, &other);
	cut(&other, false, right, -1, &one);
	cut(&one, true, top, 1, &other);
	cut(&other, true, bottom, -1, &one);
	for (int i = 0; i < one.corners; i++) {
		cut_x[i] = one.at[i].x;
		cut_y[i] = one.at[i].y;
	}
	return polygon_area(cut_x, cut_y, one.corners);
}
