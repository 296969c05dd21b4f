/* SPDX-License-Identifier: MIT */
/* Workers take jobs from one queue; who waits for a group helps with its jobs. */
#include "base/pool.h"

#include "base/mem.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#define QUEUE 64u

struct job {
	void (*fn)(void *);
	void *arg;
	struct pool_group *group;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	struct job queue[QUEUE];
	unsigned head, count, nworkers;
	bool stop;
	pthread_t worker[];
};

/* Take the oldest job and run it; the lock is held on entry and on return. */
static void run_one(struct pool *p)
{
	struct job j = p->queue[p->head];
	p->head = (p->head + 1) % QUEUE;
	p->count--;
	pthread_mutex_unlock(&p->lock);
	j.fn(j.arg);
	pthread_mutex_lock(&p->lock);
	if (--j.group->open == 0)
		pthread_cond_broadcast(&p->done);
}

static void *worker_main(void *arg)
{
	struct pool *p = arg;
	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!p->count && !p->stop)
			pthread_cond_wait(&p->work, &p->lock);
		if (!p->count)
			break;
		run_one(p);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

struct pool *pool_new(unsigned threads)
{
	unsigned want = threads > 1 ? threads - 1 : 0;
	struct pool *p = mem_zalloc(sizeof *p + want * sizeof p->worker[0]);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->done, NULL);
	/* Signals belong to the thread that runs the tool's loop. */
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (p->nworkers < want && pthread_create(&p->worker[p->nworkers], NULL, worker_main, p) == 0)
		p->nworkers++;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return p;
}

void pool_end(pthread_mutex_t *lock, bool *stop, pthread_cond_t *wakes, const pthread_t *thread, unsigned n)
{
	pthread_mutex_lock(lock);
	*stop = true;
	pthread_cond_broadcast(wakes);
	pthread_mutex_unlock(lock);
	for (unsigned i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	pool_end(&p->lock, &p->stop, &p->work, p->worker, p->nworkers);
	pthread_cond_destroy(&p->work);
	pthread_cond_destroy(&p->done);
	pthread_mutex_destroy(&p->lock);
	mem_free(p);
}

unsigned pool_threads(const struct pool *p)
{
	return p ? p->nworkers + 1 : 1;
}

void pool_submit(struct pool *p, struct pool_group *g, void (*fn)(void *), void *arg)
{
	if (!p || !p->nworkers) {
		fn(arg);
		return;
	}
	pthread_mutex_lock(&p->lock);
	while (p->count == QUEUE)
		run_one(p);
	p->queue[(p->head + p->count) % QUEUE] = (struct job){ fn, arg, g };
	p->count++;
	g->open++;
	pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
}

void pool_wait(struct pool *p, struct pool_group *g)
{
	if (!p || !p->nworkers)
		return;
	pthread_mutex_lock(&p->lock);
	while (g->open) {
		if (p->count)
			run_one(p);
		else
			pthread_cond_wait(&p->done, &p->lock);
	}
	pthread_mutex_unlock(&p->lock);
}
