/*
 * clip_gaps.h - which parts of wall time no recording covers, and which cause each of them has.
 *
 * Wall time can be recorded twice, since clocks are set back; then both recordings are spans. A gap is time that lies
 * between recordings and that none of them covers: a gap never overlaps a span, and no two gaps overlap.
 *
 * Each gap comes from a claim: the recorder went from one recording to the next one, or from one frame to the next, and
 * left this time out. Several claims can cover the same time. The last one in the order of recording says why there is
 * nothing. A claim that is `weak` counts only where there is no other.
 */
#ifndef FCGI_CLIP_CLIP_GAPS_H
#define FCGI_CLIP_CLIP_GAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wall_range {
	int64_t from_us, to_us; /* to exclusive; from < to */
};

struct gap_candidate {
	struct wall_range range;
	uint32_t cause; /* enum gap_cause */
	bool weak;
	size_t place; /* how many spans come before it in the order of recording */
};

/*
 * What remains of the claims where the spans are taken off them: disjoint gaps, in the order of their places and within
 * one place in the order of time. `claims` are in the order of recording, `spans` in any order; spans may overlap each
 * other. *out is an array of *count gaps, which the caller frees; NULL where there are none. False where memory is
 * short.
 */
bool clip_gaps_find(const struct wall_range *spans, size_t span_count, const struct gap_candidate *claims,
		    size_t claim_count, struct gap_candidate **out, size_t *count);

#endif
