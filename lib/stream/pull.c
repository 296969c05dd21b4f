/* SPDX-License-Identifier: MIT */
/* The loop of all filters: blocks to records and marks, bad lines to the rejects. */
#include "stream/pull.h"

#include "base/mem.h"
#include "json/doc.h"
#include "stream/record.h"

#include <stdio.h>
#include <string.h>

static int before_wait(void *arg, struct err *e)
{
	struct pull *p = arg;
	int rc = reject_flush(p->rejects, e);
	if (rc == 0 && p->o.out)
		rc = output_flush(p->o.out, e);
	return rc == 0 && p->o.input.before_wait ? p->o.input.before_wait(p->o.input.arg, e) : rc;
}

static int64_t deadline(void *arg)
{
	struct pull *p = arg;
	return p->o.input.deadline(p->o.input.arg);
}

int pull_open(struct pull **out, const char *const *files, size_t n, const struct pull_opts *o, struct err *e)
{
	struct pull *p = mem_zalloc(sizeof *p);
	struct input_opts in = o->input;
	p->o = *o;
	p->unseen = o->named;
	for (size_t i = 0; i < sizeof p->name / sizeof *p->name; i++)
		p->name[i] = o->named >> i & 1 ? o->fields[i] : NULL;
	in.before_wait = before_wait;
	in.deadline = o->input.deadline ? deadline : NULL;
	in.arg = p;
	in.metrics = o->metrics;
	if (o->out)
		o->out->metrics = o->metrics;
	int rc = reject_open(&p->rejects, o->tool, o->on_error, e);
	if (rc == 0)
		reject_metrics(p->rejects, o->metrics);
	if (rc == 0)
		rc = json_pick_new(&p->pick, o->fields, o->nfields, e);
	if (rc != 0) {
		pull_close(p, NULL);
		return rc;
	}
	p->in = input_new(files, n, &in);
	*out = p;
	return 0;
}

int pull_at(const struct pull *p, struct err *e)
{
	return e->file[0] ? e->code : err_at(e, p->block.file, p->block.line + p->rec.line, e->col);
}

int pull_bad(struct pull *p, struct err *why, struct err *e)
{
	if (why->code == ERR_DATA || why->code == ERR_UNSUPPORTED)
		pull_at(p, why);
	if (p->o.before_reject)
		p->o.before_reject(p->o.input.arg);
	return reject_record(p->rejects, p->rec.p, p->rec.n, why, e);
}

/* The line is a mark, if only by its first bytes. */
static int take_mark(struct pull *p, struct err *e)
{
	arena_clear(&p->arena);
	p->line = p->rec.p;
	p->nline = p->rec.n;
	e->file[0] = '\0';
	int rc = mark_parse(&p->mark, &p->arena, p->line, p->nline, e);
	if (rc == 0)
		rc = trust_mark(&p->trust, &p->mark, &p->trusted, e);
	if (rc != 0)
		return pull_at(p, e);
	mark_tell(&p->mark, p->o.metrics);
	if (reject_count(p->rejects))
		mark_withhold(&p->mark, &p->own, &p->line, &p->nline);
	reject_mark(p->rejects, &p->mark);
	rc = reject_flush(p->rejects, e);
	return rc == 0 ? PULL_MARK : rc;
}

/* A line of which only the beginning is there. It is no block, and the next one is to be asked for. */
static int too_long(struct pull *p, struct err *e)
{
	p->why = *e;
	p->records++;
	reject_long(p->rejects, true);
	int rc = pull_bad(p, &p->why, e);
	reject_long(p->rejects, false);
	return rc == 0 ? PULL_BLOCK_END : rc;
}

static int next_block(struct pull *p, struct err *e)
{
	metrics_set(p->o.metrics, METRIC_RECORDS_IN, (int64_t)p->records);
	int rc = input_block(p->in, &p->block, e);
	if (rc == ERR_DATA && (p->rec.p = input_long(p->in, &p->rec.n)) != NULL)
		return too_long(p, e);
	if (rc != INPUT_OK)
		return rc == INPUT_END ? PULL_END : rc == INPUT_TIMEOUT ? PULL_TIMEOUT : rc;
	if (!p->o.unchecked)
		json_pick_block(p->pick, p->block.p, p->block.n);
	p->at = p->lines = 0;
	p->reading = true;
	return PULL_BLOCK;
}

/* As json_pick_next, of lines that are not looked into. */
static int next_line(struct pull *p)
{
	while (p->at < p->block.n) {
		const char *s = p->block.p + p->at;
		size_t n = (size_t)((const char *)memchr(s, '\n', p->block.n - p->at) - s), space = 0;
		p->at += n + 1;
		n -= n && s[n - 1] == '\r';
		while (space < n && (s[space] == ' ' || s[space] == '\t' || s[space] == '\r'))
			space++;
		p->rec = (struct json_record){ .p = s, .n = n, .line = p->lines++, .is_mark = mark_is(s, n) };
		if (space == n)
			continue;
		return p->rec.is_mark || record_check(s, n, &p->why) == 0 ? 1 : p->why.code;
	}
	return 0;
}

/* A line that is no record: 0: it went to the rejects. */
static int bad_line(struct pull *p, struct err *e)
{
	p->why.file[0] = '\0';
	p->records++;
	return pull_bad(p, &p->why, e);
}

static void look_for_named(struct pull *p)
{
	struct near near;
	for (size_t i = 0; i < p->o.nfields; i++) {
		if (p->unseen >> i & 1 && p->rec.field[i].p)
			p->unseen &= ~(UINT32_C(1) << i);
		else if (p->unseen >> i & 1 && !p->any && !*p->hint)
			snprintf(p->hint, sizeof p->hint, "%s", json_hint(&near, p->rec.p, p->rec.n, p->name[p->hinted = i]));
	}
	p->any = true;
}

/* A field that no record had was most likely misspelt. */
static int check_named(const struct pull *p, struct err *e)
{
	for (size_t i = 0; i < sizeof p->name / sizeof *p->name && p->any && p->ended; i++)
		if (p->unseen >> i & 1)
			return err_set(e, ERR_REJECTED, "no record has the field \"%s\"%s", p->name[i], p->hinted == i ? p->hint : "");
	return 0;
}

int pull_next(struct pull *p, struct err *e)
{
	for (int got;;) {
		if (!p->reading) {
			got = next_block(p, e);
			if (got == PULL_BLOCK_END)
				continue;
			p->ended = got == PULL_END;
			if (got != PULL_BLOCK || p->o.blocks)
				return got;
		}
		got = p->o.unchecked ? next_line(p) : json_pick_next(p->pick, &p->rec, &p->why);
		if (got != 0 && p->rec.is_mark)
			return take_mark(p, e);
		if (got > 0) {
			if (p->unseen)
				look_for_named(p);
			p->records++;
			return PULL_RECORD;
		}
		if (got == 0) {
			p->reading = false;
			if (p->o.blocks)
				return PULL_BLOCK_END;
		} else if ((got = bad_line(p, e)) < 0) {
			return got;
		}
	}
}

int pull_filter(struct pull *p, int (*record)(void *arg, const struct json_record *rec, struct err *why), void *arg, struct err *e)
{
	struct err why;
	uint64_t out = 0;
	int got = 0, n;
	while (!p->o.out->failed && (got = pull_next(p, e)) > 0) {
		if (got == PULL_MARK) {
			mark_recount(&p->mark, &p->own, &p->line, &p->nline, p->records, out);
			output_mark(p->o.out, p->line, p->nline);
		} else if ((n = record(arg, &p->rec, &why)) >= 0) {
			out += (uint64_t)n;
		} else if ((got = pull_bad(p, &why, e)) < 0) {
			break;
		}
	}
	return got < 0 ? got : 0;
}

uint64_t pull_rejected(const struct pull *p)
{
	return reject_count(p->rejects);
}

int pull_close(struct pull *p, struct err *e)
{
	if (!p)
		return 0;
	metrics_set(p->o.metrics, METRIC_RECORDS_IN, (int64_t)p->records);
	int rc = reject_close(p->rejects, e);
	if (!rc)
		rc = check_named(p, e);
	input_free(p->in);
	json_pick_free(p->pick);
	trust_release(&p->trust);
	arena_release(&p->arena);
	buf_release(&p->own);
	mem_free(p);
	return rc;
}
