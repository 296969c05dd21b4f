/* SPDX-License-Identifier: MIT */
/* What happens at a mark: state is made durable before the mark goes on. */
#include "rate/shape_int.h"

/* Into a checkpoint that is not known to be the stream's nothing is written. */
static void ask_checkpoint(struct shape *s, struct mark *m)
{
	if (!s->pull->trusted && late_keeps(&s->late, m) && !s->marked && s->note)
		s->note("cannot access the stream's checkpoint: the watermark is not saved");
	if (!s->pull->trusted)
		m->ck = NULL;
}

/* Each output's part would be committed under the same seq: the table takes one of them and has "already" the others. */
static int check_outs(const struct shape *s, const struct mark *m, struct err *e)
{
	if (!m->stream || !s->outs || outs_count(s->outs) < 2)
		return 0;
	return err_set(e, ERR_UNSUPPORTED, "a stream that resumes cannot be spread over several outputs: only one of the parts would get into "
		       "its table. Let the stream fill a table and spread what `smreplay TABLE` gives, or use --marks instead of --resume");
}

/* Neither a watermark nor a spill can vouch for records that came before it was known of which stream they are. */
static int check_first(const struct shape *s, const struct mark *m, struct err *e)
{
	bool matters = late_keeps(&s->late, m) || s->spill;
	if (m->stream && s->any_record && !s->marked && matters)
		return err_set(e, ERR_DATA, "records before the first mark of stream %s", m->stream);
	return 0;
}

static int keep_watermark(struct shape *s, const struct mark *m, struct err *e)
{
	struct buf b = BUF_INIT;
	bool anew;
	int got = late_keep(&s->late, m, &anew, e);
	metrics_set(s->metrics, METRIC_STATE_BYTES, (int64_t)s->late.kept);
	if (anew && s->note) {
		buf_printf(&b, "the checkpoint has no watermark for seq %lld with these options: starting with a new one",
			   (long long)m->from);
		s->note(buf_cstr(&b));
		buf_release(&b);
	}
	return got;
}

static int make_durable(struct shape *s, const struct mark *m, struct err *e)
{
	int got = late_flush(&s->late, e);
	if (got == 0)
		got = drops_flush(s->drops, e);
	if (got == 0 && late_keeps(&s->late, m))
		got = keep_watermark(s, m, e);
	return got;
}

/* What the queue drops, the pump sees to. */
static int pass(struct shape *s, struct mark *m, struct err *e)
{
	const char *line = s->pull->line;
	size_t n = s->pull->nline;
	if (s->late.left_out)
		mark_withhold(&s->pull->mark, &s->text, &line, &n);
	if (!s->o->queued)
		return direct_mark(&s->direct, line, n, e);
	int got = shape_queue_start(s, m->stream, e);
	return got ? got : shape_queue_mark(s, line, n, e);
}

int shape_mark(struct shape *s, struct err *e)
{
	struct mark m = s->pull->mark;
	ask_checkpoint(s, &m);
	if (check_first(s, &m, e) < 0 || check_outs(s, &m, e) < 0)
		return pull_at(s->pull, e);
	s->marked = true;
	int got = make_durable(s, &m, e);
	return got ? got : pass(s, &m, e);
}
