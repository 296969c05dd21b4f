/* SPDX-License-Identifier: MIT */
/* pool - a fixed set of worker threads, and groups of jobs to wait for.
 *
 *	struct pool *p = pool_new(2);            // this thread and one worker
 *	struct pool_group g = POOL_GROUP_INIT;
 *	pool_submit(p, &g, job, arg);
 *	pool_wait(p, &g);                        // helps with queued jobs while it waits
 *
 * With one thread no worker exists and pool_submit runs the job at once: the same
 * code path, no locks. Jobs report failure through their own argument.
 * Bounded: pool_submit runs the oldest queued job itself when QUEUE jobs wait.
 * Threads: any thread may submit and wait.
 */
#ifndef SM_BASE_POOL_H
#define SM_BASE_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct pool;
struct pool_group {
	size_t open;   /* jobs not yet done; guarded by the pool's lock */
};
#define POOL_GROUP_INIT { 0 }

struct pool *pool_new(unsigned threads);      /* 0 or 1: none but the caller's */
void pool_free(struct pool *p);               /* waits for all jobs; NULL is fine */
unsigned pool_threads(const struct pool *p);  /* NULL counts as 1 */
void pool_submit(struct pool *p, struct pool_group *g, void (*fn)(void *), void *arg);
void pool_wait(struct pool *p, struct pool_group *g);
/* For threads that are nobody's pool: set *STOP under LOCK, wake those that wait for WAKES, join all N. */
void pool_end(pthread_mutex_t *lock, bool *stop, pthread_cond_t *wakes, const pthread_t *thread, unsigned n);

#endif
