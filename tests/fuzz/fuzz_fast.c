/* SPDX-License-Identifier: MIT */
/* Items made of the input's bytes, through maps of every sort, by libjq and without it: the same bytes, or the item is given
 * back. Sometimes the map is made of the bytes as well. The first byte chooses. */
#include "base/arena.h"
#include "base/mem.h"
#include "json/doc.h"
#include "source/fast.h"
#include "source/map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libjq 1.6 forgets some memory, in compiling and in running: not what we look for. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libjq.so";
}

static const char *const names[] = { "h", "status", "v", "now", "c" };

#define POST "id: \"i\", native_id: \"n\", created_at: 1790000000"
static const char *const programs[] = {
	"{id, network, native_id, op, kind, created_at, created_date, indexed_at, edited_at, observed_at, author, group, title, text, html, "
	"lang, url, thread_id, refs, prior_ids, metrics, tags, mentions, links, media, place, sensitive, source, raw}",
	".",
	".[\"a\"] // .items[]? // empty",
	"{id: (.id // \"i\" | tostring), native_id: \"\\(.id)\", created_at: (.created_at // .t // 0), text: (.text | striphtml), title: (.title | plain),"
	" html: .text, tags: [.tags[]? | .name? // . | strings], metrics: {likes: (.likes | if type == \"string\" then tonumber else . end)}}",
	"{" POST ", text: (.text // .title // \"\"), tags: ([.tags[]?.name] + [.items[]?] | map(strings) | unique),"
	" author: (if .author then {id: (\"a:\" + .author.id), handle: .author.name} else null end), place: {lat: .lat, lon: .likes}}",
	"(.a // .) as $s | $s.items[]? | select(.name) | {" POST ", text: .name, title: $s.title, group: (.type // \"none\")}",
	"{" POST ", text: (.text[1:4]), title: (.title[:2]), lang: (.text | split(\"/\") | last), url: (.text | ltrimstr(\"#\") | rtrimstr(\"/\")),"
	" group: (.title | if . then (if startswith(\"#\") then ascii_downcase else ascii_upcase end) else null end)}",
	"{" POST ", sensitive: (.a == .b or (.likes > 5 and .text != \"x\")), author: .author, metrics: .metrics, media: [.items[]? | {type, url, alt: .name}]}",
	"def w: if . == null then null else \"w:\" + . end; {" POST ", refs: ({type: \"a\", id: .id}, {type: \"b\", id: .a.id} | select(.id) | .id |= w)}",
	"{" POST ", refs: [({type: \"a\", id: .id}, {type: \"b\", id: .a.id}) | select(.id) | .type = \"c\"], text: (.[.type] // {a: \"A\"}[.type]),"
	" group: ([.tags[]? | type] | join(\",\")), lang: (.items | length | tostring), title: ((.tags | index(\"x\")) // \"none\" | tostring)}",
	"{" POST ", text: (.text[-3:] + .title[1:-1]), tags: ([.tags[]?] - [.items[]?, \"x\"] | map(strings)), links: (.items[-2:-1] | [.[]? | strings]),"
	" sensitive: any(.tags[]?; . == \"x\" or . == 7), group: (if (.items // [] | all) then \"all\" else null end)}",
	"if .type == \"delete\" then {" POST ", op: \"delete\"} elif .type then empty else .items[]? | {" POST ", text: .} end",
};
static const char *const shipped[] = { "x-v1", "x-v2", "mastodon", "bluesky", "facebook", "hn", "reddit", "youtube" };

#define NPROGRAMS (sizeof programs / sizeof *programs)
#define NSHIPPED (sizeof shipped / sizeof *shipped)

static const char *const keys[] = { "id", "native_id", "created_at", "text", "title", "a", "b", "items", "tags", "name", "type", "likes",
	"author", "metrics", "lat", "lon", "url", "t", "network", "op", "kind", "created_date", "observed_at", "edited_at", "lang", "raw", "handle",
	"followers", "verified", "score", "x", "media", "place", "sensitive", "refs", "\\u0069d", "unknown" };
static const char *const scalars[] = { "null", "true", "false", "0", "-0", "7", "-12", "1.5", "1.50", "1.0", "0.05", "1e3", "12E-2",
	"675127116845989889", "9223372036854775808", "123456789012345678901234567890", "1786000000", "1786000000.0", "1786000000.25",
	"48.8566", "1234567890.1234567", "\"\"", "\"x\"", "\"#Tag\"", "\"a/b/\"", "\"delete\"", "\"reply\"", "\"upsert\"", "\"7\"", "\"-0\"", "\"007\"",
	"\"2026-11-10T00:00:00Z\"", "\"2026-11-10T00:00:00.123Z\"", "\"2026-11-10T01:00:00.120+01:00\"", "\"Sun Aug 31 00:29:15 +0000 2014\"",
	"\"2026-11-10\"", "\"a &amp; <b>c</b><br>\\n\"", "\"<p>x</p><p>y &lt;\"", "\"\\u003cp>\\u0026amp;\"", "\"\\u0000\"", "\"\\ud83d\\ude00\xC3\xA9\"",
	"\"\\/\\\"\\\\\\t\"", "\"\\u001f\\u007f\"", "\"did:plc:a\"", "\"at://did:plc:a/app.bsky.feed.post/3kabc\"" };

#define N(a) (sizeof(a) / sizeof *(a))

struct bytes {
	const uint8_t *p, *end;
};

static unsigned take(struct bytes *b)
{
	return b->p < b->end ? *b->p++ : 0;
}

/* --- items --- */

static void put_key(struct buf *to, struct bytes *b, const char *const *own, size_t nown)
{
	unsigned c = take(b);
	if (nown && c % 4)
		buf_printf(to, "\"%s\"", own[take(b) % nown]);
	else
		buf_printf(to, "\"%s\"", keys[c / 4 % N(keys)]);
}

static void put_text(struct buf *to, struct bytes *b)
{
	char s[24];
	size_t n = 0;
	for (size_t want = take(b) % sizeof s; n < want;)
		s[n++] = (char)(take(b) & 0x7F);
	json_put_string(to, s, n);
}

static void put_item(struct buf *to, struct bytes *b, const char *const *own, size_t nown, unsigned depth, bool object)
{
	unsigned c = take(b), n = depth > 5 ? 0 : take(b) % 6;
	const char *space = c & 64 ? " " : "";
	if (!object && c % 8 < 4) {
		buf_puts(to, scalars[take(b) % N(scalars)]);
	} else if (!object && c % 8 == 4) {
		put_text(to, b);
	} else if (!object && c % 8 == 5) {
		buf_putc(to, '[');
		for (unsigned i = 0; i < n; i++) {
			buf_printf(to, "%s%s", i ? "," : "", space);
			put_item(to, b, own, nown, depth + 1, false);
		}
		buf_putc(to, ']');
	} else {
		n += object ? 4 : 0;
		buf_putc(to, '{');
		for (unsigned i = 0; i < n; i++) {
			buf_printf(to, "%s%s", i ? "," : "", space);
			put_key(to, b, own, nown);
			buf_printf(to, "%s:%s", space, space);
			put_item(to, b, own, nown, depth + 1, false);
		}
		buf_putc(to, '}');
	}
}

/* --- programs --- */

static void put_expr(struct buf *to, struct bytes *b, unsigned depth)
{
	static const char *const leaves[] = { ".", ".a", ".id", ".text", ".items[]?", ".tags[0]", ".a.b", ".a?", "null", "true", "\"x\"", "7", "[]", "{}",
		"empty", ".items", ".author.name", ".[\"t\"]", ".text[1:]", "\"\\(.id)-\"", "$v", "$status", ".tags[]?.name?" };
	static const char *const calls[] = { "plain", "striphtml", "some", "tostring", "tonumber", "type", "length", "not", "first", "last", "strings",
		"values", "unique", "ascii_downcase", "floor", "keys", "split(\"/\")", "startswith(\"#\")", "has(\"a\")", "join(\"-\")", "index(\"x\")" };
	static const char *const ops[] = { " + ", " // ", " == ", " != ", " and ", " or ", ", ", " | ", " < ", " - ", " * " };
	unsigned c = depth > 4 ? 0 : take(b) % 16;
	switch (c) {
	case 0: case 1: case 2: case 3: buf_puts(to, leaves[take(b) % N(leaves)]); return;
	case 4: case 5: case 6:
		put_expr(to, b, depth + 1);
		buf_puts(to, ops[take(b) % N(ops)]);
		put_expr(to, b, depth + 1);
		return;
	case 7: case 8:
		buf_putc(to, '(');
		put_expr(to, b, depth + 1);
		buf_printf(to, " | %s)", calls[take(b) % N(calls)]);
		return;
	case 9:
		buf_puts(to, "(if ");
		put_expr(to, b, depth + 1);
		buf_puts(to, " then ");
		put_expr(to, b, depth + 1);
		buf_puts(to, " else ");
		put_expr(to, b, depth + 1);
		buf_puts(to, " end)");
		return;
	case 10:
		buf_puts(to, "[");
		put_expr(to, b, depth + 1);
		buf_puts(to, "]");
		return;
	case 11:
		buf_printf(to, "{%s: (", keys[take(b) % 35]);
		put_expr(to, b, depth + 1);
		buf_puts(to, ")}");
		return;
	case 12:
		buf_puts(to, "(select(");
		put_expr(to, b, depth + 1);
		buf_puts(to, "))");
		return;
	case 13:
		buf_puts(to, "((");
		put_expr(to, b, depth + 1);
		buf_puts(to, ") as $v | ");
		put_expr(to, b, depth + 1);
		buf_puts(to, ")");
		return;
	case 14:
		buf_puts(to, "(def f(g): g // ");
		put_expr(to, b, depth + 1);
		buf_puts(to, "; f(");
		put_expr(to, b, depth + 1);
		buf_puts(to, "))");
		return;
	default:
		buf_puts(to, "(");
		put_expr(to, b, depth + 1);
		buf_puts(to, ")");
	}
}

static void put_program(struct buf *to, struct bytes *b)
{
	static const char *const fields[] = { "text", "tags", "sensitive", "author", "refs", "edited_at", "metrics", "title" };
	buf_puts(to, "{" POST);
	for (unsigned n = 1 + take(b) % 2, at = take(b); n; n--, at += 3) {
		buf_printf(to, ", %s: (", fields[at % N(fields)]);
		put_expr(to, b, 0);
		buf_putc(to, ')');
	}
	buf_putc(to, '}');
}

/* --- both ways --- */

struct both {
	struct source_def *def;
	struct source_map *map;
	struct fast *fast;
	const char *key[128];       /* names of members in the program */
	size_t nkeys;
	struct arena arena;
};

/* The names behind dots are what items should have. */
static void find_keys(struct both *m)
{
	struct buf b = BUF_INIT;
	buf_puts(&b, m->def->map);
	for (int i = 0; i < 4; i++) /* often, so that many items are pages */
		buf_puts(&b, m->def->records ? m->def->records : "");
	for (const char *s = buf_cstr(&b); (s = strchr(s, '.')) != NULL && m->nkeys < N(m->key);) {
		size_t n = strspn(++s, "abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		if (n)
			m->key[m->nkeys++] = arena_strndup(&m->arena, s, n);
	}
	buf_release(&b);
}

static bool open_both(struct both *m)
{
	static const char *const json[] = { "{}", "200", "{}", "1790000000", "null" };
	struct err e;
	if (source_map_new(&m->map, m->def, NULL, true, &e) < 0)
		return false;
	source_map_by(m->map, SOURCE_MAP_JQ, &e);
	m->fast = fast_new(m->def->map, names, N(names));
	for (size_t i = 0; i < N(names); i++)
		fast_set(m->fast, i, json[i], strlen(json[i]));
	find_keys(m);
	return true;
}

static void close_both(struct both *m)
{
	fast_free(m->fast);
	source_map_free(m->map);
	source_def_free(m->def);
	arena_release(&m->arena);
}

static bool define(struct both *m, const char *program)
{
	struct buf b = BUF_INIT;
	buf_puts(&b, "{\"smsource\":1,\"name\":\"fuzz\",\"network\":\"n\",\"map\":");
	json_put_cstr(&b, program);
	buf_putc(&b, '}');
	int rc = source_def_parse(&m->def, b.p, b.n, "fuzz", NULL);
	buf_release(&b);
	return rc == 0 && open_both(m);
}

static void check(struct both *m, const char *item, size_t n)
{
	static struct buf want, got;
	struct post_given given = { m->def->network, 1234567, item, n };
	uint64_t made = 0, made_by_jq = 0;
	struct err e;
	buf_clear(&want);
	buf_clear(&got);
	if (!fast_item(m->fast, item, n, &given, &got, &made))
		return;
	int rc = source_map_item(m->map, item, n, 1234567, &want, &made_by_jq, &e);
	if (rc < 0 || made != made_by_jq || got.n != want.n || (got.n && memcmp(got.p, want.p, got.n) != 0)) {
		fprintf(stderr, "program: %s\nitem: %.*s\nfast: %.*s\nlibjq: %s%.*s\n", m->def->map, (int)n, item, (int)got.n, got.p, rc < 0 ? e.msg : "",
			(int)want.n, want.p);
		abort();
	}
}

static int note_item(void *arg, const struct scan_item *it, struct err *e)
{
	(void)e;
	buf_put(arg, it->p, it->n);
	buf_putc(arg, '\n');
	return 0;
}

/* The item as a page: what it is cut into. */
static void check_page(struct both *m, const char *page, size_t n)
{
	static struct buf cut[2];
	struct err e[2] = { { 0 } };
	int rc[2];
	if (!m->def->records || m->def->is_path)
		return;
	for (int i = 0; i < 2; i++) {
		buf_clear(&cut[i]);
		source_map_by(m->map, i ? SOURCE_MAP_AUTO : SOURCE_MAP_JQ, NULL);
		rc[i] = source_map_page(m->map, page, n, note_item, &cut[i], &e[i]);
	}
	source_map_by(m->map, SOURCE_MAP_JQ, NULL);
	if (rc[0] != rc[1] || strcmp(e[0].msg, e[1].msg) != 0 || cut[0].n != cut[1].n || (cut[0].n && memcmp(cut[0].p, cut[1].p, cut[0].n) != 0)) {
		fprintf(stderr, "records: %s\npage: %.*s\nlibjq: %.*s\nfast: %.*s\n", m->def->records, (int)n, page, (int)cut[0].n, cut[0].p,
			(int)cut[1].n, cut[1].p);
		abort();
	}
}

/* A line with one byte changed: the plan's own walk and pick's find the same records and faults. */
static void check_damaged(struct both *m, struct buf *line, unsigned at, char c)
{
	static struct json_pick *plain, *followed;
	struct json_record a, b;
	struct err ea, eb;
	int ra, rb;
	if (!plain) {
		json_pick_new(&plain, NULL, 0, NULL);
		json_pick_new(&followed, NULL, 0, NULL);
	}
	fast_follow(m->fast, followed);
	line->p[at % line->n] = c;
	buf_putc(line, '\n');
	memset(buf_reserve(line, JSON_PADDING), 0, JSON_PADDING);
	json_pick_block(plain, line->p, line->n);
	json_pick_block(followed, line->p, line->n);
	do {
		ra = json_pick_next(plain, &a, &ea);
		rb = json_pick_next(followed, &b, &eb);
		if (ra != rb || (ra > 0 && (a.p != b.p || a.n != b.n)) || (ra < 0 && (ea.line != eb.line || ea.col != eb.col)))
			abort();
	} while (ra != 0);
}

static struct both *fixed(unsigned i)
{
	static struct both all[NPROGRAMS + NSHIPPED];
	struct both *m = &all[i % (NPROGRAMS + NSHIPPED)];
	i %= NPROGRAMS + NSHIPPED;
	if (m->map)
		return m;
	if (i < NPROGRAMS ? define(m, programs[i]) : source_def_load(&m->def, shipped[i - NPROGRAMS], NULL) == 0 && open_both(m))
		return m;
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = { data, data + size };
	struct both made = { 0 }, *m = &made;
	struct buf program = BUF_INIT, item = BUF_INIT;
	if (size < 8 || size > 600)
		return 0;
	unsigned which = take(&b);
	if (which < 8) {
		put_program(&program, &b);
		if (!define(m, buf_cstr(&program)))
			m->fast = NULL;
	} else {
		m = fixed(which);
	}
	for (unsigned i = 0; m->fast && i < (which < 8 ? 8 : 2); i++) {
		buf_clear(&item);
		put_item(&item, &b, m->key, m->nkeys, 0, true);
		check(m, item.p, item.n);
		check_page(m, item.p, item.n);
		unsigned at = take(&b) * 256;
		at += take(&b);
		check_damaged(m, &item, at, (char)take(&b));
		if (b.p == b.end)
			b = (struct bytes){ data + (i * 13 + 1) % (size / 2), data + size };
	}
	if (m == &made)
		close_both(&made);
	buf_release(&program);
	buf_release(&item);
	return 0;
}
