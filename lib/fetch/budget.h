/* SPDX-License-Identifier: MIT */
/* budget - when may the next request be sent: the limits that a definition keeps to, and what the API itself says.
 *
 * Three things are asked, and all must agree:
 *	windows   of each limit COUNT/PER a log of the last COUNT requests is kept. A request is free when the oldest in
 *	          the log has left the window. A request counts until PER after its *answer* came: so the server, which
 *	          counts when it arrives, never sees more than COUNT in any window, whatever the network does to it.
 *	quotas    COUNT/day of a zone: a counter that resets at midnight there.
 *	signals   what the last answers said: remaining and reset, percent used, a wait. What an answer does not say stays
 *	          as it was known. From `soft_pct` used, the requests that are left are spread over the time that is left;
 *	          from `hard_pct` none is sent before the reset. A percentage without a reset is taken to be of a rolling
 *	          hour, in which one percent passes in 36 s.
 *
 * With a folder the numbers are in a file there, mapped and locked by each call, so that several processes share them;
 * a process that dies leaves them as they are, its requests under way count for two minutes more. Times there are of
 * the wall clock; without a folder they are monotonic.
 *
 * Ownership: budgets own each budget. Threads: one owner. Cost: O(cost) a request and limit.
 * Errors: ERR_IO; ERR_CONFLICT for a file made for other limits; ERR_DATA for one that is not ours.
 */
#ifndef SM_FETCH_BUDGET_H
#define SM_FETCH_BUDGET_H

#include "base/err.h"
#include "source/def.h"

#include <math.h>

#include <stdbool.h>
#include <stdint.h>

#define BUDGET_MAX_COUNT 1000000     /* of a window: 8 MB of log */

struct budgets;
struct budget;
void budgets_new(struct budgets **b, const char *folder);       /* NULL: nothing is shared */
void budgets_free(struct budgets *b);                           /* NULL is fine */
/* The budget called NAME, with the limits of DEF. ERR_CONFLICT: there is one of that name with other limits. */
int budgets_get(struct budgets *b, const char *name, const struct source_def *def, struct budget **out, struct err *e);
const char *budget_name(const struct budget *b);

/* Take what a request of COST needs and give its ticket for budget_done: 0. Or take nothing: nanoseconds until it may
 * be tried again. */
int64_t budget_take(struct budget *b, uint64_t cost, uint64_t *ticket);
/* The request was not sent at all: what it took is free again. */
void budget_return(struct budget *b, uint64_t ticket, uint64_t cost);
/* The answer is there, or there will be none. */
void budget_done(struct budget *b, uint64_t ticket, uint64_t cost);

struct budget_signal {           /* NAN: not known */
	double limit, remaining;
	double reset_s;              /* from now */
	double wait_s;
	double used_pct;
};
#define BUDGET_SIGNAL_NONE { NAN, NAN, NAN, NAN, NAN }
void budget_signal(struct budget *b, const struct budget_signal *s);
void budget_block(struct budget *b, int64_t ns);     /* nothing for so long */
/* The API says that the quota of the day is used up, whatever was counted here. */
void budget_exhaust(struct budget *b);
/* For people: requests left and seconds to the reset as far as they are known, -1: not. */
void budget_left(struct budget *b, double *left, double *reset_s);

#endif
