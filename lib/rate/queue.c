/* SPDX-License-Identifier: MIT */
/* Puts, takes, and the overload policies; the spill comes in between when memory is full. */
#include "rate/queue.h"

#include "base/clock.h"
#include "base/hash.h"

#include <pthread.h>

#define MARKS_MAX ((uint64_t)1 << 20)
#define REFILL ((uint64_t)256 << 10)
#define RECORD_MIN 32              /* bytes of a record in a spill */
#define SAMPLE_SEED 0x73616d706c652e31u

struct queue {
	struct queue_opts o;
	/* Guards what follows it. Whoever needs both locks takes `disk` first. */
	pthread_mutex_t lock;
	pthread_cond_t came, room;
	struct lanes *lanes;
	uint64_t version, seen;    /* changes when something came; what the writer has seen of it */
	bool closed, waiting, dead, sampling;
	struct err why;
	uint64_t most_records, most_bytes;

	pthread_mutex_t disk;      /* guards the spill and `spilling` */
	pthread_cond_t disk_room;
	bool spilling;             /* what comes goes to disk; only the reader turns it on, only the writer off */
	bool disk_dead;
};

struct queue *queue_new(const struct queue_opts *o)
{
	struct queue *q = mem_zalloc(sizeof *q);
	pthread_condattr_t attr;
	const char *stream;
	q->o = *o;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&q->lock, NULL);
	pthread_mutex_init(&q->disk, NULL);
	pthread_cond_init(&q->came, &attr);
	pthread_cond_init(&q->room, &attr);
	pthread_cond_init(&q->disk_room, &attr);
	pthread_condattr_destroy(&attr);
	q->lanes = lanes_new(&o->lanes);
	/* What an earlier run has left goes first. */
	q->spilling = o->spill && spill_leftover(o->spill, &stream);
	return q;
}

void queue_free(struct queue *q)
{
	if (!q)
		return;
	lanes_free(q->lanes);
	pthread_mutex_destroy(&q->lock);
	pthread_mutex_destroy(&q->disk);
	pthread_cond_destroy(&q->came);
	pthread_cond_destroy(&q->room);
	pthread_cond_destroy(&q->disk_room);
	mem_free(q);
}

/* --- the reader's side --- */

static bool fits(const struct queue *q, const struct item *it)
{
	const struct lanes_size *s = lanes_size(q->lanes);
	if (it->mark)
		return s->mark_bytes < MARKS_MAX;
	return !s->records || ((!q->o.max_records || s->records < q->o.max_records) &&
			       (!q->o.max_bytes || s->bytes + item_size(it) <= q->o.max_bytes));
}

static bool over(const struct queue *q)
{
	const struct lanes_size *s = lanes_size(q->lanes);
	return s->records > 1 && ((q->o.max_records && s->records > q->o.max_records) || (q->o.max_bytes && s->bytes > q->o.max_bytes));
}

static double fill(const struct queue *q)
{
	const struct lanes_size *s = lanes_size(q->lanes);
	double r = q->o.max_records ? (double)s->records / (double)q->o.max_records : 0;
	double b = q->o.max_bytes ? (double)s->bytes / (double)q->o.max_bytes : 0;
	return r > b ? r : b;
}

static bool sampled_out(struct queue *q, const struct item *it)
{
	double f = fill(q);
	q->sampling = q->sampling ? f > 0.25 : f >= 0.5;
	return q->sampling && (double)(hash_stable(it->text, it->n, SAMPLE_SEED) >> 11) * 0x1p-53 >= q->o.sample;
}

static int drop(struct queue *q, struct item *it, enum drop_reason why, struct err *e)
{
	int rc = drops_add(q->o.drops, why, it->text, it->n - 1, e);
	item_free(it);
	return rc;
}

static void put_lane(struct queue *q, struct item *it)
{
	lanes_put(q->lanes, it, clock_mono_ns());
	q->version++;
}

static void note_most(struct queue *q)
{
	const struct lanes_size *s = lanes_size(q->lanes);
	q->most_records = s->records > q->most_records ? s->records : q->most_records;
	q->most_bytes = s->bytes > q->most_bytes ? s->bytes : q->most_bytes;
}

static int put_or_drop(struct queue *q, struct item *it, struct err *e)
{
	bool old = q->o.full == QUEUE_OLD;
	int rc = 0;
	if (q->o.full == QUEUE_SAMPLE && sampled_out(q, it))
		return drop(q, it, DROP_SAMPLE, e);
	put_lane(q, it);
	while (rc == 0 && over(q))
		rc = drop(q, lanes_drop(q->lanes, old, clock_mono_ns()), old ? DROP_OLD : DROP_NEW, e);
	note_most(q);
	return rc;
}

static int put_one(struct queue *q, struct item *it, struct err *e)
{
	bool drops = q->o.full == QUEUE_NEW || q->o.full == QUEUE_OLD || q->o.full == QUEUE_SAMPLE;
	if (drops && !it->mark)
		return put_or_drop(q, it, e);
	while (!fits(q, it) && !q->dead) {
		pthread_cond_signal(&q->came);
		q->waiting = true;
		pthread_cond_wait(&q->room, &q->lock);
		q->waiting = false;
	}
	if (q->dead) {
		item_free(it);
		return 0;
	}
	put_lane(q, it);
	note_most(q);
	return 0;
}

/* Onto the disk when that is where what came before it is. *TAKEN: it was. The disk's lock is held. */
static int put_disk(struct queue *q, struct item *it, struct err *e)
{
	int rc;
	while ((rc = spill_append(q->o.spill, it, e)) == SPILL_FULL && !q->disk_dead) {
		/* The writer may be asleep, with nothing in memory: what it is to make room of came after its last look. */
		pthread_mutex_lock(&q->lock);
		q->version++;
		pthread_cond_signal(&q->came);
		pthread_mutex_unlock(&q->lock);
		pthread_cond_wait(&q->disk_room, &q->disk);
	}
	/* While it waited for room the writer may have found the disk empty, and thought that nothing goes there any more. */
	if (rc == 0)
		q->spilling = true;
	item_free(it);
	return rc < 0 ? rc : 0;
}

static int put_or_spill(struct queue *q, struct item *it, struct err *e)
{
	pthread_mutex_lock(&q->disk);
	if (q->spilling) {
		int rc = put_disk(q, it, e);
		pthread_mutex_unlock(&q->disk);
		return rc;
	}
	pthread_mutex_unlock(&q->disk);
	pthread_mutex_lock(&q->lock);
	bool fitting = fits(q, it);
	if (fitting) {
		put_lane(q, it);
		note_most(q);
	}
	pthread_mutex_unlock(&q->lock);
	if (fitting)
		return 0;
	pthread_mutex_lock(&q->disk);
	int rc = put_disk(q, it, e);
	pthread_mutex_unlock(&q->disk);
	return rc;
}

int queue_put(struct queue *q, struct item_list *items, struct err *e)
{
	struct item *it;
	int rc = 0;
	if (q->o.spill) {
		while (rc == 0 && (it = item_pop(items)) != NULL)
			rc = put_or_spill(q, it, e);
		pthread_mutex_lock(&q->lock);
		q->version++;
	} else {
		pthread_mutex_lock(&q->lock);
		while (rc == 0 && !q->dead && (it = item_pop(items)) != NULL)
			rc = put_one(q, it, e);
	}
	if (q->dead && rc == 0) {
		rc = q->why.code;
		*e = q->why;
	}
	pthread_cond_signal(&q->came);
	pthread_mutex_unlock(&q->lock);
	return rc;
}

int queue_flush(struct queue *q, struct err *e)
{
	if (!q->o.spill)
		return 0;
	pthread_mutex_lock(&q->disk);
	int rc = spill_flush(q->o.spill, e);
	pthread_mutex_unlock(&q->disk);
	return rc;
}

void queue_close(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	q->version++;
	pthread_cond_signal(&q->came);
	pthread_mutex_unlock(&q->lock);
}

int queue_failed(struct queue *q, struct err *e)
{
	pthread_mutex_lock(&q->lock);
	int rc = q->dead ? q->why.code : 0;
	if (rc != 0)
		*e = q->why;
	pthread_mutex_unlock(&q->lock);
	return rc;
}

/* --- the writer's side --- */

/* Bring records back from the disk while there is room for them. */
static int refill(struct queue *q, struct err *e)
{
	struct item_list items = { 0 };
	struct item *it;
	pthread_mutex_lock(&q->lock);
	const struct lanes_size *s = lanes_size(q->lanes);
	uint64_t want = q->o.max_bytes && q->o.max_bytes / 4 < REFILL ? q->o.max_bytes / 4 : REFILL;
	if (q->o.max_records && q->o.max_records < want / RECORD_MIN)
		want = q->o.max_records * RECORD_MIN;
	bool low = s->mark_bytes < MARKS_MAX && fill(q) < 0.5;
	pthread_mutex_unlock(&q->lock);
	if (!low)
		return 0;
	pthread_mutex_lock(&q->disk);
	int rc = q->spilling ? spill_read(q->o.spill, &items, want, e) : 0;
	/* They are in their lanes before the reader may put anything behind them. */
	pthread_mutex_lock(&q->lock);
	while ((it = item_pop(&items)) != NULL)
		put_lane(q, it);
	note_most(q);
	pthread_mutex_unlock(&q->lock);
	if (rc == 0 && spill_empty(q->o.spill))
		q->spilling = false;
	pthread_cond_signal(&q->disk_room);
	pthread_mutex_unlock(&q->disk);
	return rc;
}

int queue_take(struct queue *q, size_t max, struct item_list *to, int64_t now, int64_t *due, struct err *e)
{
	struct item *it = NULL;
	size_t n = 0;
	int rc = 0;
	bool more = false;
	if (q->o.spill) {
		rc = refill(q, e);
		if (rc != 0)
			return rc;
		pthread_mutex_lock(&q->disk);
		more = q->spilling;
		pthread_mutex_unlock(&q->disk);
	}
	pthread_mutex_lock(&q->lock);
	while (n < max && (it = lanes_take(q->lanes, now, due)) != NULL) {
		item_append(to, it);
		n++;
	}
	const struct lanes_size *s = lanes_size(q->lanes);
	if (n)
		rc = QUEUE_OK;
	else if (q->closed && !more && !s->records && !s->marks)
		rc = QUEUE_END;
	else
		rc = QUEUE_NONE;
	q->seen = q->version;
	if (n && q->waiting)
		pthread_cond_signal(&q->room);
	pthread_mutex_unlock(&q->lock);
	return rc;
}

void queue_wait(struct queue *q, int64_t until)
{
	struct timespec t = { until / NS_PER_SEC, until % NS_PER_SEC };
	pthread_mutex_lock(&q->lock);
	while (q->version == q->seen) {
		if (until == INT64_MAX)
			pthread_cond_wait(&q->came, &q->lock);
		else if (pthread_cond_timedwait(&q->came, &q->lock, &t) != 0)
			break;
	}
	pthread_mutex_unlock(&q->lock);
}

void queue_done(struct queue *q, struct item_list *items)
{
	struct item *it;
	if (q->o.spill)
		pthread_mutex_lock(&q->disk);
	while ((it = item_pop(items)) != NULL) {
		if (q->o.spill)
			spill_done(q->o.spill, it->chunk);
		item_free(it);
	}
	if (q->o.spill)
		pthread_mutex_unlock(&q->disk);
}

bool queue_settles(struct queue *q)
{
	if (!q->o.spill)
		return false;
	pthread_mutex_lock(&q->disk);
	spill_done(q->o.spill, NULL);
	bool r = spill_settles(q->o.spill);
	pthread_mutex_unlock(&q->disk);
	return r;
}

int queue_settle(struct queue *q, struct err *e)
{
	pthread_mutex_lock(&q->disk);
	int rc = spill_settle(q->o.spill, e);
	pthread_cond_signal(&q->disk_room);
	pthread_mutex_unlock(&q->disk);
	return rc;
}

void queue_fail(struct queue *q, const struct err *e)
{
	pthread_mutex_lock(&q->disk);
	q->disk_dead = true;
	pthread_cond_signal(&q->disk_room);
	pthread_mutex_unlock(&q->disk);
	pthread_mutex_lock(&q->lock);
	q->dead = true;
	q->why = *e;
	pthread_cond_signal(&q->room);
	pthread_mutex_unlock(&q->lock);
}

void queue_stats(struct queue *q, struct queue_stats *st)
{
	*st = (struct queue_stats){ 0 };
	if (q->o.spill) {
		pthread_mutex_lock(&q->disk);
		spill_stats(q->o.spill, &st->spill);
		st->spilling = q->spilling;
		pthread_mutex_unlock(&q->disk);
	}
	pthread_mutex_lock(&q->lock);
	st->size = *lanes_size(q->lanes);
	st->most_records = q->most_records;
	st->most_bytes = q->most_bytes;
	pthread_mutex_unlock(&q->lock);
}
