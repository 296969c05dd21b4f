/* SPDX-License-Identifier: MIT */
/* Several threads, one order. Each worker claims the next row group and fills the queue of its task; the owner empties
 * the queue of the oldest task, then goes on to the next. The text in the queues is bounded: a worker that is ahead
 * waits when they hold as much as they may, the oldest task only when its own queue is long, so that there is
 * always one that can go on. So it is with the memory of their pages: a worker that is ahead waits when all of them hold as much as one may, the oldest task
 * never, so that together they hold twice that at most. Claiming and entering the ring are one step, so that the ring has the order of the groups. */
#include "replay/parts.h"

#include "base/mem.h"
#include "base/pool.h"

#define OWN_PIECES 8                 /* what the oldest task may have waiting */

struct task {
	struct task *next;           /* newer */
	struct text **piece;         /* a queue: from..n */
	size_t from, n, cap;
	bool done;
	int rc;
	struct err err;
};

struct ring {
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	struct feed *feed;
	struct task *oldest, **newest;
	struct text *shown;          /* what ring_next gave last */
	struct text **spare;
	size_t nspare, spare_cap;
	size_t bytes, max_bytes, tasks, max_tasks;
	int64_t pages, max_pages;
	unsigned running;
	bool stop;
	struct reader *reader;
	pthread_t *thread;
	unsigned nthreads, started;
};

struct worker {
	struct ring *ring;
	struct reader *reader;
	struct task *task;           /* guarded by the ring's lock */
	struct pq_pool pool;
};

/* A scan takes or gives back memory of pages. */
static void take_pages(void *arg, int64_t by)
{
	struct worker *w = arg;
	struct ring *g = w->ring;
	pthread_mutex_lock(&g->lock);
	while (by > 0 && g->pages + (int64_t)g->bytes + by > g->max_pages && w->task != g->oldest && !g->stop)
		pthread_cond_wait(&g->emptied, &g->lock);
	g->pages += by;
	if (by < 0)
		pthread_cond_broadcast(&g->emptied);
	pthread_mutex_unlock(&g->lock);
}

static size_t text_size(const struct text *t)
{
	return t->buf.n + t->nrecords * sizeof *t->record + t->nbad * sizeof *t->bad + t->bad_text.n;
}

static struct text *spare_text(struct ring *g)
{
	return g->nspare ? g->spare[--g->nspare] : mem_zalloc(sizeof(struct text));
}

static void give_back(struct ring *g, struct text *t)
{
	if (t->buf.cap > KEPT_BYTES / 4)
		replay_text_release(t);
	MEM_GROW(g->spare, g->spare_cap, g->nspare + 1);
	g->spare[g->nspare++] = t;
}

/* Locked. May TASK put another piece? */
static bool has_room(const struct ring *g, const struct task *task)
{
	if (task == g->oldest && task->n - task->from < OWN_PIECES)
		return true;
	return g->bytes < g->max_bytes;
}

/* Locked. */
static void put_piece(struct ring *g, struct task *task, struct text *t)
{
	MEM_GROW(task->piece, task->cap, task->n + 1);
	task->piece[task->n++] = t;
	g->bytes += text_size(t);
	pthread_cond_signal(&g->filled);
}

/* Locked on entry and exit; the reader works unlocked. */
static int fill(struct ring *g, struct task *task, struct reader *r, struct err *e)
{
	int rc = 1;
	while (rc > 0 && !g->stop) {
		while (!has_room(g, task) && !g->stop)
			pthread_cond_wait(&g->emptied, &g->lock);
		struct text *t = spare_text(g);
		pthread_mutex_unlock(&g->lock);
		rc = reader_piece(r, t, false, e);
		pthread_mutex_lock(&g->lock);
		if (rc > 0)
			put_piece(g, task, t);
		else
			give_back(g, t);
	}
	return rc;
}

/* Locked. A new task at the newest end, for the group that C gets. */
static struct task *claim(struct ring *g, struct claim *c)
{
	struct task *task = mem_zalloc(sizeof *task);
	task->rc = replay_feed_claim(g->feed, c, &task->err);
	if (task->rc == 0) {
		mem_free(task);
		return NULL;
	}
	*g->newest = task;
	g->newest = &task->next;
	g->tasks++;
	return task;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct ring *g = w->ring;
	struct claim c;
	struct task *task;
	pthread_mutex_lock(&g->lock);
	while (!g->stop) {
		if (g->tasks >= g->max_tasks) {
			pthread_cond_wait(&g->emptied, &g->lock);
			continue;
		}
		task = w->task = claim(g, &c);
		if (!task)
			break;
		if (task->rc > 0) {
			pthread_mutex_unlock(&g->lock);
			task->rc = reader_start(w->reader, &c, &task->err);
			pthread_mutex_lock(&g->lock);
			if (task->rc == 0)
				task->rc = fill(g, task, w->reader, &task->err);
			pthread_mutex_unlock(&g->lock);
			reader_stop(w->reader);
			pthread_mutex_lock(&g->lock);
		}
		task->done = true;
		pthread_cond_signal(&g->filled);
		if (task->rc < 0)
			break;
	}
	g->running--;
	pthread_cond_signal(&g->filled);
	w->reader->pool = NULL;
	pthread_mutex_unlock(&g->lock);
	mem_free(w);
	return NULL;
}

int ring_new(struct ring **out, struct feed *f, const struct project *p, const struct replay_opts *o, struct err *e)
{
	struct ring *g = mem_zalloc(sizeof *g);
	int rc = 0;
	g->feed = f;
	g->newest = &g->oldest;
	g->nthreads = o->threads;
	g->max_bytes = (size_t)o->memory;
	g->max_pages = (int64_t)f->most;
	g->max_tasks = 4 * (size_t)g->nthreads;
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->filled, NULL);
	pthread_cond_init(&g->emptied, NULL);
	g->reader = mem_array(NULL, g->nthreads, sizeof *g->reader);
	memset(g->reader, 0, g->nthreads * sizeof *g->reader);
	g->thread = mem_array(NULL, g->nthreads, sizeof *g->thread);
	for (unsigned i = 0; i < g->nthreads && rc == 0; i++)
		rc = reader_init(&g->reader[i], f, p, o, e);
	for (unsigned i = 0; i < g->nthreads && rc == 0; i++) {
		struct worker *w = mem_alloc(sizeof *w);
		*w = (struct worker){ .ring = g, .reader = &g->reader[i], .pool = { take_pages, w } };
		g->reader[i].pool = &w->pool;
		pthread_mutex_lock(&g->lock);
		g->running++;
		pthread_mutex_unlock(&g->lock);
		int failed = pthread_create(&g->thread[i], NULL, work, w);
		if (failed) {
			mem_free(w);
			g->running--;
			rc = err_sys(e, failed, "cannot start a thread");
			break;
		}
		g->started++;
	}
	if (rc) {
		ring_free(g);
		return rc;
	}
	*out = g;
	return 0;
}

static void task_free(struct task *task)
{
	for (size_t i = task->from; i < task->n; i++) {
		replay_text_release(task->piece[i]);
		mem_free(task->piece[i]);
	}
	mem_free(task->piece);
	mem_free(task);
}

void ring_free(struct ring *g)
{
	if (!g)
		return;
	pool_end(&g->lock, &g->stop, &g->emptied, g->thread, g->started);
	for (struct task *t = g->oldest, *next; t; t = next) {
		next = t->next;
		task_free(t);
	}
	for (unsigned i = 0; i < g->nthreads; i++)
		if (g->reader[i].feed)
			reader_release(&g->reader[i]);
	if (g->shown)
		give_back(g, g->shown);
	for (size_t i = 0; i < g->nspare; i++) {
		replay_text_release(g->spare[i]);
		mem_free(g->spare[i]);
	}
	mem_free(g->spare);
	mem_free(g->reader);
	mem_free(g->thread);
	pthread_mutex_destroy(&g->lock);
	pthread_cond_destroy(&g->filled);
	pthread_cond_destroy(&g->emptied);
	mem_free(g);
}

/* Locked. The next piece of the oldest task; drops tasks that are done. */
static int take(struct ring *g, const struct text **out, struct err *e)
{
	for (;;) {
		struct task *task = g->oldest;
		if (task && task->from < task->n) {
			g->shown = task->piece[task->from++];
			g->bytes -= text_size(g->shown);
			if (task->from == task->n)
				task->from = task->n = 0;
			pthread_cond_broadcast(&g->emptied);
			*out = g->shown;
			return 1;
		}
		if (task && task->done) {
			if (task->rc < 0) {
				*e = task->err;
				return task->rc;
			}
			g->oldest = task->next;
			if (!g->oldest)
				g->newest = &g->oldest;
			g->tasks--;
			task_free(task);
			pthread_cond_broadcast(&g->emptied);
			continue;
		}
		if (!task && !g->running)
			return 0;
		pthread_cond_wait(&g->filled, &g->lock);
	}
}

int ring_next(struct ring *g, const struct text **out, struct err *e)
{
	pthread_mutex_lock(&g->lock);
	if (g->shown)
		give_back(g, g->shown);
	g->shown = NULL;
	int rc = take(g, out, e);
	pthread_mutex_unlock(&g->lock);
	return rc;
}

void ring_tally(struct ring *g, uint64_t *rows, uint64_t *matched)
{
	pthread_mutex_lock(&g->lock);
	for (unsigned i = 0; i < g->nthreads; i++) {
		*rows += g->reader[i].rows;
		*matched += g->reader[i].matched;
	}
	pthread_mutex_unlock(&g->lock);
}
