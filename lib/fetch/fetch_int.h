/* SPDX-License-Identifier: MIT */
/* fetch_int - what the files of the engine share; only they include it. */
#ifndef SM_FETCH_FETCH_INT_H
#define SM_FETCH_FETCH_INT_H

#include "base/rand.h"
#include "fetch/budget.h"
#include "fetch/fetch.h"
#include "fetch/page.h"
#include "fetch/request.h"
#include "fetch/walk.h"
#include "http/ws.h"
#include "secret/redact.h"

#define NEVER INT64_MAX
/* Bytes that what libjq is given of an answer of at most N bytes, or of a message of a stream, may take. */
#define ANSWER_VALUES(n) (4 * (uint64_t)((n) ? (n) : (size_t)64 << 20))
#define MESSAGE_VALUES(n) (16 * (uint64_t)(n))

/* A definition that is in use: its programs are compiled once for all jobs. */
struct fetch_source {
	struct fetch_source *next;
	struct source_def *def;
	struct ask *ask;
	struct source_map *map;
	struct page *page;
	const struct stream *mapped_for;     /* whose variables the map has; NULL: those of another */
	struct login *logins;        /* one for each address and name; made when they are needed */
};

struct stream;
struct rules;
struct values;

enum task_kind { TASK_WALK, TASK_VALUE, TASK_LIST, TASK_REFILL };

/* Requests one after the other: the pages of a walk. */
struct task {
	struct task *next;
	struct job *job;
	struct fetch_source *src;
	enum task_kind kind;
	struct walk *walk;           /* the job's, or `own` */
	struct walk own;
	struct vars vars;
	char *value;                 /* TASK_VALUE */
	char *asked;                 /* the address of the last request, without credentials */
	char *redirect;              /* where the answer before sent us; NULL */
	unsigned redirects;
	struct budget *budget;
	struct login *login;         /* NULL: none, or not yet asked for one */
	int64_t due_ns;              /* not before */
	bool limited;                /* due_ns is that of a limit */
	bool later;                  /* it waits for what does not exist yet */
	uint64_t laters, tries;      /* in a row */
	uint64_t broken, nbroken;    /* a hash of the last body that could not be read; how often it came in a row */
	bool waits;                  /* for a token */
	bool relogged;               /* the login was repeated for this request */
	bool no_cursor;              /* ${cursor} was refused */
	uint64_t restarts;           /* of the walk, because its place was refused */
	uint64_t ticket, serial;     /* of the budget, of the login's token */
	int64_t wait_from;           /* since when it waits for its budget; 0: it does not */
	struct http_transfer *transfer;
	struct request request;
};

enum job_end { JOB_RUNS, JOB_DONE, JOB_QUOTA, JOB_FAILED };

/* What becomes of a task, or of its job, after an answer: job.c does it. */
enum outcome_kind { OUTCOME_GOES_ON, OUTCOME_DONE, OUTCOME_ENDS };
struct outcome {
	enum outcome_kind kind;      /* DONE: the task has nothing more; ENDS: the job does */
	enum job_end end;
	struct err err;
};

struct job {
	struct fetch *f;
	const struct fetch_spec *spec;
	struct fetch_spec own;       /* what spec points to: its bounds may be those of the walk that goes on */
	char *name;
	struct fetch_source *src;
	struct vars vars;
	struct budget *budget;
	enum job_end end;
	struct err err;
	uint64_t records, requests;
	/* its place */
	struct walk walk;
	uint64_t split;              /* part of a backfill */
	bool done;                   /* of a bounded backfill */
	int64_t since_us;            /* what is posted before was never asked for */
	bool resumed;                /* the walk under way began in another run */
	char *next_value;            /* of a list: the last that was begun */
	struct walk refill;
	bool refilling;
	/* what is under way */
	struct task *tasks;
	int64_t due_ns;              /* when the next walk begins */
	int64_t began_ns;
	bool idle;                   /* no walk is under way */
	struct buf list_body;        /* values are still to come from it */
	struct ask *list_ask;        /* by this one, which no other job moves on; NULL: none was needed yet */
	char *list_last;             /* the value before */
	struct source_about list_about;
	struct buf about_vars;
	bool listing;
	struct stream *stream;       /* NULL: pages */
	struct values *values;       /* standard input; NULL */
};

struct fetch {
	const struct fetch_opts *o;
	struct fetch_source *sources;
	struct job *job;
	size_t njobs, turn;          /* whose turn it is to be asked first */
	struct budgets *budgets;
	struct seen *seen;
	struct http *http;
	struct rng rng;
	struct arena arena;
	const struct json *places;   /* of the cursor that the run went on from; those of jobs that are gone are kept */
	struct err wait;             /* why the newest retry is one; its message is empty when all went well since */
	uint64_t under_way;          /* requests */
	uint64_t records, requests;
	int64_t started_ns;
	struct err fatal;            /* the output failed, a bad record stops us: code is 0 while all is well */
	struct err worst;            /* of a job */
	bool stopping;
	bool less;                   /* as in fetch_status */
	int64_t counted_ns;          /* when count.c looks at all budgets again */
	bool changed;                /* a callback has changed who is ready */
};

static inline struct request_way fetch_way(const struct fetch *f, const struct fetch_source *src)
{
	return (struct request_way){ .def = src->def, .secrets = f->o->secrets, .endpoint = f->o->endpoint };
}

/* sources.c */
int fetch_source(struct fetch *f, const char *name, struct fetch_source **out, struct err *e);
void fetch_drop_sources(struct fetch *f);

/* place.c */
int job_place(struct job *j, const struct json *place, struct err *e);
void job_put_place(const struct job *j, struct buf *b);
int64_t job_parts(const struct job *j);              /* of --split; 1: it is read whole */
void job_set_range(struct job *j, struct vars *v);   /* ${since}, ${until} */
void job_range(const struct job *j, int64_t *since_us, int64_t *until_us);

/* task.c */
struct task *task_add(struct job *j, struct fetch_source *src, enum task_kind kind);
void task_drop(struct task *t);
/* 0: sent, DONE is called with T and the answer (task_came comes first in it); 1: it has to wait, due_ns says for how long,
 * or O says that the job ends. */
typedef void task_done_fn(void *task, const struct http_answer *a);
int task_send(struct task *t, int64_t now, task_done_fn *done, struct outcome *o, struct err *e);
void task_came(struct task *t);
int task_build(struct task *t, struct err *e);
void task_await_login(struct task *t, int64_t now, struct outcome *o);  /* not for longer than --max-wait */
/* What the walk goes by: of the values of a list, whose cursor is the list's, nothing. */
const struct def_cursor *task_cursor(const struct task *t);
void task_retry(struct task *t, enum def_cause cause, const char *why, int64_t at_least_ns, struct outcome *o);
/* Requests on this budget that have not gone out yet wait, and ask again whether they may. */
void task_hold(struct fetch *f, const struct budget *b);
/* The job has ended: its tasks stop, but stay, so that the place knows of the values that are not through. */
void task_end_job(struct job *j, enum job_end end, const struct err *why);

/* count.c: for the registry. STREAM: of its connection, which is no request with an end. */
void fetch_count_answer(struct fetch *f, const struct fetch_source *src, const struct http_answer *a, bool stream);
void fetch_count_retry(struct fetch *f, enum def_cause cause);
const char *fetch_waits_for(const struct fetch *f, int64_t now);     /* why nothing is under way; NULL: something is */
void fetch_count_wait(struct fetch *f, const char *why, int64_t since_ns);
void fetch_count_state(struct fetch *f, int64_t now, bool last);     /* now and then */
void fetch_count_begin(struct fetch *f);                             /* which source it is */

/* answer.c */
void answer_take(struct task *t, const struct http_answer *a, struct outcome *o);

/* list.c */
int list_read(struct job *j, const struct source_about *about, const char *body, size_t n, struct err *e);
int list_more(struct job *j, struct err *e);     /* make tasks of values, as many as may be under way */

/* job.c */
/* The variables that S gives are those of D, and none is missing. */
int job_check(const struct source_def *d, const struct fetch_spec *s, struct err *e);
int job_no_variable(const struct source_def *d, const char *name, int code, struct err *e); /* fills E, returns CODE */
int job_init(struct job *j, struct fetch *f, const struct fetch_spec *s, struct err *e);
void job_release(struct job *j);
void job_end(struct job *j, enum job_end end, const struct err *why);
/* Begin what is due: a walk, a list, values, a stream. */
int job_advance(struct job *j, int64_t now, struct err *e);
/* One request of the job, if one is ready. 1: one was sent. */
int job_send(struct job *j, int64_t now, struct err *e);
int64_t job_due(const struct job *j);            /* when job_advance would do something; NEVER */
int64_t job_request_due(const struct job *j);    /* when one of its requests could be sent; NEVER */
bool job_has_list(const struct job *j);          /* its values come from a list, and not from a variable */

/* login.c */
/* The session of SRC for these variables, NULL: it needs none. They may say where the login is: what one host gave no
 * other gets. */
struct login *login_of(struct fetch *f, struct fetch_source *src, const struct vars *v);
void login_free_all(struct login *l);
/* The token, NULL: it is being asked for (or has failed: then E is filled and negative is returned). */
int login_token(struct login *l, const char **token, uint64_t *serial, struct err *e);
bool login_refuse(struct login *l, uint64_t serial);    /* it was not taken: true when another may be had */
bool login_ready(const struct login *l);         /* login_token has something to say */
int64_t login_due(const struct login *l);        /* when it is tried again; NEVER */
enum def_cause login_cause(const struct login *l);       /* why it has to be */

/* stream.c */
int stream_new(struct stream **s, struct job *j, struct err *e);
void stream_free(struct stream *s);
int stream_advance(struct stream *s, int64_t now, struct err *e);
int64_t stream_due(const struct stream *s);
int stream_work(struct stream *s, int64_t until_ns);    /* messages that were read and not yet given out */
void stream_refilled(struct stream *s);          /* the gap is closed */
void stream_stop(struct stream *s);
bool stream_is_open(const struct stream *s);     /* or being opened, or not all of it was worked on */

/* rules.c */
int rules_new(struct rules **r, struct job *j, struct err *e);
void rules_free(struct rules *r);
/* 0: the server's rules are those that were asked for; 1: it goes on; negative. */
int rules_advance(struct rules *r, const char *token, struct err *e);

/* values.c */
int values_new(struct values **v, struct job *j, int fd, struct err *e);
void values_free(struct values *v);
/* Read what is there without waiting; begin as many as may be under way; pass marks on. */
int values_advance(struct values *v, struct err *e);
bool values_over(const struct values *v);
bool values_wants(const struct values *v);       /* more input */

#endif
