/* SPDX-License-Identifier: MIT */
/* Reads the lines of a weights file. */
#include "rate/weights.h"

#include "base/datadir.h"
#include "base/mem.h"
#include "base/near.h"
#include "rate/keys.h"
#include "json/doc.h"

#include <string.h>

#define FILE_MAX ((size_t)64 << 20)
#define LEAST 0.01
#define MOST 100.0

struct slot {
	struct keys_slot key;
	double weight;
};

struct weights {
	struct keys keys;
	double others, least;
	bool has_others;
};

static int take(struct weights *w, const struct json *v, struct buf *key, struct err *e)
{
	const struct json *k = json_get(v, "key");
	struct near near;
	double weight;
	if (v->type != JSON_OBJECT || !json_double(json_get(v, "weight"), &weight))
		return err_set(e, ERR_DATA, "a line of weights must be {\"key\":…,\"weight\":NUMBER}");
	if (!(weight >= LEAST && weight <= MOST))
		return err_set(e, ERR_DATA, "a weight must be from 0.01 to 100");
	for (const struct json *m = v->child; m; m = m->next)
		if (strcmp(m->key, "key") != 0 && strcmp(m->key, "weight") != 0)
			return err_set(e, ERR_DATA, "unknown member \"%.64s\"%s", m->key, near_of(&near, m->key, strlen(m->key), "key|weight"));
	w->least = weight < w->least ? weight : w->least;
	if (!k) {
		if (w->has_others)
			return err_set(e, ERR_DATA, "the line without a key is given twice");
		w->has_others = true;
		w->others = weight;
		return 0;
	}
	struct json_field f = { k->type, k->raw, k->nraw };
	key_of_field(key, &f);
	if (keys_find(&w->keys, key->p, key->n))
		return err_set(e, ERR_DATA, "the key is given twice");
	struct slot *s = keys_add(&w->keys, key->p, key->n, 0);
	s->weight = weight;
	return 0;
}

static int take_lines(struct weights *w, const char *path, const struct buf *text, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct buf key = BUF_INIT;
	uint64_t line = 0;
	int rc = 0;
	for (size_t at = 0; at < text->n && rc == 0;) {
		const char *p = text->p + at, *lf = memchr(p, '\n', text->n - at);
		size_t n = lf ? (size_t)(lf - p) : text->n - at;
		struct json *v;
		at += n + 1;
		line++;
		if (strspn(p, " \t\r") >= n)
			continue;
		arena_clear(&a);
		uint64_t col = 0;
		rc = json_parse(&v, &a, p, n, e);
		if (rc != 0)
			col = e->col;
		else
			rc = take(w, v, &key, e);
		if (rc != 0)
			err_at(e, path, line, col);
	}
	arena_release(&a);
	buf_release(&key);
	return rc;
}

int weights_read(struct weights **out, const char *path, struct err *e)
{
	struct buf text = BUF_INIT;
	struct weights *w = mem_zalloc(sizeof *w);
	keys_init(&w->keys, sizeof(struct slot));
	w->others = w->least = 1;
	int rc = file_read(&text, path, FILE_MAX, e);
	if (rc == 0) {
		buf_cstr(&text);
		rc = take_lines(w, path, &text, e);
	}
	buf_release(&text);
	if (rc != 0) {
		weights_free(w);
		return rc;
	}
	*out = w;
	return 0;
}

void weights_free(struct weights *w)
{
	if (!w)
		return;
	keys_release(&w->keys);
	mem_free(w);
}

double weights_of(const struct weights *w, const char *key, size_t n)
{
	const struct slot *s = w && key ? keys_find(&w->keys, key, n) : NULL;
	return s ? s->weight : w ? w->others : 1;
}

double weights_least(const struct weights *w)
{
	return w ? w->least : 1;
}
