/* SPDX-License-Identifier: MIT */
/* Cuts answers into items and maps each, by the fast way or by libjq. */
#include "source/map.h"

#include "base/clock.h"
#include "base/mem.h"
#include "json/span.h"
#include "source/fast.h"
#include "source/post.h"
#include "source/program.h"

#include <string.h>

enum { RECORDS, CONTEXT, MAP, EXPRESSIONS };

struct source_map {
	const struct source_def *def;
	struct json_jq *jq;        /* all of them in one; NULL: there are none */
	bool has[EXPRESSIONS];
	size_t nth[EXPRESSIONS];   /* in it */
	struct fast *fast;         /* NULL: there is no map */
	struct fast *cut;          /* of records; NULL: there are none, or libjq must do them */
	bool use_fast;
	bool raw;
	uint64_t limit;            /* bytes of a value in libjq; 0: none */
	struct arena arena;        /* of the record being made */
	struct buf page, given, item;
	size_t *end, nends, capends;   /* of the items on `page` */
};

static int compile(struct source_map *m, const char *const text[EXPRESSIONS], bool theirs, struct err *e)
{
	static const char *const name[EXPRESSIONS] = { "records", "context", "map" };
	struct program p[EXPRESSIONS];
	size_t n = 0, which = 0;
	for (int i = 0; i < EXPRESSIONS; i++)
		if ((m->has[i] = text[i] != NULL)) {
			m->nth[i] = n;
			p[n++] = (struct program){ i == MAP ? PROGRAM_ITEMS : PROGRAM_PAGES, name[i], text[i] };
		}
	int rc = n ? program_new_set(&m->jq, p, n, m->def && m->def->shipped && !(theirs && m->has[RECORDS]), &which, e) : 0;
	/* --records is the user's, not the definition's. */
	if (rc == 0 || !m->def || (theirs && m->has[RECORDS] && which == m->nth[RECORDS]))
		return rc;
	e->code = ERR_DATA;
	return err_at(e, m->def->file, 0, 0);
}

static int begin(struct source_map *m, int what, const char *json, size_t n, struct err *e)
{
	json_jq_choose(m->jq, m->nth[what]);
	return json_jq_start(m->jq, json, n, e);
}

static struct fast *compile_fast(const char *program)
{
	static const char *const names[] = { "h", "status", "v", "now", "page", "c" };
	char now[24];
	struct fast *f = fast_new(program, names, PROGRAM_VARS);
	fast_set(f, PROGRAM_H, "{}", 2);
	fast_set(f, PROGRAM_STATUS, "200", 3);
	fast_set(f, PROGRAM_V, "{}", 2);
	fast_set(f, PROGRAM_NOW, now, fmt_i64(now, time_floor_div(clock_now_us(), US_PER_SEC)));
	fast_set(f, PROGRAM_PAGE, "0", 1);
	return f;
}

int source_map_new(struct source_map **out, const struct source_def *def, const char *records, bool raw, struct err *e)
{
	struct source_map *m = mem_zalloc(sizeof *m);
	m->def = def;
	m->raw = raw;
	const char *cut = records ? records : def && !def->is_path ? def->records : NULL;
	struct scan_path path;
	if (records && scan_path_parse(&path, &m->arena, records))
		cut = NULL;
	int rc = compile(m, (const char *const[EXPRESSIONS]){ cut, def ? def->context : NULL, def ? def->map : NULL }, records, e);
	if (rc < 0) {
		source_map_free(m);
		return rc;
	}
	if (m->has[MAP]) {
		m->fast = compile_fast(def->map);
		m->use_fast = fast_use(m->fast) != FAST_NONE;
		m->cut = m->has[RECORDS] ? compile_fast(cut) : NULL;
	}
	*out = m;
	return 0;
}

void source_map_free(struct source_map *m)
{
	if (!m)
		return;
	json_jq_free(m->jq);
	fast_free(m->fast);
	fast_free(m->cut);
	arena_release(&m->arena);
	mem_free(m->end);
	buf_release(&m->page);
	buf_release(&m->given);
	buf_release(&m->item);
	mem_free(m);
}

int source_map_about(struct source_map *m, const struct source_about *a, struct err *e)
{
	char status[24], now[24], page[24];
	const struct { int i; const char *json; size_t n; } v[] = {
		{ PROGRAM_H, a->headers ? a->headers : "{}", a->headers ? a->nheaders : 2 },
		{ PROGRAM_STATUS, status, fmt_i64(status, a->status) },
		{ PROGRAM_V, a->vars, a->nvars },
		{ PROGRAM_NOW, now, fmt_i64(now, a->now_s) },
		{ PROGRAM_PAGE, page, fmt_u64(page, a->page) },
	};
	int rc = 0;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		if (rc == 0 && m->jq)
			rc = json_jq_set(m->jq, (size_t)v[i].i, v[i].json, v[i].n, e);
		if (m->fast)
			fast_set(m->fast, (size_t)v[i].i, v[i].json, v[i].n);
		if (m->cut)
			fast_set(m->cut, (size_t)v[i].i, v[i].json, v[i].n);
	}
	return rc;
}

void source_map_limit(struct source_map *m, uint64_t bytes)
{
	m->limit = bytes;
	if (m->jq)
		json_jq_limit(m->jq, bytes);
}

bool source_map_pages(const struct source_map *m)
{
	return m->has[RECORDS] || m->has[CONTEXT];
}

bool source_map_maps(const struct source_map *m)
{
	return m->has[MAP];
}

int source_map_by(struct source_map *m, enum source_map_by by, struct err *e)
{
	m->use_fast = by != SOURCE_MAP_JQ && m->fast && fast_use(m->fast) != FAST_NONE;
	if (by != SOURCE_MAP_FAST)
		return 0;
	if (!m->fast)
		return err_set(e, ERR_USAGE, "there is no definition to map with");
	if (fast_use(m->fast) == FAST_ALL)
		return 0;
	const char *what = fast_outside(m->fast);
	return err_set(e, ERR_USAGE, "%s: 'map' needs libjq: %s", m->def->name,
		       what ? what : "it always fails");
}

const char *source_map_way(const struct source_map *m)
{
	return !m->fast || !m->use_fast ? "jq" : fast_use(m->fast) == FAST_ALL ? "fast" : "partly fast";
}

const char *source_map_reason(const struct source_map *m)
{
	return m->fast ? fast_outside(m->fast) : NULL;
}

static int make_context(struct source_map *m, const char *page, size_t n, struct err *e)
{
	struct buf c = BUF_INIT;
	int rc = begin(m, CONTEXT, page, n, e);
	if (rc == 0)
		rc = json_jq_next(m->jq, &c, e);
	if (rc >= 0 && m->has[MAP]) {
		rc = json_jq_set(m->jq, PROGRAM_C, c.n ? c.p : "null", c.n ? c.n : 4, e);
		fast_set(m->fast, PROGRAM_C, c.n ? c.p : "null", c.n ? c.n : 4);
	}
	json_jq_forget(m->jq);
	buf_release(&c);
	return rc < 0 ? err_wrap(e, "'context'") : 0;
}

bool source_map_whole(struct source_map *m, const struct scan_path *path, const struct json_tokens *t)
{
	if (!m->use_fast || m->has[CONTEXT]) /* which sees every page */
		return false;
	return m->has[RECORDS] ? m->cut && fast_whole(m->cut, t) : path && path->n && fast_lacks(m->fast, t, path->key[0]);
}

/* All are there before the first is given out: the map that they go to runs in the same libjq. */
static int cut_by_jq(struct source_map *m, const char *page, size_t n, struct scan_item *it, scan_fn *fn, void *arg,
		     struct err *e)
{
	struct err failed;
	size_t from = 0;
	buf_clear(&m->page);
	m->nends = 0;
	int rc = begin(m, RECORDS, page, n, &failed), given = 0;
	while (rc >= 0 && (rc = json_jq_next(m->jq, &m->page, &failed)) > 0) {
		MEM_GROW(m->end, m->capends, m->nends + 1);
		m->end[m->nends++] = m->page.n;
	}
	json_jq_forget(m->jq);
	for (size_t i = 0; i < m->nends && given == 0; from = m->end[i++]) {
		it->p = m->page.p + from;
		it->n = m->end[i] - from;
		given = fn(arg, it, e);
	}
	if (given != 0 || rc == 0)
		return given;
	*e = failed;
	return err_wrap(e, "'records'");
}

int source_map_page(struct source_map *m, const char *page, size_t n, scan_fn *fn, void *arg, struct err *e)
{
	struct scan_item it = { .p = page, .n = n, .element = true, .line = 1, .col = 1 };
	int rc = source_map_pages(m) ? json_fits(page, n, m->limit, e) : 0;
	if (rc == 0 && m->has[CONTEXT])
		rc = make_context(m, page, n, e);
	if (rc < 0)
		return rc;
	if (!m->has[RECORDS])
		return fn(arg, &it, e);
	size_t items;
	if (!m->use_fast || !m->cut || !fast_cut(m->cut, page, n, &items))
		return cut_by_jq(m, page, n, &it, fn, arg, e);
	for (size_t i = 0; i < items && rc == 0; i++) {
		it.n = fast_cut_item(m->cut, i, &it.p);
		rc = fn(arg, &it, e);
	}
	return rc;
}

/* By libjq. */
static int map_item(struct source_map *m, const char *item, size_t n, const struct post_given *given, struct buf *out,
		    uint64_t *made, struct err *e)
{
	size_t start = out->n;
	uint64_t count = 0;
	int rc = begin(m, MAP, item, n, e);
	while (rc == 0) {
		struct json *root;
		buf_clear(&m->given);
		rc = json_jq_next(m->jq, &m->given, e);
		if (rc < 0)
			err_wrap(e, "'map'");
		if (rc <= 0)
			break;
		arena_clear(&m->arena);
		rc = json_parse_large(&root, &m->arena, m->given.p, m->given.n, e);
		if (rc == 0)
			rc = post_put(out, root, given, e);
		buf_putc(out, '\n');
		count++;
	}
	json_jq_forget(m->jq);
	if (rc < 0) {
		out->n = start;
		err_wrap(e, "%s", m->def->name);
		e->code = ERR_DATA;
		return err_at(e, NULL, 0, 0);
	}
	*made += count;
	return 0;
}

void source_map_follow(struct source_map *m, struct json_pick *pick)
{
	if (m->use_fast)
		fast_follow(m->fast, pick);
}

int source_map_tokens(struct source_map *m, const struct json_tokens *t, const char *item, size_t n,
		      int64_t observed_us, struct buf *out, uint64_t *made, struct err *e)
{
	struct post_given given = { m->def->network, observed_us, m->raw ? item : NULL, n };
	if (m->use_fast && fast_tokens(m->fast, t, &given, out, made))
		return 0;
	return map_item(m, item, n, &given, out, made, e);
}

int source_map_item(struct source_map *m, const char *item, size_t n, int64_t observed_us, struct buf *out,
		    uint64_t *made, struct err *e)
{
	struct post_given given = { m->def->network, observed_us, m->raw ? item : NULL, n };
	if (m->use_fast && fast_item(m->fast, item, n, &given, out, made))
		return 0;
	return map_item(m, item, n, &given, out, made, e);
}
