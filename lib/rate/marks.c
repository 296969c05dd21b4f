/* SPDX-License-Identifier: MIT */
#include "rate/shape_int.h"

/* Into a checkpoint that is not known to be the stream's nothing is written. */
static int ask_checkpoint(struct shape *s, struct mark *m, struct err *e)
{
	bool good;
	int got = trust_mark(&s->trust, m, &good, e);
	if (got != 0 || good)
		return got;
	if (late_keeps(&s->late, m) && !s->marked && s->note)
		s->note("the stream's checkpoint is out of reach: the watermark is not kept there");
	m->ck = NULL;
	return 0;
}

/* Neither a watermark nor a spill can vouch for records that came before it was known of which stream they are. */
static int check_first(const struct shape *s, const struct mark *m, struct err *e)
{
	bool matters = late_keeps(&s->late, m) || s->spill;
	if (m->stream && s->any_record && !s->marked && matters)
		return err_set(e, ERR_DATA, "records came before the first mark of stream %s", m->stream);
	return 0;
}

static int keep_watermark(struct shape *s, const struct mark *m, struct err *e)
{
	struct buf b = BUF_INIT;
	bool anew;
	int got = late_keep(&s->late, m, &anew, e);
	if (anew && s->note) {
		buf_printf(&b, "the checkpoint has no watermark of these options for %lld: it begins anew",
			   (long long)m->from);
		s->note(buf_cstr(&b));
		buf_release(&b);
	}
	return got;
}

static int make_durable(struct shape *s, const struct mark *m, struct err *e)
{
	int got = reject_flush(s->rejects, e);
	if (got == 0)
		got = late_flush(&s->late, e);
	if (got == 0)
		got = drops_flush(s->drops, e);
	if (got == 0 && late_keeps(&s->late, m))
		got = keep_watermark(s, m, e);
	return got;
}

static int pass(struct shape *s, const struct mark *m, const struct json_record *rec, struct err *e)
{
	if (!s->o->queued)
		return direct_mark(&s->direct, rec->p, rec->n, e);
	int got = shape_queue_start(s, m->stream, e);
	return got ? got : shape_queue_mark(s, rec->p, rec->n, e);
}

int shape_mark(struct shape *s, const struct json_record *rec, const char *file, uint64_t line, struct err *e)
{
	struct mark m;
	if (mark_parse(&m, &s->arena, rec->p, rec->n, e) < 0)
		return err_at(e, file, line, e->col);
	if (ask_checkpoint(s, &m, e) < 0 || check_first(s, &m, e) < 0)
		return err_at(e, file, line, 0);
	s->marked = true;
	int got = make_durable(s, &m, e);
	if (got == 0)
		got = pass(s, &m, rec, e);
	arena_clear(&s->arena);
	return got;
}
