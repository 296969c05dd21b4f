/* SPDX-License-Identifier: MIT */
/* Messages, records and points on their way out, without the secrets that may be in them. */
#include "fetch/sink.h"

void sink_say(struct fetch *f, enum fetch_say level, const struct job *j, const struct err *what)
{
	struct err e = *what;
	if (j && f->njobs > 1)
		err_wrap(&e, "%s", j->name);
	redact_err(f->o->secrets, &e);
	f->o->say(f->o->arg, level, &e);
}

void sink_sayf(struct fetch *f, enum fetch_say level, const struct job *j, const char *fmt, ...)
{
	struct err e;
	va_list ap;
	va_start(ap, fmt);
	err_setv(&e, ERR_NONE, fmt, ap);
	va_end(ap);
	sink_say(f, level, j, &e);
}

void sink_wait(struct fetch *f, const char *why)
{
	err_set(&f->wait, ERR_NONE, "%s", why);
	redact_err(f->o->secrets, &f->wait);
}

void sink_well(struct fetch *f)
{
	f->wait.msg[0] = '\0';
}

void sink_fatal(struct fetch *f, const struct err *e)
{
	if (!f->fatal.code) {
		f->fatal = *e;
		redact_err(f->o->secrets, &f->fatal);
	}
	if (!f->fatal.code)
		f->fatal.code = ERR_IO;
}

uint64_t sink_may(const struct fetch *f, const struct job *j)
{
	uint64_t n = UINT64_MAX;
	if (f->o->max_records)
		n = f->o->max_records > f->records ? f->o->max_records - f->records : 0;
	if (j->spec->max_records) {
		uint64_t m = j->spec->max_records > j->records ? j->spec->max_records - j->records : 0;
		n = m < n ? m : n;
	}
	return n;
}

int sink_page(struct fetch *f, struct job *j, struct page *p, struct err *e)
{
	/* A server may answer with what it was sent. */
	if (p->out.n && redact_has(f->o->secrets, p->out.p, p->out.n))
		redact(f->o->secrets, &p->out);
	if (p->out.n) {
		int rc = f->o->out(f->o->arg, p->out.p, p->out.n, p->fresh, e);
		if (rc < 0)
			return rc;
	}
	if (p->newest_us != INT64_MIN)
		metrics_max(f->o->metrics, METRIC_NEWEST_EVENT, p->newest_us);
	sink_well(f);
	f->records += p->fresh;
	j->records += p->fresh;
	page_accept(p);
	return 0;
}

int sink_point(struct fetch *f, struct err *e)
{
	return f->o->point(f->o->arg, e);
}

int sink_bad(struct fetch *f, const char *item, size_t n, const struct err *why, struct err *e)
{
	return f->o->bad(f->o->arg, item, n, why, e);
}
