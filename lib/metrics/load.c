/* SPDX-License-Identifier: MIT */
/* Reads what an earlier run has written, strictly: it is our own text or nothing. */
#include "metrics/metrics.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/utf8.h"
#include "metrics/parts.h"

#include <string.h>

#define LABELS_MAX (METRICS_LABELS + 2)
#define VALUE_MAX (INT64_C(1) << 62)

struct sample {
	const char *name;
	size_t nname;
	struct { const char *key; size_t nkey; char *value; } label[LABELS_MAX];
	size_t nlabels;
	const char *value;
	size_t nvalue;
};

static void sample_release(struct sample *s)
{
	for (size_t i = 0; i < s->nlabels; i++)
		mem_free(s->label[i].value);
	s->nlabels = 0;
}

static const char *label_of(const struct sample *s, const char *key)
{
	for (size_t i = 0; i < s->nlabels; i++)
		if (s->label[i].nkey == strlen(key) && memcmp(s->label[i].key, key, s->label[i].nkey) == 0)
			return s->label[i].value;
	return NULL;
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static size_t name_length(const char *p, const char *end)
{
	size_t n = 0;
	while (p + n < end && is_name(p[n]))
		n++;
	return n;
}

/* A label's text from behind its first quote on; returns where it goes on behind the last, NULL: it is none. */
static const char *read_text(const char *p, const char *end, char **value)
{
	struct buf b = BUF_INIT;
	for (; p < end && *p != '"' && b.n <= METRICS_LABEL_MAX; p++) {
		if (*p != '\\') {
			buf_putc(&b, *p);
			continue;
		}
		if (++p == end || !strchr("\\\"n", *p) || !*p)
			break;
		buf_putc(&b, *p == 'n' ? '\n' : *p);
	}
	if (p >= end || *p != '"' || b.n > METRICS_LABEL_MAX || !utf8_valid(b.n ? b.p : "", b.n) || memchr(b.n ? b.p : "", '\0', b.n)) {
		buf_release(&b);
		return NULL;
	}
	*value = buf_detach(&b, NULL);
	return p + 1;
}

/* name{key="value",…} number */
static bool read_sample(struct sample *s, const char *p, const char *end)
{
	s->nlabels = 0;
	s->name = p;
	s->nname = name_length(p, end);
	p += s->nname;
	if (!s->nname || p == end || *p++ != '{')
		return false;
	do {
		size_t n = name_length(p, end);
		if (!n || s->nlabels == LABELS_MAX || end - p < (ptrdiff_t)n + 2 || p[n] != '=' || p[n + 1] != '"')
			return false;
		s->label[s->nlabels].key = p;
		s->label[s->nlabels].nkey = n;
		p = read_text(p + n + 2, end, &s->label[s->nlabels].value);
		if (!p)
			return false;
		s->nlabels++;
	} while (p < end && *p++ == ',');
	if (p[-1] != '}' || p == end || *p++ != ' ' || p == end)
		return false;
	s->value = p;
	s->nvalue = (size_t)(end - p);
	return true;
}

/* A number as put_value writes it. */
static bool read_value(const struct sample *s, enum metric_unit unit, int64_t *v)
{
	int digits = unit == METRIC_SECONDS ? 9 : unit == METRIC_TIME ? 6 : 0, have = 0;
	char text[32];
	size_t n = 0;
	bool dot = false;
	for (size_t i = 0; i < s->nvalue; i++) {
		char c = s->value[i];
		if (c == '.' && !dot && i) {
			dot = true;
			continue;
		}
		if (((c < '0' || c > '9') && (c != '-' || i)) || (dot && ++have > digits) || n + 10 > sizeof text)
			return false;
		text[n++] = c;
	}
	if (dot && !have)
		return false;
	for (; have < digits; have++)
		text[n++] = '0';
	/* What is added to it must not overflow. */
	return num_i64(text, n, v) && *v > -VALUE_MAX && *v < VALUE_MAX;
}

/* Which metric; *SUFFIX is what a histogram's sample has behind it. METRIC_COUNT: none that we know. */
static enum metric find(const struct metrics *m, const struct sample *s, const char **suffix)
{
	static const char *const suffixes[] = { "_bucket", "_sum", "_count" };
	for (int i = 0; i < METRIC_COUNT; i++) {
		const struct metric_def *d = &metrics_def[i];
		size_t n = strlen(d->name);
		if (!metrics_gives(m, (enum metric)i) || s->nname < n || memcmp(s->name, d->name, n) != 0)
			continue;
		*suffix = "";
		if (d->kind != METRIC_HISTOGRAM && s->nname == n)
			return (enum metric)i;
		for (size_t k = 0; k < 3 && d->kind == METRIC_HISTOGRAM; k++)
			if (s->nname - n == strlen(suffixes[k]) && memcmp(s->name + n, suffixes[k], s->nname - n) == 0) {
				*suffix = suffixes[k];
				return (enum metric)i;
			}
	}
	return METRIC_COUNT;
}

/* Buckets are cumulative in the text; they are taken apart when all is read. */
static bool take_histogram(struct metrics_histogram *h, const struct sample *s, const char *suffix)
{
	const char *le = label_of(s, "le");
	int64_t v;
	if (!read_value(s, suffix[1] == 's' ? METRIC_SECONDS : METRIC_PLAIN, &v) || v < 0 || (suffix[1] == 'b') != (le != NULL))
		return false;
	if (suffix[1] == 's')
		h->sum_before = v;
	if (suffix[1] != 'b')
		return true;
	struct sample bound = { .value = le, .nvalue = strlen(le) };
	int64_t ns = 0;
	size_t i = strcmp(le, "+Inf") == 0 ? METRICS_BUCKETS : 0;
	if (i == 0 && !read_value(&bound, METRIC_SECONDS, &ns))
		return false;
	while (i < METRICS_BUCKETS && metrics_bucket_ns[i] != ns)
		i++;
	if (i == METRICS_BUCKETS && strcmp(le, "+Inf") != 0)
		return false;
	h->count_before[i] = v;
	return true;
}

static bool split_buckets(struct metrics_histogram *h)
{
	for (size_t i = METRICS_BUCKETS; i > 0; i--) {
		if (h->count_before[i] < h->count_before[i - 1])
			return false;
		h->count_before[i] -= h->count_before[i - 1];
	}
	return true;
}

/* The labels of every series: those of the first sample, and the same in all. */
static bool take_labels(struct metrics *m, const struct sample *s, bool first)
{
	for (int i = 0; i < METRICS_LABELS; i++) {
		const char *v = label_of(s, metrics_label_name[i]);
		if (first)
			m->old[i] = v ? mem_strdup(v) : NULL;
		else if ((v != NULL) != (m->old[i] != NULL) || (v && strcmp(v, m->old[i]) != 0))
			return false;
	}
	return true;
}

static bool take_sample(struct metrics *m, const struct sample *s)
{
	const char *suffix = "";
	enum metric id = find(m, s, &suffix);
	const struct metric_def *d = &metrics_def[id];
	int64_t v;
	if (id == METRIC_COUNT)
		return true;           /* of another version */
	if (*suffix)
		return take_histogram(m->histogram[id], s, suffix);
	if (!read_value(s, d->unit, &v) || (d->kind == METRIC_COUNTER && v < 0))
		return false;
	if (!d->label[0]) {
		m->before[id] = v;
		return true;
	}
	const char *label[2] = { label_of(s, d->label[0]), d->label[1] ? label_of(s, d->label[1]) : NULL };
	if (!label[0] || (d->label[1] && !label[1]))
		return false;
	metrics_series_at(m, id, label[0], label[1])->before = v;
	return true;
}

static int read_all(struct metrics *m, const char *p, const char *end, struct err *e)
{
	struct sample s;
	bool any = false;
	for (uint64_t line = 1; p < end; line++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		bool fine = nl != NULL;
		if (fine && *p != '#') {
			fine = read_sample(&s, p, nl) && take_labels(m, &s, !any) && take_sample(m, &s);
			any = true;
			sample_release(&s);
		}
		if (!fine)
			return err_set(e, ERR_DATA, "line %llu is not a line of smtools", (unsigned long long)line);
		p = nl + 1;
	}
	for (int i = 0; i < METRIC_COUNT; i++)
		if (m->histogram[i] && !split_buckets(m->histogram[i]))
			return err_set(e, ERR_DATA, "the buckets of %s do not grow", metrics_def[i].name);
	return any ? 0 : err_set(e, ERR_DATA, "it has no metrics");
}

/* What TO knows and FROM was read for: same tool, same name. Another source or table is another series, which begins at 0. */
static int check_labels(const struct metrics *to, const struct metrics *from, bool *goes_on, struct err *e)
{
	*goes_on = true;
	for (int i = 0; i < METRICS_LABELS; i++) {
		const char *now = to->label[i], *was = from->old[i];
		if (now && was && strcmp(now, was) == 0)
			continue;
		if (i <= METRICS_LABEL_NAME)
			return err_set(e, ERR_DATA, "it is that of another %s", metrics_label_name[i]);
		*goes_on = *goes_on && !(now && was);
	}
	return 0;
}

static void move(struct metrics *to, struct metrics *from)
{
	for (int i = 0; i < METRIC_COUNT; i++) {
		to->before[i] = from->before[i];
		for (size_t k = 0; k < from->used[i]; k++) {
			const struct metrics_series *s = &from->series[i][k];
			metrics_series_at(to, (enum metric)i, s->label[0], s->label[1])->before = s->before;
		}
		if (to->histogram[i]) {
			to->histogram[i]->sum_before = from->histogram[i]->sum_before;
			memcpy(to->histogram[i]->count_before, from->histogram[i]->count_before, sizeof from->histogram[i]->count_before);
		}
	}
	for (int i = 0; i < METRICS_LABELS; i++) {
		to->old[i] = from->old[i];
		from->old[i] = NULL;
	}
}

bool metrics_begins(const char *p, size_t n)
{
	return n >= METRICS_START && memcmp(p, "# HELP sm_", METRICS_START) == 0;
}

int metrics_load(struct metrics *m, const char *text, size_t n, struct err *e)
{
	struct metrics *read = metrics_new(m->label[METRICS_LABEL_TOOL]);
	bool goes_on;
	int rc = read_all(read, text, text + n, e);
	pthread_mutex_lock(&m->lock);
	if (rc == 0)
		rc = check_labels(m, read, &goes_on, e);
	if (rc == 0 && goes_on)
		move(m, read);
	pthread_mutex_unlock(&m->lock);
	metrics_free(read);
	return rc;
}
