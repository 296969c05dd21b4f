/* SPDX-License-Identifier: MIT */
/* fetch - the engine of smfetch: jobs that read networks, many at once, on one thread (docs/fetch.md).
 *
 *	struct fetch *f;
 *	fetch_new(&f, &opts, &e);             // definitions, variables, secrets and places are checked; nothing is sent
 *	end = fetch_run(f, &e);               // until all jobs have ended, `stop` says so, or nothing more can be done
 *	fetch_cursor(f, &cursor, &e);         // also from within `point`
 *	fetch_free(f);
 *
 * Layers inside, from the top: fetch.c (who is next), job.c (a job), stream.c, values.c, answer.c (what an answer means),
 * list.c, place.c, task.c (one request at a time), login.c, rules.c; on says, verdict, request, page, walk, budget, seen,
 * sink.
 *
 * Ownership: options are borrowed for the life of the engine. Threads: one owner.
 * Errors: those of single jobs are told by `say` and leave the others alone; fetch_run returns the worst when all have
 * ended.
 */
#ifndef SM_FETCH_FETCH_H
#define SM_FETCH_FETCH_H

#include "base/buf.h"
#include "base/err.h"
#include "http/http.h"
#include "metrics/metrics.h"
#include "secret/secret.h"

#include <stdbool.h>
#include <stdint.h>

struct fetch_var {
	const char *name, *value;
};

struct fetch_rule {
	const char *value, *tag;     /* TAG NULL: none */
};

struct fetch_spec {
	const char *source;          /* a definition's name or file */
	const char *file;            /* where the job was read from, NULL: the command line */
	uint64_t line;
	const char *name;            /* of the job, NULL: the source and its variables */
	const struct fetch_var *var;
	size_t nvars;
	int64_t since_us, until_us;  /* INT64_MIN, INT64_MAX: no bound */
	const char *since_as, *until_as; /* as typed, where it is relative to now (base/when.h); NULL */
	int64_t split_ns, every_ns;  /* 0: no */
	uint64_t max_records, max_requests;  /* 0: no bound */
	const struct fetch_rule *rule;
	size_t nrules;
	bool has_rules;              /* the server's rules are to be those (also none) */
	bool values;                 /* of standard input, for the variable that the definition's `each` names */
};

enum fetch_say { SAY_VERBOSE, SAY_NOTE, SAY_WARNING, SAY_ERROR };
enum fetch_end { FETCH_DONE = 0, FETCH_QUOTA = 1, FETCH_STOPPED = 2 };

struct fetch_opts {
	const struct fetch_spec *spec;
	size_t nspecs;
	bool named;                  /* a jobs file: places of jobs that it has no more are kept, new jobs may join */
	struct secrets *secrets;
	struct http_opts http;
	const char *endpoint, *share, *token_cache;  /* NULL: none */
	const char *folder;          /* of the checkpoint, for the keys of records; NULL: none */
	const char *cursor;          /* where to go on; NULL: from the start */
	size_t ncursor;
	bool resumes;                /* there is a checkpoint: what has to wait may be left to the next run */
	size_t dedup;
	bool raw;
	uint64_t parallel;           /* requests under way, 1 or more */
	int64_t max_wait_ns, for_ns; /* for_ns 0: no bound */
	uint64_t max_records, max_requests;  /* of all jobs together; 0: no bound */
	bool dry_run;                /* fetch_dry_run alone will be called: secrets and streams are not needed */
	bool check;                  /* the definitions' setup.check instead of what they are for */
	size_t max_answer;           /* bytes of a body, decompressed; so much is in memory for each request under way; 0: 64 MiB */
	size_t max_record;           /* a stream's longest message, a list's longest body */
	struct metrics *metrics;     /* NULL: nobody counts */
	int values_fd;               /* for jobs with `values` */

	/* Whole lines of N bytes. */
	int (*out)(void *arg, const char *p, size_t n, uint64_t records, struct err *e);
	/* All that was handed out is behind fetch_cursor now. */
	int (*point)(void *arg, struct err *e);
	/* A mark of the values' input: everything before it was handed out. */
	int (*pass)(void *arg, const char *line, size_t n, struct err *e);
	/* A bad item of an answer. 0: go on. */
	int (*bad)(void *arg, const char *item, size_t n, const struct err *why, struct err *e);
	void (*say)(void *arg, enum fetch_say level, const struct err *what);
	/* Nothing is to do until NEXT_NS: hand on what is held back, show how it goes. */
	int (*idle)(void *arg, int64_t next_ns, struct err *e);
	bool (*stop)(void *arg);
	void *arg;
};

/* Look for every secret that the jobs' definitions want, before the environment is cleared: no jq is compiled, nothing
 * is sent. A variable that a definition does not have, or lacks, is told first. */
int fetch_find_secrets(const struct fetch_spec *spec, size_t n, struct secrets *secrets, struct err *e);

struct fetch;
int fetch_new(struct fetch **f, const struct fetch_opts *o, struct err *e);
void fetch_free(struct fetch *f);                /* NULL is fine */
int fetch_run(struct fetch *f, struct err *e);   /* enum fetch_end, or negative */
int fetch_cursor(struct fetch *f, struct buf *to, struct err *e);
/* The cursor of the mark that the checkpoint has recorded would let old files of keys go: then fetch_recorded. */
bool fetch_wants_recorded(const struct fetch *f);
void fetch_recorded(struct fetch *f, const char *cursor, size_t n);
/* The first request of each job, as people may see it; nothing is sent. */
int fetch_dry_run(struct fetch *f, struct buf *to, struct err *e);
bool fetch_has_stream(const struct fetch *f);

struct fetch_status {
	uint64_t records, requests, jobs, ended;
	bool less;                   /* a response was not the whole of what is there (206, 304) */
	double left, reset_s;        /* of the scarcest budget, -1: not known */
	const char *cause;           /* why the last retry was one; NULL: all went well since. Until the engine runs again */
	int64_t next_ns;             /* when something is tried again, INT64_MAX: nothing waits */
};
void fetch_status(struct fetch *f, struct fetch_status *s);

#endif
