/* SPDX-License-Identifier: MIT */
/* Whether a mark's checkpoint is its stream's, and has the mark in its journal. */
#include "stream/trust.h"

#include "base/mem.h"
#include "json/doc.h"
#include "stream/ck.h"

#include <string.h>
#include <sys/stat.h>

static int ask(struct trust *t, const char *stream, const char *path, struct err *e)
{
	struct ck *ck;
	struct stat st;
	t->good = false;
	if (stat(path, &st) != 0)
		return 0;
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_DATA, "mark: \"ck\" %s is not a folder", path);
	int rc = ck_open(&ck, path, 0, e);
	if (rc == ERR_IO)
		return 0;
	if (rc == ERR_NOT_FOUND)
		rc = err_set(e, ERR_DATA, "%s is not a checkpoint folder", path);
	if (rc != 0) {
		err_wrap(e, "mark: \"ck\"");
		return rc;
	}
	t->generation = ck_generation(stream, ck->id, strlen(ck->id));
	t->begun = t->generation <= ck->generation;
	t->good = t->generation > 0;
	if (!t->good)
		rc = err_set(e, ERR_DATA, "mark: \"ck\" %s is the checkpoint of stream %s, not of %s, which the mark names", path, ck->id,
			    stream);
	ck_close(ck);
	return rc;
}

int trust_stream(struct trust *t, const struct mark *m, bool *good, struct err *e)
{
	*good = false;
	if (!m->stream || !m->ck)
		return 0;
	if (!t->ck || strcmp(t->ck, m->ck) != 0 || strcmp(t->stream, m->stream) != 0) {
		trust_release(t);
		int rc = ask(t, m->stream, m->ck, e);
		if (rc != 0)
			return rc;
		t->stream = mem_strdup(m->stream);
		t->ck = mem_strdup(m->ck);
	}
	*good = t->good;
	return 0;
}

static bool same_json(const char *a, size_t na, const char *b, size_t nb)
{
	struct arena arena = ARENA_INIT;
	struct buf x = BUF_INIT, y = BUF_INIT;
	struct json *p, *q;
	if (na == nb && memcmp(a, b, na) == 0)
		return true;
	bool same = json_parse(&p, &arena, a, na, NULL) == 0 && json_parse(&q, &arena, b, nb, NULL) == 0;
	if (same) {
		json_put_canonical(&x, p);
		json_put_canonical(&y, q);
		same = x.n == y.n && memcmp(x.p, y.p, x.n) == 0;
	}
	buf_release(&x);
	buf_release(&y);
	arena_release(&arena);
	return same;
}

/* What M says otherwise than its line in the journal; NULL: nothing. */
static const char *differs(const struct trust *t, const struct mark *m, const struct journal_entry *en)
{
	const char *cursor = m->cursor ? m->cursor : "null", *end = m->end ? m->end : "", *has = en->end ? en->end : "";
	if (en->generation != t->generation)
		return "stream";
	if (en->from != m->from)
		return "from";
	if (strcmp(end, has) != 0)
		return "end";
	return same_json(cursor, m->cursor ? m->ncursor : 4, en->cursor, en->ncursor) ? NULL : "cursor";
}

static int ask_journal(struct trust *t, const struct mark *m, bool *good, struct err *e)
{
	enum journal_seen seen = JOURNAL_UNKNOWN;
	int rc = journal_look(&t->look, t->ck, m->seq, &seen, e);
	*good = false;
	if (rc == ERR_IO)
		return 0;
	if (rc != 0 && rc != ERR_NOT_FOUND)
		return rc;
	if (seen == JOURNAL_UNKNOWN)
		return err_set(e, ERR_DATA, "mark: \"seq\" %lld is not in the journal of checkpoint %s: its source did not write this mark",
			       (long long)m->seq, t->ck);
	const char *what = seen == JOURNAL_HAS ? differs(t, m, &t->look.en) : t->begun ? NULL : "stream";
	if (what)
		return err_set(e, ERR_DATA, "mark: \"%s\" is not what the journal of checkpoint %s has for seq %lld: its source did not write this "
			       "mark", what, t->ck, (long long)m->seq);
	*good = !m->all || (seen == JOURNAL_HAS && t->look.en.all);
	return 0;
}

int trust_mark(struct trust *t, const struct mark *m, bool *good, struct err *e)
{
	int rc = trust_stream(t, m, good, e);
	return rc == 0 && *good ? ask_journal(t, m, good, e) : rc;
}

void trust_release(struct trust *t)
{
	mem_free(t->stream);
	mem_free(t->ck);
	journal_look_release(&t->look);
	*t = (struct trust){ 0 };
}
