/* SPDX-License-Identifier: MIT */
/* Is what the stream has committed still in the table? Asked on the snapshot of every attempt, and told to the checkpoint by marks. */
#include "base/mem.h"
#include "base/rand.h"
#include "commit/committer.h"
#include "stream/ck.h"

#include <string.h>

static void take_text(char **to, const char *text)
{
	char *copy = text ? mem_strdup(text) : NULL;
	mem_free(*to);
	*to = copy;
}

static void take_last(struct whole *w, const char *id, int64_t version, const char *path, int64_t looked, int64_t seq)
{
	if (!w->last.id || strcmp(w->last.id, id) != 0)
		take_text(&w->id, id);
	if (path != w->last.path)
		take_text(&w->path, path);
	w->last = (struct held_last){ w->id, version, w->path, looked, seq };
}

static void load_record(struct whole *w, const struct ck *ck, const char *stream)
{
	struct arena a = ARENA_INIT;
	struct ck_record rec;
	if (ck_record_read(ck, &a, &rec, NULL) == 0 && strcmp(rec.stream, stream) == 0) {
		w->recorded = true;
		take_text(&w->id, rec.id);
		take_text(&w->path, rec.path);
		w->last = (struct held_last){ w->id, rec.commit, w->path, rec.version, rec.seq };
	}
	arena_release(&a);
}

/* A checkpoint that is out of reach, or another stream's, says nothing: the table's own log is asked then. */
void whole_open(struct whole *w, const struct mark *m)
{
	struct ck *ck;
	*w = (struct whole){ .last = HELD_LAST_INIT };
	if (!m->stream)
		return;
	w->ck = m->ck ? mem_strdup(m->ck) : NULL;
	if (m->ck && ck_open(&ck, m->ck, 0, NULL) == 0) {
		w->nbase = strlen(ck->id);
		w->generation = ck_generation(m->stream, ck->id, w->nbase);
		if (w->generation)
			load_record(w, ck, m->stream);
		ck_close(ck);
	}
	/* Out of reach: ids of our own making have a length that tells where the generation begins. */
	if (!w->generation && strlen(m->stream) > UUID_TEXT) {
		w->nbase = UUID_TEXT;
		w->generation = ck_generation(m->stream, m->stream, UUID_TEXT);
	}
}

void whole_release(struct whole *w)
{
	mem_free(w->id);
	mem_free(w->path);
	mem_free(w->ck);
	*w = (struct whole){ .last = HELD_LAST_INIT };
}

/* A checkpoint of an older version kept no commit, and the log no longer tells: taken as it is, which is said once. */
static void accept_once(const struct committer *c, const struct delta_snapshot *sn)
{
	struct err e;
	err_set(&e, ERR_CONFLICT, "the log of %s does not reach back to the last commit of stream %s: assuming once that version %lld still holds "
		"it", store_root(c->store), c->stream, (long long)sn->version);
	if (c->opts.warn)
		c->opts.warn(c->opts.arg, &e);
}

int whole_check(struct committer *c, const struct delta_snapshot *sn, bool ahead, struct err *e)
{
	struct whole *w = &c->whole;
	struct arena a = ARENA_INIT;
	struct held h;
	if (!sn)
		return 0;
	int rc = held_look(sn, c->stream, &w->last, &a, &h, e);
	if (rc == 0 && h.verdict == HELD_UNKNOWN && (w->recorded || !ahead)) {
		accept_once(c, sn);
		h.version = sn->version;
		h.verdict = HELD_WHOLE;
	}
	if (rc == 0 && h.verdict == HELD_WHOLE)
		take_last(w, sn->metadata.id, h.version, h.path, sn->version, h.seq);
	else if (rc == 0)
		rc = held_error(&h, sn, c->stream, &w->last, w->ck, e);
	arena_release(&a);
	return rc;
}

void whole_committed(struct committer *c, const struct build_job *job, int64_t version)
{
	struct whole *w = &c->whole;
	bool files = job->first_added != NULL;
	if (!c->stream)
		return;
	take_last(w, job->id, files ? version : w->last.version, files ? job->first_added : w->last.path, version, job->m->seq);
}

void whole_tell(const struct committer *c, struct mark *m)
{
	if (!c->stream)
		return;
	m->version = c->whole.last.looked;
	m->id = c->whole.last.id;
	m->commit = c->whole.last.version;
	m->path = c->whole.last.path;
}

/* The first commit of a generation takes the txn of those before it beyond whatever an older smcommit expects, which finds the table
 * ahead and commits nothing. A generation that has committed itself has done so for those before it. */
void whole_fence(const struct committer *c, const struct delta_snapshot *sn, int64_t seq, int64_t now_ms, struct buf *actions)
{
	const struct whole *w = &c->whole;
	int64_t had;
	if (w->generation < 2 || (sn && delta_snapshot_txn(sn, c->stream, &had)))
		return;
	for (int64_t g = w->generation - 1; g > 0; g--) {
		struct buf name = BUF_INIT;
		buf_put(&name, c->stream, w->nbase);
		if (g > 1)
			buf_printf(&name, ".%lld", (long long)g);
		struct delta_action act = { .kind = DELTA_TXN, .txn = { buf_cstr(&name), seq, now_ms } };
		bool known = sn && delta_snapshot_txn(sn, name.p, &had);
		if (!known || had < seq)
			delta_action_print(&act, actions);
		buf_release(&name);
		if (known)
			break;
	}
}
