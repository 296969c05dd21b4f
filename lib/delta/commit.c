/* SPDX-License-Identifier: MIT */
/* Tries a version, and after a lost race checks the winners' commits for conflicts and tries the next. */
#include "delta/commit.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "delta/checkpoint.h"
#include "delta/log.h"
#include "delta/protocol.h"

#include <strings.h>

#define ATTEMPTS 100
#define RETRY_FOR_NS (60 * NS_PER_SEC)
#define PAUSE_NS (NS_PER_SEC / 200)
#define PAUSE_MAX_NS NS_PER_SEC
#ifndef SM_VERSION
#define SM_VERSION "0"
#endif

static void delta_change_clear(struct delta_change *c)
{
	struct delta_change keep = DELTA_CHANGE_INIT;
	keep.parameters = c->parameters;
	keep.metrics = c->metrics;
	keep.info = c->info;
	keep.actions = c->actions;
	keep.removes = c->removes;
	keep.removes_cap = c->removes_cap;
	*c = keep;
	buf_clear(&c->parameters);
	buf_clear(&c->metrics);
	buf_clear(&c->info);
	buf_clear(&c->actions);
}

static void delta_change_release(struct delta_change *c)
{
	buf_release(&c->parameters);
	buf_release(&c->metrics);
	buf_release(&c->info);
	buf_release(&c->actions);
	mem_free(c->removes);
	*c = (struct delta_change)DELTA_CHANGE_INIT;
}

void delta_change_remove(struct delta_change *c, const char *path)
{
	MEM_GROW(c->removes, c->removes_cap, c->nremoves + 1);
	c->removes[c->nremoves++] = path;
}

/* One commit being made. */
struct attempt {
	struct store *s;
	struct delta_snapshot *sn;       /* NULL: no table yet */
	struct delta_change c;
	struct buf body;
	char txn_id[UUID_TEXT + 1];
	int64_t version, timestamp_ms;
	struct rng rng;
};

static bool in_commit_timestamps(const struct delta_snapshot *sn)
{
	const char *on = sn ? delta_property(sn, "delta.enableInCommitTimestamps") : NULL;
	return on && strcasecmp(on, "true") == 0;
}

static int take_timestamp(void *arg, const struct delta_action *act, uint64_t line, struct err *e)
{
	(void)line;
	(void)e;
	if (act->kind != DELTA_COMMIT_INFO)
		return 0;
	const struct json *v = json_get(act->info, "inCommitTimestamp");
	if (v && !json_i64(v, arg))
		*(int64_t *)arg = 0;
	return 1;
}

/* When the table keeps the time in its commits it must grow from one to the next. */
static int commit_time(struct attempt *at, bool ict, struct err *e)
{
	int64_t before = 0;
	at->timestamp_ms = clock_now_us() / 1000;
	if (!ict)
		return 0;
	int rc = delta_log_read(at->s, at->sn->version, NULL, take_timestamp, &before, e);
	if (rc < 0)
		return rc;
	if (at->timestamp_ms <= before)
		at->timestamp_ms = before + 1;
	return 0;
}

static int compose(struct attempt *at, struct err *e)
{
	struct buf *b = &at->body;
	const struct delta_change *c = &at->c;
	bool ict = in_commit_timestamps(at->sn);
	int rc = commit_time(at, ict, e);
	if (rc)
		return rc;
	buf_clear(b);
	rand_uuid(at->txn_id);
	buf_puts(b, "{\"commitInfo\":{");
	if (ict)
		buf_printf(b, "\"inCommitTimestamp\":%lld,", (long long)at->timestamp_ms);
	buf_printf(b, "\"timestamp\":%lld,\"operation\":", (long long)at->timestamp_ms);
	json_put_cstr(b, c->operation);
	buf_puts(b, ",\"operationParameters\":{");
	buf_put(b, c->parameters.p, c->parameters.n);
	buf_putc(b, '}');
	if (at->sn)
		buf_printf(b, ",\"readVersion\":%lld", (long long)at->sn->version);
	buf_printf(b, ",\"isolationLevel\":\"Serializable\",\"isBlindAppend\":%s,\"operationMetrics\":{",
		   c->blind_append ? "true" : "false");
	buf_put(b, c->metrics.p, c->metrics.n);
	buf_printf(b, "},\"engineInfo\":\"smtools/%s\",\"txnId\":\"%s\"", SM_VERSION, at->txn_id);
	buf_put(b, c->info.p, c->info.n);
	buf_puts(b, "}}\n");
	buf_put(b, c->actions.p, c->actions.n);
	return 0;
}

static int take_txn_id(void *arg, const struct delta_action *act, uint64_t line, struct err *e)
{
	const struct attempt *at = arg;
	(void)line;
	(void)e;
	if (act->kind != DELTA_COMMIT_INFO)
		return 0;
	const char *id = json_str(json_get(act->info, "txnId"));
	return id && strcmp(id, at->txn_id) == 0 ? 1 : 0;
}

enum outcome { OUTCOME_OURS = 1, OUTCOME_LOST = 2 };

/* Our commit is in the log. Name and content must be durable before anybody is told: a power cut would take back what a
 * checkpoint has recorded. An fsync that failed is not tried again, since the kernel reports a lost write only once. */
static int settle_ours(struct attempt *at, int rc, struct err *e)
{
	if (rc == ERR_EXISTS)
		rc = store_sync(at->s, DELTA_LOG_DIR, e);
	if (rc == 0)
		return OUTCOME_OURS;
	err_wrap(e, "version %lld of %s is in the log, but may not survive a power cut", (long long)at->version, store_root(at->s));
	return rc;
}

/* Put the body; where the answer leaves it open whether it is there, look. */
static int put(struct attempt *at, struct err *e)
{
	struct buf name = BUF_INIT;
	struct err look;
	delta_commit_name(&name, at->version);
	int rc = store_put_if_absent(at->s, buf_cstr(&name), at->body.p, at->body.n, e);
	if (rc == 0) {
		rc = OUTCOME_OURS;
	} else if (rc == ERR_EXISTS || rc == ERR_IO) {
		int ours = delta_log_read(at->s, at->version, NULL, take_txn_id, at, &look);
		if (ours == 1)
			rc = settle_ours(at, rc, e);
		else if (rc == ERR_EXISTS || ours == 0)
			rc = OUTCOME_LOST; /* a winner that cannot be read is reported when the snapshot moves on */
	}
	buf_release(&name);
	return rc;
}

/* What a winning commit is checked for. */
struct check {
	const struct attempt *at;
	int64_t version;
};

static bool removes_path(const struct delta_change *c, const char *path)
{
	for (size_t i = 0; i < c->nremoves; i++)
		if (strcmp(c->removes[i], path) == 0)
			return true;
	return false;
}

static int conflict(const struct check *k, struct err *e, const char *what)
{
	return err_set(e, ERR_CONFLICT, "another writer committed first: version %lld of %s %s", (long long)k->version,
		       store_root(k->at->s), what);
}

static int check_add(const struct check *k, const struct delta_add *add, struct err *e)
{
	const struct delta_change *c = &k->at->c;
	bool reads = c->reads_all;
	if (c->blind_append || !c->data_change || !add->data_change)
		return 0;
	if (!reads && c->reads_file) {
		int rc = c->reads_file(c->reads_arg, k->at->sn, add, &reads, e);
		if (rc)
			return rc;
	}
	return reads ? conflict(k, e, "added rows that this commit would replace") : 0;
}

static int check_action(void *arg, const struct delta_action *act, uint64_t line, struct err *e)
{
	const struct check *k = arg;
	const struct delta_change *c = &k->at->c;
	(void)line;
	switch (act->kind) {
	case DELTA_PROTOCOL: return conflict(k, e, "changed the table's protocol");
	case DELTA_METADATA: return conflict(k, e, "changed the table's schema or properties");
	case DELTA_ADD: return check_add(k, &act->add, e);
	case DELTA_REMOVE:
		if (removes_path(c, act->add.path))
			return conflict(k, e, "removed a file that this commit removes");
		if (c->reads_all && c->data_change && act->add.data_change)
			return conflict(k, e, "removed rows that this commit has read");
		return 0;
	default: return 0;
	}
}

/* Another writer has our version: check what it and those behind it did, and move on to the newest. */
static int rebase(struct attempt *at, struct err *e)
{
	bool moved = true;
	int rc = 0;
	if (!at->sn) /* both made the table; BUILD decides whether ours fits into the winner's */
		return delta_snapshot_open(&at->sn, at->s, DELTA_NEWEST, 0, e);
	while (rc == 0) {
		struct check k = { at, at->sn->version + 1 };
		rc = delta_log_moved(at->s, at->sn->version, &moved, e);
		if (rc || !moved)
			break;
		rc = delta_log_read(at->s, k.version, NULL, check_action, &k, e);
		if (rc == 0)
			rc = delta_snapshot_update(at->sn, k.version, e);
	}
	return rc;
}

static void pause_before(struct attempt *at, unsigned attempt)
{
	int64_t most = PAUSE_NS << (attempt < 8 ? attempt : 8);
	if (most > PAUSE_MAX_NS)
		most = PAUSE_MAX_NS;
	clock_sleep_until(clock_mono_ns() + (int64_t)rng_below(&at->rng, (uint64_t)most + 1));
}

static int try_once(struct attempt *at, delta_build_fn *build, void *arg, struct err *e)
{
	delta_change_clear(&at->c);
	int rc = build(arg, at->sn, &at->c, e);
	if (rc)
		return rc == DELTA_NOTHING ? 0 : rc;
	if (at->sn)
		rc = delta_protocol_check_write(&at->sn->protocol, &at->sn->metadata, &at->sn->schema, e);
	if (rc == 0 && at->sn && at->c.nremoves && at->c.data_change && delta_append_only(&at->sn->metadata))
		rc = err_set(e, ERR_CONFLICT, "the table is append-only (delta.appendOnly): no file may be removed from it");
	at->version = at->sn ? at->sn->version + 1 : 0;
	if (rc == 0)
		rc = compose(at, e);
	return rc ? rc : put(at, e);
}

static void warn(const struct delta_commit_opts *o, const struct err *e)
{
	if (o->warn)
		o->warn(o->arg, e);
}

/* The commit stands, whatever happens from here on. */
static void after(struct attempt *at, const struct delta_commit_opts *o, struct delta_committed *done)
{
	struct err e;
	struct delta_snapshot *full;
	int rc = at->sn ? delta_snapshot_update(at->sn, at->version, &e)
		       : delta_snapshot_open(&at->sn, at->s, at->version, 0, &e);
	if (rc) {
		warn(o, &e);
		delta_snapshot_free(at->sn);
		at->sn = NULL;
		return;
	}
	if (o->no_checkpoint || !delta_checkpoint_due(at->sn, at->version))
		return;
	rc = delta_snapshot_open(&full, at->s, at->version, DELTA_WITH_STATS, &e);
	if (rc == 0) {
		rc = delta_checkpoint_write(full, clock_now_us() / 1000, &e);
		delta_snapshot_free(full);
	}
	done->checkpoint = rc == 0;
	if (rc) {
		err_wrap(&e, "the commit succeeded, but its checkpoint failed");
		warn(o, &e);
	}
}

/* Of what was the change made? What came behind that is checked before the first attempt. */
static int from_base(struct attempt *at, delta_build_fn *build, void *arg, int64_t base, struct err *e)
{
	int64_t newest = at->sn ? at->sn->version : -1;
	if (base == newest)
		return 0;
	if (base > newest)
		return err_set(e, ERR_CONFLICT, "the input was read from version %lld of %s, whose newest version is %lld: was it rolled back?",
			       (long long)base, store_root(at->s), (long long)newest);
	delta_snapshot_free(at->sn);
	at->sn = NULL;
	int rc = delta_snapshot_open(&at->sn, at->s, base, 0, e);
	if (rc == 0) {
		delta_change_clear(&at->c);
		at->c.probe = true;
		rc = build(arg, at->sn, &at->c, e);
		rc = rc == DELTA_NOTHING ? 0 : rc;
	}
	if (rc == 0)
		rc = rebase(at, e);
	if (rc && rc != ERR_NOT_FOUND)
		return rc;
	if (rc == 0 && at->sn->version >= newest)
		return 0;
	return err_set(e, ERR_CONFLICT, "the input was read from version %lld of %s, and the versions after it can no longer be read from the log",
		       (long long)base, store_root(at->s));
}

static int run(struct attempt *at, delta_build_fn *build, void *arg, const struct delta_commit_opts *o,
	       struct delta_committed *done, struct err *e)
{
	unsigned most = o->attempts ? o->attempts : ATTEMPTS;
	int64_t deadline = clock_mono_ns() + (o->retry_for_ns ? o->retry_for_ns : RETRY_FOR_NS);
	for (;;) {
		int rc = try_once(at, build, arg, e);
		done->attempts++;
		if (rc == OUTCOME_OURS) {
			done->version = at->version;
			done->timestamp_ms = at->timestamp_ms;
			after(at, o, done);
			return 0;
		}
		if (rc != OUTCOME_LOST)
			return rc;
		rc = rebase(at, e);
		if (rc)
			return rc;
		if (done->attempts >= most || clock_mono_ns() >= deadline)
			return err_set(e, ERR_RETRY, "%s: other writers committed first %u times; giving up at version %lld",
				       store_root(at->s), done->attempts, (long long)at->version);
		pause_before(at, done->attempts);
	}
}

int delta_commit(struct delta_snapshot **sn, struct store *s, delta_build_fn *build, void *arg,
		 const struct delta_commit_opts *opts, struct delta_committed *done, struct err *e)
{
	static const struct delta_commit_opts none = { 0 };
	const struct delta_commit_opts *o = opts ? opts : &none;
	struct attempt at = { .s = s, .sn = *sn, .c = DELTA_CHANGE_INIT };
	uint64_t seed = o->seed;
	int rc = 0;
	*done = (struct delta_committed){ .version = -1 };
	if (!seed)
		rand_system(&seed, sizeof seed);
	rng_seed(&at.rng, seed);
	rc = at.sn ? delta_snapshot_update(at.sn, DELTA_NEWEST, e) : delta_snapshot_open(&at.sn, s, DELTA_NEWEST, 0, e);
	if (rc == ERR_NOT_FOUND && !at.sn)
		rc = 0;
	if (rc == 0 && o->has_base)
		rc = from_base(&at, build, arg, o->base, e);
	if (rc == 0)
		rc = run(&at, build, arg, o, done, e);
	*sn = at.sn;
	delta_change_release(&at.c);
	buf_release(&at.body);
	return rc;
}
