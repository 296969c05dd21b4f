/* SPDX-License-Identifier: MIT */
/* jobs - what is to be fetched, as the command line and a jobs file say it (docs/fetch.md, "Many jobs").
 *
 * Ownership: all text is in the arena of the jobs. Threads: one owner.
 * Errors: ERR_USAGE for operands; ERR_DATA with file, line and column for a jobs or rules file; ERR_IO.
 */
#ifndef SM_FETCH_JOBS_H
#define SM_FETCH_JOBS_H

#include "base/arena.h"
#include "fetch/fetch.h"

struct jobs {
	struct arena arena;
	struct fetch_spec *v;
	size_t n, cap;
	struct fetch_rule *rule;     /* of --rule and --rules */
	size_t nrules, rules_cap;
};
#define JOBS_INIT { .v = NULL }

/* A job with the defaults of OTHERS (times, bounds); SOURCE and NAME=VALUE operands, `-` for values of standard input.
 */
int jobs_add(struct jobs *j, const struct fetch_spec *others, const char *source, const char *const *operands, size_t n,
	     struct err *e);
/* The jobs of FILE ("-": standard input): NDJSON or an array. */
int jobs_read(struct jobs *j, const struct fetch_spec *others, const char *file, struct err *e);
/* `[TAG=]TEXT`; a tag is letters, digits, - and _. */
void jobs_add_rule(struct jobs *j, const char *text);
int jobs_read_rules(struct jobs *j, const char *file, struct err *e);
void jobs_release(struct jobs *j);

#endif
