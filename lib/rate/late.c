/* SPDX-License-Identifier: MIT */
/* Treats late records as --late says, and keeps watermarks in the checkpoint. */
#include "rate/late.h"

#include "base/hash.h"
#include "json/pick.h"

#include <stdio.h>
#include <string.h>

#define NAME_SEED 0x726f7574652e3031u
#define NS_PER_US 1000

bool late_parse_rule(const char *s, enum late_rule *rule)
{
	if (strcmp(s, "pass") == 0)
		*rule = LATE_PASS;
	else if (strcmp(s, "tag") == 0)
		*rule = LATE_TAG;
	else if (strcmp(s, "drop") == 0)
		*rule = LATE_DROP;
	else if (strncmp(s, "file:", 5) == 0 && s[5])
		*rule = LATE_FILE;
	else
		return false;
	return true;
}

int late_open(struct late *l, const struct late_opts *o, struct drops *drops, struct err *e)
{
	*l = (struct late){ .o = *o, .drops = drops };
	watermark_init(&l->watermark, o->delay_ns / NS_PER_US, o->idle_ns / NS_PER_US, o->max_keys);
	return o->rule == LATE_FILE ? linefile_open(&l->file, o->file, e) : 0;
}

void late_release(struct late *l)
{
	state_close(l->state);
	watermark_release(&l->watermark);
	buf_release(&l->line);
}

/* --- records --- */

bool late_see(struct late *l, const char *key, size_t nkey, int64_t us)
{
	return watermark_see(&l->watermark, key ? key : "", nkey, us);
}

static void tag(struct late *l, const char **p, size_t *n)
{
	buf_clear(&l->line);
	json_splice(&l->line, *p, *n, "late", "true", 4);
	*p = l->line.p;
	*n = l->line.n;
}

int late_treat(struct late *l, const char **p, size_t *n, bool *passes, struct err *e)
{
	*passes = l->o.rule == LATE_PASS || l->o.rule == LATE_TAG;
	l->left_out += !*passes;
	switch (l->o.rule) {
	case LATE_PASS:
		return 0;
	case LATE_TAG:
		tag(l, p, n);
		return 0;
	case LATE_DROP:
		return drops_add(l->drops, DROP_LATE, *p, *n, e);
	case LATE_FILE:
		return linefile_put(l->file, *p, *n, e);
	}
	return 0;
}

int late_flush(struct late *l, struct err *e)
{
	return l->file ? linefile_flush(l->file, e) : 0;
}

int late_close(struct late *l, struct err *e)
{
	struct linefile *f = l->file;
	l->file = NULL;
	return linefile_close(f, e);
}

/* --- marks --- */

bool late_keeps(const struct late *l, const struct mark *m)
{
	return l->o.judges && m->ck && m->seq >= 0;
}

/* smrate- and a hash of the settings. */
static void state_name(const struct late_opts *o, char *to, size_t size)
{
	struct buf b = BUF_INIT;
	buf_printf(&b, "%s\n%s\n%lld\n%lld\n%llu", o->time, o->key ? o->key : "", (long long)o->delay_ns,
		   (long long)o->idle_ns, (unsigned long long)o->max_keys);
	snprintf(to, size, "smrate-%016llx", (unsigned long long)hash_stable(b.p, b.n, NAME_SEED));
	buf_release(&b);
}

/* What the stream that goes on behind FROM knew of its watermark. */
static int load(struct late *l, const struct mark *m, const char *name, bool *anew, struct err *e)
{
	struct buf b = BUF_INIT;
	int got = state_read(l->state, m->from, WATERMARK_STATE_MAX, &b, e);
	if (got == ERR_NOT_FOUND) {
		*anew = true;
		got = 0;
	} else if (got == 0 && (got = watermark_load(&l->watermark, b.p, b.n, e)) != 0) {
		err_wrap(e, "%s/state/%s/%lld", m->ck, name, (long long)m->from);
	}
	buf_release(&b);
	return got;
}

static int open_state(struct late *l, const struct mark *m, bool *anew, struct err *e)
{
	char name[32];
	state_name(&l->o, name, sizeof name);
	int got = state_open(&l->state, m->ck, name, e);
	return got == 0 && m->from > 0 ? load(l, m, name, anew, e) : got;
}

int late_keep(struct late *l, const struct mark *m, bool *anew, struct err *e)
{
	struct buf b = BUF_INIT;
	*anew = false;
	int got = l->state ? 0 : open_state(l, m, anew, e);
	if (got == 0) {
		watermark_save(&l->watermark, &b);
		got = state_write(l->state, m->seq, b.p, b.n, e);
		l->kept = b.n;
	}
	if (got == 0)
		got = state_prune(l->state, e);
	buf_release(&b);
	return got;
}
