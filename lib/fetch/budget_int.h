/* SPDX-License-Identifier: MIT */
/* budget_int - what the files of a budget share; only they include it.
 *
 * The numbers, in memory or in a file that is mapped: a head, the signals, then for each limit its state and its log.
 * All are 64 bits wide and in the machine's own order: the file is for processes of one machine.
 */
#ifndef SM_FETCH_BUDGET_INT_H
#define SM_FETCH_BUDGET_INT_H

#include "base/zone.h"
#include "fetch/budget.h"

#include <stddef.h>

struct signals {
	double limit, remaining;     /* negative: not known */
	double used_pct;             /* NAN: not known */
	int64_t reset, known, sent, blocked;
	uint64_t tickets;
};

struct window_state {
	uint64_t head;               /* the oldest slot of the log */
	int64_t used, day_ends;      /* of a quota */
};

struct window {
	uint64_t count;
	int64_t per_us;
	bool daily;
	struct zone zone;
	size_t slots;
	struct window_state *state;
	int64_t *log;
};

struct budget {
	struct budget *next;
	char *name;
	struct window *limit;
	size_t nlimits;
	double soft_pct, hard_pct;
	struct signals *signals;
	void *map;                   /* all of it */
	size_t size;
	int fd;                      /* of the shared file; -1: in memory */
};

int budget_map(struct budget *b, const char *folder, struct err *e);    /* FOLDER NULL: memory */
void budget_unmap(struct budget *b);
void budget_lock(const struct budget *b);
void budget_unlock(const struct budget *b);

#endif
