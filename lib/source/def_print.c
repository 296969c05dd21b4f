/* SPDX-License-Identifier: MIT */
/* Prints a definition for --describe. */
#include "source/def_print.h"

#include "base/clock.h"

#include <string.h>

static void put_words(struct buf *b, const char *s)
{
	for (; *s; s++) {
		bool plain = (unsigned char)*s >= ' ' && *s != 0x7f;
		buf_putc(b, plain || *s == '\n' || *s == '\t' ? *s : '?');
	}
}

/* With a line feed at its end. */
static void put_lines(struct buf *b, const char *s)
{
	put_words(b, s);
	if (*s && s[strlen(s) - 1] != '\n')
		buf_putc(b, '\n');
}

static void put_part(struct buf *b, const char *what, const char *text)
{
	if (!text)
		return;
	buf_printf(b, "%s:\n", what);
	put_lines(b, text);
}

static void put_text(struct buf *b, const struct def_text *t)
{
	for (size_t i = 0; i < t->nparts; i++) {
		buf_puts(b, t->part[i].var ? "${" : "");
		put_words(b, t->part[i].text);
		buf_puts(b, t->part[i].var ? "}" : "");
	}
}

static void put_duration(struct buf *b, int64_t ns)
{
	b->n += duration_format(buf_reserve(b, 40), ns);
}

/* S, then spaces up to a column of 18, two at least. */
static void put_column(struct buf *b, const char *s)
{
	size_t start = b->n;
	put_words(b, s);
	do
		buf_putc(b, ' ');
	while (b->n - start < 19);
}

static void put_help(struct buf *b, const char *help)
{
	put_words(b, help);
	while (b->n && strchr(" \n", b->p[b->n - 1]))
		b->n--;
	buf_putc(b, '\n');
}

static void put_vars(struct buf *b, const struct source_def *d)
{
	if (d->nvars)
		buf_puts(b, "variables (given as name=value):\n");
	for (size_t i = 0; i < d->nvars; i++) {
		const struct def_var *v = &d->var[i];
		bool wide = v->value && strlen(v->value) > 18;
		buf_puts(b, "  ");
		put_column(b, v->name);
		put_column(b, !v->value ? "required" : wide ? "(below)" : *v->value ? v->value : "\"\"");
		put_help(b, v->help);
		if (!wide)
			continue;
		buf_puts(b, "    ");
		put_help(b, v->value);
	}
}

/* SM_SECRET_X_BEARER of x-bearer. */
static void put_env(struct buf *b, const char *name)
{
	buf_puts(b, "$SM_SECRET_");
	for (; *name; name++)
		buf_putc(b, *name >= 'a' && *name <= 'z' ? (char)(*name - 32) : *name == '-' || *name == '.' ? '_' : *name);
}

static void put_secrets(struct buf *b, const struct source_def *d)
{
	if (d->nsecrets)
		buf_puts(b, "secrets:\n");
	for (size_t i = 0; i < d->nsecrets; i++) {
		const struct def_secret *s = &d->secret[i];
		buf_puts(b, "  ");
		put_column(b, s->local);
		put_column(b, s->name);
		buf_puts(b, s->optional ? "optional" : "required");
		buf_puts(b, *s->help ? ": " : "");
		put_help(b, s->help);
		buf_printf(b, "    read from --secret %s=@FILE (or fd:N), $CREDENTIALS_DIRECTORY/%s,\n"
			      "    $XDG_CONFIG_HOME/smtools/secrets/%s (~/.config), ", s->name, s->name, s->name);
		put_env(b, s->name);
		buf_putc(b, '\n');
	}
}

static void put_hosts(struct buf *b, const struct source_def *d)
{
	if (!d->nhosts)
		return;
	buf_puts(b, "hosts:");
	for (size_t i = 0; i < d->nhosts; i++) {
		buf_puts(b, i ? ", " : " ");
		put_text(b, &d->host[i]);
	}
	buf_putc(b, '\n');
}

void source_def_limits(const struct source_def *d, struct buf *b)
{
	buf_puts(b, "limits:");
	for (size_t i = 0; i < d->nlimits; i++) {
		const struct def_limit *m = &d->limit[i];
		buf_printf(b, "%s %llu in ", i ? "," : "", (unsigned long long)m->count);
		if (m->zone)
			buf_printf(b, "a day of %s", m->zone);
		else
			put_duration(b, m->per_ns);
	}
	if (!d->nlimits)
		buf_puts(b, d->rate ? " those that the API reports" : " none");
	else if (d->rate)
		buf_puts(b, ", and those that the API reports");
	buf_printf(b, "; slowing down at %g %% used, waiting at %g %%", d->soft_pct, d->hard_pct);
	if (d->cost != 1)
		buf_printf(b, "; a request costs %llu", (unsigned long long)d->cost);
	if (d->budget.nparts) {
		buf_puts(b, "; shared as ");
		put_text(b, &d->budget);
	}
	buf_putc(b, '\n');
}

static void put_retry(struct buf *b, const struct source_def *d)
{
	static const char *const causes[NCAUSES] = { [CAUSE_NET] = "no connection", [CAUSE_SILENCE] = "silence",
		[CAUSE_HTTP5XX] = "server error", [CAUSE_BODY] = "invalid body", [CAUSE_RATE] = "rate limited" };
	buf_printf(b, "retry: at most %llu consecutive tries", (unsigned long long)d->tries);
	if (d->jitter > 0)
		buf_printf(b, ", up to %g %% added to each wait", d->jitter * 100);
	buf_putc(b, '\n');
	for (int i = 0; i < NCAUSES; i++) {
		const struct def_backoff *r = &d->retry[i];
		buf_puts(b, "  ");
		put_column(b, causes[i]);
		if (!r->doubles && !r->from_ns) {
			buf_puts(b, "immediately\n");
			continue;
		}
		put_duration(b, r->from_ns);
		buf_puts(b, r->doubles ? ", doubled each time, up to " : " longer each time, up to ");
		put_duration(b, r->to_ns);
		buf_putc(b, '\n');
	}
}

static void put_transport(struct buf *b, const struct source_def *d)
{
	static const char *const transports[] = { "pages", "a stream of lines", "a stream of events", "a socket" };
	static const char *const formats[] = { "JSON", "JSON lines", "feeds" };
	buf_printf(b, "transport: %s", transports[d->transport]);
	if (d->transport == TRANSPORT_HTTP)
		buf_printf(b, " of %s", formats[d->format]);
	if (d->heartbeat_ns) {
		buf_puts(b, ", dead after ");
		put_duration(b, d->heartbeat_ns);
		buf_puts(b, " of silence");
	}
	buf_putc(b, '\n');
	if (d->refill)
		buf_printf(b, "refilled by: %s\n", d->refill);
	if (d->fallback)
		buf_printf(b, "falls back to: %s\n", d->fallback);
}

static void put_walk(struct buf *b, const struct source_def *d)
{
	const struct def_cursor *c = &d->cursor;
	if (d->each)
		buf_printf(b, "for each: %s (%s, %llu at once)\n", d->each, d->has_list ? "from a list that is requested"
			   : "lines of standard input", (unsigned long long)d->parallel);
	buf_puts(b, "resumes: ");
	if (!c->there) {
		buf_puts(b, d->transport == TRANSPORT_HTTP ? "no, everything is read each time\n" : "no, it starts with the next post\n");
		return;
	}
	buf_puts(b, "by ");
	put_words(b, c->field ? c->field : c->value);
	b->n -= b->p[b->n - 1] == '\n';
	buf_printf(b, ", %s first", c->asc ? "oldest" : "newest");
	if (c->overlap > 0)
		buf_printf(b, ", %g %s read again", c->overlap, c->cmp == CMP_TIME ? "s" : "units");
	buf_putc(b, '\n');
}

/* What to type, with all that must be given. */
static void put_usage(struct buf *b, const struct source_def *d, const char *as)
{
	buf_puts(b, d->api ? "usage: smfetch " : "usage: smfetch files --as ");
	put_words(b, as);
	for (size_t i = 0; d->api && i < d->nvars; i++) {
		if (d->var[i].value || (d->has_list && strcmp(d->each, d->var[i].name) == 0))
			continue;
		buf_putc(b, ' ');
		put_words(b, d->var[i].name);
		buf_puts(b, "=…");
	}
	buf_puts(b, !d->api ? " [PATH]…" : d->rules.there ? " --rule [TAG=]TEXT" : "");
	if (d->api && d->each && !d->has_list) {
		buf_puts(b, ", or smfetch ");
		put_words(b, as);
		buf_puts(b, " - for values from a pipe");
	}
	buf_putc(b, '\n');
}

void source_def_describe(const struct source_def *d, const char *as, struct buf *b)
{
	put_words(b, d->name);
	buf_puts(b, ": ");
	put_words(b, d->summary);
	buf_putc(b, '\n');
	if (*d->about) {
		buf_putc(b, '\n');
		put_lines(b, d->about);
		buf_putc(b, '\n');
	}
	put_usage(b, d, as);
	buf_puts(b, "network: ");
	put_words(b, d->network);
	buf_puts(b, "\nfile: ");
	put_words(b, d->file);
	buf_putc(b, '\n');
	put_vars(b, d);
	put_secrets(b, d);
	if (d->api) {
		put_hosts(b, d);
		put_transport(b, d);
		put_walk(b, d);
		source_def_limits(d, b);
		put_retry(b, d);
	}
	put_part(b, "records", d->records);
	put_part(b, "context", d->context);
	put_part(b, "map", d->map);
}
