/*
 * timeline_gaps.h - finds the parts of wall time that no recording covers, and why.
 *
 * After a clock was set back, the same wall time can be recorded twice; both recordings are spans. A gap is time
 * between recordings that none of them covers: gaps overlap neither spans nor each other.
 *
 * Each gap comes from a candidate: a time between two recordings, or two frames, in which nothing was recorded.
 * Several candidates can cover the same time; the one that was recorded last gives the cause. A `weak` candidate counts
 * only where there is no other.
 */
#ifndef SHARED_TIMELINE_TIMELINE_GAPS_H
#define SHARED_TIMELINE_TIMELINE_GAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wall_range {
	int64_t from_us, to_us; /* to_us is exclusive; from_us < to_us */
};

struct gap_candidate {
	struct wall_range range;
	uint32_t cause; /* enum gap_cause */
	bool weak;
	size_t spans_before; /* how many spans were recorded before it */
};

/*
 * Subtracts the spans from the candidates. The result is disjoint gaps, ordered by spans_before and then by time.
 * `candidates` are in the order of recording; `spans` may be in any order and may overlap.
 *
 * *out becomes an array of *count gaps that the caller frees, NULL if there are none. Returns false if memory runs out.
 */
bool timeline_gaps_find(const struct wall_range *spans, size_t span_count, const struct gap_candidate *candidates,
			size_t candidate_count, struct gap_candidate **out, size_t *count);

#endif
