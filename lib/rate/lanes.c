/* SPDX-License-Identifier: MIT */
/* Lanes take turns by deficit, as their weights say; marks stand in all of them at once. */
#include "rate/lanes.h"

/* What a lane may send at a turn, for weight 1: records, or bytes. */
#define QUANTUM_BYTES 16384.0
#define NEVER INT64_MAX

enum lane_state { LANE_IDLE, LANE_READY, LANE_PARKED, LANE_LATER };

struct lane {
	struct keys_slot key;    /* ranked by when its limit is as if it were new; NEVER while records wait */
	struct gcra gcra;
	struct item_list items;
	uint64_t records, bytes;
	double weight, deficit;
	bool turn;               /* it has had its quantum for this turn */
	enum lane_state state;
	struct heap_node wait;   /* ready (not fair), parked or later */
	struct heap_node most;   /* by what waits for its weight, most first */
	struct lane *next, *prev;/* the ring of ready lanes (fair) */
};

struct epoch {
	uint64_t left;           /* records that are not yet handed out */
	struct item *mark;       /* that ends it; NULL: it goes on */
};

struct lanes {
	struct lanes_opts o;
	struct keys keys;
	struct lane *others;     /* shared by the keys that have no lane of their own */
	struct lane *ring;       /* whose turn it is */
	struct heap ready, parked, later, most;
	struct epoch *epoch;     /* epoch[first..last], the current one first */
	size_t first, last, cap;
	uint64_t now_epoch;      /* number of epoch[first] */
	uint64_t seq;
	double quantum;
	struct lanes_size size;
};

static void init_lane(struct lanes *l, struct lane *a, const char *key, size_t n)
{
	a->weight = weights_of(l->o.weights, key, n);
	if (l->o.limited)
		gcra_init(&a->gcra, l->o.count, l->o.per_ns, l->o.tau);
}

struct lanes *lanes_new(const struct lanes_opts *o)
{
	struct lanes *l = mem_zalloc(sizeof *l);
	l->o = *o;
	keys_init(&l->keys, sizeof(struct lane));
	/* The least weight is worth one record a turn: the shortest turns that are O(1). */
	l->quantum = o->by_bytes ? QUANTUM_BYTES : 1 / weights_least(o->weights);
	l->others = mem_zalloc(sizeof *l->others);
	init_lane(l, l->others, NULL, 0);
	MEM_GROW(l->epoch, l->cap, 1);
	l->epoch[0] = (struct epoch){ 0 };
	return l;
}

void lanes_free(struct lanes *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->keys.heap.n; i++)
		item_list_free(&HEAP_OF(l->keys.heap.v[i], struct lane, key.rank)->items);
	item_list_free(&l->others->items);
	for (size_t i = l->first; i <= l->last; i++)
		if (l->epoch[i].mark)
			item_free(l->epoch[i].mark);
	mem_free(l->others);
	keys_release(&l->keys);
	heap_release(&l->ready);
	heap_release(&l->parked);
	heap_release(&l->later);
	heap_release(&l->most);
	mem_free(l->epoch);
	mem_free(l);
}

const struct lanes_size *lanes_size(const struct lanes *l)
{
	return &l->size;
}

/* --- where a lane waits --- */

static void ring_add(struct lanes *l, struct lane *a)
{
	if (!l->ring) {
		l->ring = a->next = a->prev = a;
		return;
	}
	a->next = l->ring;
	a->prev = l->ring->prev;
	a->prev->next = a->next->prev = a;
}

static void ring_remove(struct lanes *l, struct lane *a)
{
	if (l->ring == a)
		l->ring = a->next == a ? NULL : a->next;
	a->next->prev = a->prev;
	a->prev->next = a->next;
}

static void leave(struct lanes *l, struct lane *a)
{
	if (a->state == LANE_PARKED)
		heap_remove(&l->parked, &a->wait);
	else if (a->state == LANE_LATER)
		heap_remove(&l->later, &a->wait);
	else if (a->state == LANE_READY && l->o.fair)
		ring_remove(l, a);
	else if (a->state == LANE_READY)
		heap_remove(&l->ready, &a->wait);
	a->state = LANE_IDLE;
}

/* When its first record conforms to the lane's own limit. */
static int64_t conforms(const struct lanes *l, const struct lane *a, int64_t now)
{
	int64_t from = a->items.head->arrived;
	if (!l->o.limited)
		return from;
	from = from > now - SHAPER_LATE_NS ? from : now - SHAPER_LATE_NS;
	return gcra_ready(&a->gcra, from);
}

static int64_t backlog(const struct lanes *l, const struct lane *a)
{
	return -(int64_t)((l->o.by_bytes ? (double)a->bytes : (double)a->records * 1024) / a->weight);
}

/* After its list has changed: where does the lane belong? */
static void place(struct lanes *l, struct lane *a, int64_t now)
{
	const struct item *head = a->items.head;
	enum lane_state state = LANE_READY;
	int64_t due = 0;
	if (heap_has(&a->most))
		heap_move(&l->most, &a->most, backlog(l, a));
	else if (head)
		heap_add(&l->most, &a->most, backlog(l, a), head->seq);
	if (!head)
		state = LANE_IDLE;
	else if (head->epoch != l->now_epoch)
		state = LANE_LATER;
	else if ((due = conforms(l, a, now)) > now)
		state = LANE_PARKED;
	/* Only among lanes ready in order of arrival does the first record itself say where the lane stands. */
	if (state == a->state && state == LANE_READY && l->o.fair)
		return;
	leave(l, a);
	a->state = state;
	if (state != LANE_READY) {
		a->deficit = 0;
		a->turn = false;
	}
	if (state == LANE_IDLE)
		heap_remove(&l->most, &a->most);
	else if (state == LANE_LATER)
		heap_add(&l->later, &a->wait, (int64_t)head->epoch, head->seq);
	else if (state == LANE_PARKED)
		heap_add(&l->parked, &a->wait, due, head->seq);
	else if (l->o.fair)
		ring_add(l, a);
	else
		heap_add(&l->ready, &a->wait, (int64_t)head->seq, head->seq);
	if (a != l->others)
		keys_rank(&l->keys, a, head ? NEVER : l->o.limited ? a->gcra.tat : 0);
}

/* --- in --- */

static struct lane *lane_of(struct lanes *l, const struct item *it, int64_t now)
{
	if (!l->o.keyed)
		return l->others;
	struct lane *a = keys_find(&l->keys, item_key(it), it->nkey);
	if (a)
		return a;
	/* While some of the key's own records may be in the shared lane, the next ones go there too. */
	if (!l->others->items.head && keys_count(&l->keys) >= l->o.max_keys) {
		struct lane *idle = keys_first(&l->keys);
		if (idle && idle->key.rank.rank <= now)
			keys_remove(&l->keys, idle);
	}
	if (l->others->items.head || keys_count(&l->keys) >= l->o.max_keys) {
		l->size.shared++;
		return l->others;
	}
	a = keys_add(&l->keys, item_key(it), it->nkey, NEVER);
	init_lane(l, a, item_key(it), it->nkey);
	/* What it had as one of the others counts. */
	a->gcra.tat = l->others->gcra.tat;
	a->gcra.carry = l->others->gcra.carry;
	return a;
}

static void put_mark(struct lanes *l, struct item *it)
{
	l->size.marks++;
	l->size.mark_bytes += item_size(it);
	l->epoch[l->last].mark = it;
	if (l->first > l->cap / 2 && l->last + 1 == l->cap) {
		memmove(l->epoch, l->epoch + l->first, (l->last + 1 - l->first) * sizeof *l->epoch);
		l->last -= l->first;
		l->first = 0;
	}
	MEM_GROW(l->epoch, l->cap, l->last + 2);
	l->epoch[++l->last] = (struct epoch){ 0 };
}

void lanes_put(struct lanes *l, struct item *it, int64_t now)
{
	it->seq = l->seq++;
	it->epoch = l->now_epoch + (l->last - l->first);
	it->arrived = now;
	if (it->mark) {
		put_mark(l, it);
		return;
	}
	struct lane *a = lane_of(l, it, now);
	bool first = !a->items.head;
	item_append(&a->items, it);
	a->records++;
	a->bytes += item_size(it);
	l->size.records++;
	l->size.bytes += item_size(it);
	l->size.keys = keys_count(&l->keys);
	l->epoch[l->last].left++;
	if (first)
		place(l, a, now);
	else
		heap_move(&l->most, &a->most, backlog(l, a));
}

/* --- out --- */

static void count_out(struct lanes *l, struct lane *a, const struct item *it)
{
	a->records--;
	a->bytes -= item_size(it);
	l->size.records--;
	l->size.bytes -= item_size(it);
	l->epoch[l->first + (size_t)(it->epoch - l->now_epoch)].left--;
}

static struct item *take_mark(struct lanes *l, int64_t now)
{
	struct item *mark = l->epoch[l->first].mark;
	struct heap_node *n;
	l->first++;
	l->now_epoch++;
	l->size.marks--;
	l->size.mark_bytes -= item_size(mark);
	while ((n = heap_first(&l->later)) != NULL && n->rank == (int64_t)l->now_epoch)
		place(l, HEAP_OF(n, struct lane, wait), now);
	return mark;
}

static void wake(struct lanes *l, int64_t now)
{
	struct heap_node *n;
	while ((n = heap_first(&l->parked)) != NULL && n->rank <= now)
		place(l, HEAP_OF(n, struct lane, wait), now);
}

static struct lane *by_turns(struct lanes *l)
{
	for (;;) {
		struct lane *a = l->ring;
		double cost = l->o.by_bytes ? (double)a->items.head->n : 1;
		if (!a->turn)
			a->deficit += l->quantum * a->weight;
		a->turn = true;
		if (a->deficit >= cost) {
			a->deficit -= cost;
			return a;
		}
		a->turn = false;
		l->ring = a->next;
	}
}

struct item *lanes_take(struct lanes *l, int64_t now, int64_t *due)
{
	struct epoch *e = &l->epoch[l->first];
	*due = NEVER;
	if (!e->left)
		return e->mark ? take_mark(l, now) : NULL;
	wake(l, now);
	struct lane *a = NULL;
	if (l->o.fair && l->ring)
		a = by_turns(l);
	else if (!l->o.fair && l->ready.n)
		a = HEAP_OF(heap_first(&l->ready), struct lane, wait);
	if (!a) {
		*due = heap_first(&l->parked)->rank;
		return NULL;
	}
	struct item *it = a->items.head;
	if (l->o.limited)
		gcra_take(&a->gcra, conforms(l, a, now), 1);
	item_unlink(&a->items, it);
	count_out(l, a, it);
	place(l, a, now);
	return it;
}

struct item *lanes_drop(struct lanes *l, bool oldest, int64_t now)
{
	struct heap_node *n = heap_first(&l->most);
	if (!n)
		return NULL;
	struct lane *a = HEAP_OF(n, struct lane, most);
	struct item *it = oldest ? a->items.head : a->items.tail;
	bool first = it == a->items.head;
	item_unlink(&a->items, it);
	count_out(l, a, it);
	if (first)
		place(l, a, now);
	else
		heap_move(&l->most, &a->most, backlog(l, a));
	return it;
}
