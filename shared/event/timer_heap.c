/* timer_heap.c - the timers of a loop, as a binary heap. */
#include "shared/event/timer_heap.h"

/*
 * Nodes are numbered as in a heap that is kept in an array: 1 is the root, and 2n and 2n + 1 are the children of n. The
 * bits of a number below its highest one are the path from the root to that node.
 */

static bool comes_before(const struct loop_timer *a, const struct loop_timer *b)
{
	return a->at.us != b->at.us ? a->at.us < b->at.us : a->order < b->order;
}

static size_t highest_bit(size_t number)
{
	size_t bit = 1;

	while (number >>= 1)
		bit <<= 1;
	return bit;
}

/* The link to the node of that number, and the node's parent. */
static struct loop_timer **link_at(struct timer_heap *heap, size_t number, struct loop_timer **parent)
{
	struct loop_timer **link = &heap->root;

	*parent = NULL;
	for (size_t bit = highest_bit(number) >> 1; bit; bit >>= 1) {
		*parent = *link;
		link = &(*link)->child[(number & bit) != 0];
	}
	return link;
}

static struct loop_timer **link_to(struct timer_heap *heap, const struct loop_timer *timer)
{
	struct loop_timer *parent = timer->parent;

	return parent ? &parent->child[parent->child[1] == timer] : &heap->root;
}

static void set_child(struct loop_timer *parent, int side, struct loop_timer *child)
{
	parent->child[side] = child;
	if (child)
		child->parent = parent;
}

/* Swaps a timer with its parent. */
static void swap_with_parent(struct timer_heap *heap, struct loop_timer *timer)
{
	struct loop_timer *parent = timer->parent;
	int side = parent->child[1] == timer;
	struct loop_timer *sibling = parent->child[!side];

	*link_to(heap, parent) = timer;
	timer->parent = parent->parent;
	set_child(parent, 0, timer->child[0]);
	set_child(parent, 1, timer->child[1]);
	set_child(timer, side, parent);
	set_child(timer, !side, sibling);
}

static void sift_up(struct timer_heap *heap, struct loop_timer *timer)
{
	while (timer->parent && comes_before(timer, timer->parent))
		swap_with_parent(heap, timer);
}

static struct loop_timer *earlier_child(const struct loop_timer *timer)
{
	struct loop_timer *const *child = timer->child;

	return child[1] && comes_before(child[1], child[0]) ? child[1] : child[0];
}

static void sift_down(struct timer_heap *heap, struct loop_timer *timer)
{
	struct loop_timer *child;

	while ((child = earlier_child(timer)) && comes_before(child, timer))
		swap_with_parent(heap, child);
}

void timer_heap_insert(struct timer_heap *heap, struct loop_timer *timer, mono_t at)
{
	timer->at = at;
	timer->order = heap->order++;
	timer->child[0] = timer->child[1] = NULL;
	*link_at(heap, ++heap->count, &timer->parent) = timer;
	sift_up(heap, timer);
}

/* The last node takes the place of the removed one. */
void timer_heap_remove(struct timer_heap *heap, struct loop_timer *timer)
{
	struct loop_timer *parent, **link = link_at(heap, heap->count--, &parent);
	struct loop_timer *last = *link;

	*link = NULL;
	if (last == timer)
		return;
	*link_to(heap, timer) = last;
	last->parent = timer->parent;
	set_child(last, 0, timer->child[0]);
	set_child(last, 1, timer->child[1]);
	sift_down(heap, last);
	sift_up(heap, last);
}
