/* SPDX-License-Identifier: MIT */
/* Who is next: jobs take turns, http_run waits, places are told. */
#include "fetch/sink.h"

#include "base/clock.h"
#include "base/mem.h"
#include "source/def_print.h"

#include <string.h>

#define LOOK_NS (NS_PER_SEC / 4)     /* how long a signal may go unseen */
#define STOP_NS (5 * NS_PER_SEC)     /* how long requests under way are waited for when the run is stopped */

/* --- secrets --- */

static int find_secrets(const char *name, struct secrets *secrets, unsigned depth, struct err *e);

static int secrets_of(const struct source_def *d, struct secrets *secrets, unsigned depth, struct err *e)
{
	const char *value;
	size_t n;
	int rc = 0;
	for (size_t i = 0; i < d->nsecrets && rc == 0; i++) {
		rc = secrets_get(secrets, d->secret[i].name, &value, &n, e);
		if (rc == ERR_NOT_FOUND)
			rc = d->secret[i].optional ? 0 : (e->code = ERR_USAGE);
	}
	/* What a stream falls back on, and what fills its gaps. */
	if (rc == 0 && d->refill && depth < 4)
		rc = find_secrets(d->refill, secrets, depth + 1, e);
	if (rc == 0 && d->fallback && depth < 4)
		rc = find_secrets(d->fallback, secrets, depth + 1, e);
	return rc;
}

static int find_secrets(const char *name, struct secrets *secrets, unsigned depth, struct err *e)
{
	struct source_def *d;
	int rc = source_def_load(&d, name, e);
	if (rc < 0)
		return rc;
	rc = secrets_of(d, secrets, depth, e);
	source_def_free(d);
	return rc;
}

/* An error of a job in a file has its place there. */
static int at_job(const struct fetch_spec *s, int rc, struct err *e)
{
	if (rc < 0 && s->file) {
		e->code = rc = rc == ERR_USAGE || rc == ERR_NOT_FOUND ? ERR_DATA : rc;
		if (!e->file[0])
			err_at(e, s->file, s->line, 1);
	}
	return rc;
}

/* A slip of the pen is told before a secret is missed. */
int fetch_find_secrets(const struct fetch_spec *spec, size_t n, struct secrets *secrets, struct err *e)
{
	int rc = 0;
	for (size_t i = 0, of; i < n && rc == 0; i = of) {
		struct source_def *d;
		if ((rc = source_def_load(&d, spec[i].source, e)) < 0)
			return rc;
		for (of = i; of < n && rc == 0 && strcmp(spec[of].source, spec[i].source) == 0; of++)
			rc = d->api ? at_job(&spec[of], job_check(d, &spec[of], e), e) : 0;
		if (rc == 0)
			rc = secrets_of(d, secrets, 0, e);
		source_def_free(d);
	}
	return rc;
}

/* --- begin and end --- */

static int find_places(struct fetch *f, const struct json **seen, struct err *e)
{
	struct json *root;
	int64_t v;
	*seen = NULL;
	if (!f->o->cursor)
		return 0;
	char *copy = arena_strndup(&f->arena, f->o->cursor, f->o->ncursor);
	int rc = json_parse(&root, &f->arena, copy, f->o->ncursor, e);
	if (rc < 0)
		return rc;
	f->places = json_get(root, "jobs");
	*seen = json_get(root, "seen");
	if (!json_i64(json_get(root, "v"), &v) || v != 1 || !f->places || f->places->type != JSON_OBJECT)
		return err_set(
		    e, ERR_CONFLICT,
		    "the checkpoint belongs to another kind of source (smfetch files?): use another folder");
	return 0;
}

static int find_job_place(struct fetch *f, struct job *j, struct err *e)
{
	const struct json *place = f->places ? json_get(f->places, j->name) : NULL;
	if (f->places && !place && !f->o->named)
		return err_set(e, ERR_CONFLICT,
			       "the checkpoint belongs to '%s', not to '%s': use another folder, or a jobs file",
			       f->places->child ? f->places->child->key : "nothing", j->name);
	return place ? job_place(j, place, e) : 0;
}

static int same_names(const struct fetch *f, struct err *e)
{
	for (size_t i = 0; i < f->njobs; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(f->job[i].name, f->job[k].name) == 0)
				return err_set(e, ERR_USAGE, "two jobs have the name '%s': give them different names",
					       f->job[i].name);
	return 0;
}

static int init_jobs(struct fetch *f, struct err *e)
{
	int rc = 0;
	f->job = mem_zalloc((f->o->nspecs + 1) * sizeof *f->job);
	for (size_t i = 0; i < f->o->nspecs && rc == 0; i++) {
		f->njobs++;
		rc = at_job(&f->o->spec[i], job_init(&f->job[i], f, &f->o->spec[i], e), e);
	}
	for (size_t i = 0; i < f->njobs && rc == 0; i++)
		rc = find_job_place(f, &f->job[i], e);
	return rc == 0 ? same_names(f, e) : rc;
}

int fetch_new(struct fetch **out, const struct fetch_opts *o, struct err *e)
{
	struct fetch *f = mem_zalloc(sizeof *f);
	const struct json *seen;
	uint64_t seed;
	f->o = o;
	rand_system(&seed, sizeof seed);
	rng_seed(&f->rng, seed);
	budgets_new(&f->budgets, o->share);
	f->started_ns = clock_mono_ns();
	int rc = find_places(f, &seen, e);
	if (rc == 0)
		rc = seen_open(&f->seen, o->dedup, o->folder, seen, e);
	if (rc == 0)
		rc = http_new(&f->http, &o->http, e);
	if (rc == 0)
		rc = init_jobs(f, e);
	if (rc < 0) {
		redact_err(o->secrets, e);
		fetch_free(f);
		return rc;
	}
	fetch_count_begin(f);
	*out = f;
	return 0;
}

void fetch_free(struct fetch *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->njobs; i++)
		job_release(&f->job[i]);
	mem_free(f->job);
	fetch_drop_sources(f);
	http_free(f->http);
	budgets_free(f->budgets);
	seen_free(f->seen);
	arena_release(&f->arena);
	mem_free(f);
}

/* --- places --- */

static bool has_job(const struct fetch *f, const char *name)
{
	for (size_t i = 0; i < f->njobs; i++)
		if (strcmp(f->job[i].name, name) == 0)
			return true;
	return false;
}

static void put_member(struct buf *b, const char *name)
{
	if (b->p[b->n - 1] != '{')
		buf_putc(b, ',');
	json_put_cstr(b, name);
	buf_putc(b, ':');
}

int fetch_cursor(struct fetch *f, struct buf *to, struct err *e)
{
	struct buf seen = BUF_INIT;
	int rc = seen_sync(f->seen, e);
	if (rc < 0)
		return rc;
	buf_puts(to, "{\"v\":1,\"jobs\":{");
	for (size_t i = 0; i < f->njobs; i++) {
		put_member(to, f->job[i].name);
		job_put_place(&f->job[i], to);
	}
	for (const struct json *p = f->places ? f->places->child : NULL; p; p = p->next) {
		if (has_job(f, p->key))
			continue;
		put_member(to, p->key);
		buf_put(to, p->raw, p->nraw);
	}
	buf_putc(to, '}');
	if (seen_ref(f->seen, &seen)) {
		buf_puts(to, ",\"seen\":");
		buf_put(to, seen.p, seen.n);
	}
	buf_putc(to, '}');
	buf_release(&seen);
	return 0;
}

bool fetch_wants_recorded(const struct fetch *f)
{
	return seen_has_old(f->seen);
}

void fetch_recorded(struct fetch *f, const char *cursor, size_t n)
{
	struct arena a = ARENA_INIT;
	struct json *root;
	if (json_parse(&root, &a, cursor, n, NULL) == 0)
		seen_forget(f->seen, json_get(root, "seen"));
	arena_release(&a);
}

/* --- who is next --- */

static bool requests_left(const struct fetch *f, const struct job *j)
{
	return !(f->o->max_requests && f->requests >= f->o->max_requests) &&
	       !(j->spec->max_requests && j->requests >= j->spec->max_requests);
}

/* Out of requests: it goes on as long as an answer is to come. */
static bool still_reads(const struct job *j)
{
	for (const struct task *t = j->tasks; t; t = t->next)
		if (t->transfer)
			return true;
	return j->stream && stream_is_open(j->stream);
}

static int turn_of(struct fetch *f, struct job *j, int64_t now)
{
	struct err e;
	if (j->end != JOB_RUNS)
		return 0;
	if (!requests_left(f, j) && !still_reads(j)) {
		job_end(j, JOB_DONE, NULL);
		return 0;
	}
	int rc = job_advance(j, now, &e);
	if (rc == 0 && j->end == JOB_RUNS && f->under_way < f->o->parallel && requests_left(f, j))
		rc = job_send(j, now, &e);
	if (rc < 0)
		job_end(j, JOB_FAILED, &e);
	return rc > 0;
}

/* Jobs take turns: each sends one request at a time until nobody can. */
static void send_all(struct fetch *f)
{
	bool sent = true;
	while (sent && !f->fatal.code) {
		int64_t now = clock_mono_ns();
		sent = false;
		for (size_t i = 0; i < f->njobs; i++)
			sent |= turn_of(f, &f->job[(f->turn + i) % f->njobs], now) > 0;
		f->turn = f->njobs ? (f->turn + 1) % f->njobs : 0;
	}
}

/* Where no request may be sent now, one that is under way has to come back first: that wakes us. */
static int64_t next_due(const struct fetch *f)
{
	int64_t due = NEVER, t;
	for (size_t i = 0; i < f->njobs; i++) {
		const struct job *j = &f->job[i];
		if (j->end != JOB_RUNS)
			continue;
		if ((t = job_due(j)) < due)
			due = t;
		if (f->under_way < f->o->parallel && requests_left(f, j) && (t = job_request_due(j)) < due)
			due = t;
	}
	return due;
}

static bool all_ended(const struct fetch *f)
{
	for (size_t i = 0; i < f->njobs; i++)
		if (f->job[i].end == JOB_RUNS)
			return false;
	return true;
}

static void watch_values(struct fetch *f)
{
	int fd = -1;
	for (size_t i = 0; i < f->njobs; i++)
		if (f->job[i].values && f->job[i].end == JOB_RUNS && values_wants(f->job[i].values))
			fd = f->o->values_fd;
	http_watch(f->http, fd);
}

/* Let what is under way come to its end, but not for long. */
static int wind_down(struct fetch *f, struct err *e)
{
	int64_t until = clock_mono_ns() + STOP_NS;
	int rc = 0;
	f->stopping = true;
	http_watch(f->http, -1);
	while (f->under_way && rc == 0 && !f->fatal.code && clock_mono_ns() < until)
		rc = http_run(f->http, until, e);
	/* What a stream has sent is not to be had again. */
	for (size_t i = 0; i < f->njobs && rc == 0 && !f->fatal.code; i++)
		if (f->job[i].stream)
			stream_work(f->job[i].stream, until);
	return rc;
}

static int end_of_run(struct fetch *f, bool stopped, struct err *e)
{
	bool quota = false;
	uint64_t failed = 0;
	for (size_t i = 0; i < f->njobs; i++) {
		struct job *j = &f->job[i];
		quota |= j->end == JOB_QUOTA;
		failed += j->end == JOB_FAILED;
		if (j->end == JOB_FAILED && !f->worst.code)
			f->worst = j->err;
	}
	/* What each has failed of was said when it did. */
	if (f->worst.code && f->njobs > 1)
		return err_set(e, f->worst.code, "%llu of %zu jobs failed", (unsigned long long)failed, f->njobs);
	if (f->worst.code) {
		*e = f->worst;
		redact_err(f->o->secrets, e);
		return e->code;
	}
	return stopped ? FETCH_STOPPED : quota ? FETCH_QUOTA : FETCH_DONE;
}

static bool over(const struct fetch *f)
{
	return (f->o->for_ns && clock_mono_ns() - f->started_ns >= f->o->for_ns) ||
	       (f->o->max_records && f->records >= f->o->max_records);
}

int fetch_run(struct fetch *f, struct err *e)
{
	bool stopped = false;
	int rc = 0;
	while (rc == 0 && !f->fatal.code && !over(f)) {
		if ((stopped = f->o->stop(f->o->arg)))
			break;
		send_all(f);
		if (f->fatal.code || all_ended(f))
			break;
		int64_t now = clock_mono_ns(), due = next_due(f);
		if ((rc = f->o->idle(f->o->arg, due, e)) < 0)
			break;
		watch_values(f);
		fetch_count_state(f, now, false);
		const char *why = due > now ? fetch_waits_for(f, now) : NULL;
		rc = http_run(f->http, due < now + LOOK_NS ? due : now + LOOK_NS, e);
		fetch_count_wait(f, why, now);
	}
	if (rc == 0 && !f->fatal.code)
		rc = wind_down(f, e);
	fetch_count_state(f, 0, true);
	if (f->fatal.code) {
		*e = f->fatal;
		return e->code;
	}
	return rc < 0 ? rc : end_of_run(f, stopped, e);
}

/* --- looking --- */

bool fetch_has_stream(const struct fetch *f)
{
	for (size_t i = 0; i < f->njobs; i++)
		if (f->job[i].src->def->transport != TRANSPORT_HTTP)
			return true;
	return false;
}

void fetch_status(struct fetch *f, struct fetch_status *s)
{
	*s = (struct fetch_status){.records = f->records,
				   .requests = f->requests,
				   .jobs = f->njobs,
				   .less = f->less,
				   .left = -1,
				   .reset_s = -1,
				   .cause = f->wait.msg[0] ? f->wait.msg : NULL,
				   .next_ns = f->under_way ? NEVER : next_due(f)};
	for (size_t i = 0; i < f->njobs; i++) {
		double left, reset;
		s->ended += f->job[i].end != JOB_RUNS;
		budget_left(f->job[i].budget, &left, &reset);
		if (left >= 0 && (s->left < 0 || left < s->left)) {
			s->left = left;
			s->reset_s = reset;
		}
	}
}

static void show_bound(struct buf *to, const char *name, uint64_t n)
{
	if (n)
		buf_printf(to, "# %s: %llu\n", name, (unsigned long long)n);
}

static void show_time(struct buf *to, const char *name, int64_t us)
{
	char t[48];
	if (us != INT64_MIN && us != INT64_MAX)
		buf_printf(to, "# %s: %.*s\n", name, (int)time_format(t, us, 3, true), t);
}

/* What does not stand in the request: where its parts come from, and what bounds those behind it. */
static void show_rest(const struct fetch *f, const struct task *t, struct buf *to)
{
	const struct fetch_spec *s = t->job->spec;
	buf_puts(to, "# variables: ");
	vars_json(&t->vars, to);
	buf_puts(to, "\n# ");
	source_def_limits(t->src->def, to);
	show_time(to, "since", s->since_us);
	show_time(to, "until", s->until_us);
	show_bound(to, "max-records", s->max_records ? s->max_records : f->o->max_records);
	show_bound(to, "max-requests", s->max_requests ? s->max_requests : f->o->max_requests);
}

int fetch_dry_run(struct fetch *f, struct buf *to, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < f->njobs && rc == 0; i++) {
		struct job *j = &f->job[i];
		bool list = job_has_list(j);
		struct request_way w = { .def = j->src->def };
		struct task *t = task_add(j, j->src, list ? TASK_LIST : TASK_WALK);
		if (f->njobs > 1)
			buf_printf(to, "# %s\n", j->name);
		rc = task_build(t, e);
		if (rc == 0)
			request_show(&t->request, &w, to);
		buf_putc(to, '\n');
		if (rc == 0)
			show_rest(f, t, to);
		task_drop(t);
	}
	redact(f->o->secrets, to);
	return rc;
}
