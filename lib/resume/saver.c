/* SPDX-License-Identifier: MIT */
/* Follows commits and marks, and records the last one that counts. */
#include "resume/saver.h"

#include "base/arena.h"
#include "base/mem.h"
#include "stream/ck.h"
#include "stream/mark.h"
#include "stream/trust.h"
#include "json/doc.h"

#include <string.h>

#define COMMIT_PREFIX "{\"commit\":"

struct saver {
	const char *path;          /* as given by the caller, NULL: take that of the marks */
	struct ck *ck;
	struct trust trust;
	struct arena scratch, kept;
	char *stream;              /* of the first mark that had one */
	char *table, *id, *file;
	int64_t commit;
	int64_t seq, version;
	bool pending;              /* newer than what was recorded */
	bool ended, recovered;
	char *end;
	struct buf place;
	uint64_t commits;
};

struct saver *saver_new(const char *ck)
{
	struct saver *s = mem_zalloc(sizeof *s);
	s->path = ck;
	s->seq = s->version = s->commit = -1;
	return s;
}

void saver_free(struct saver *s)
{
	if (!s)
		return;
	ck_close(s->ck);
	trust_release(&s->trust);
	arena_release(&s->scratch);
	arena_release(&s->kept);
	mem_free(s->stream);
	mem_free(s->table);
	mem_free(s->id);
	mem_free(s->file);
	mem_free(s->end);
	buf_release(&s->place);
	mem_free(s);
}

void saver_summary(struct saver *s, struct saver_summary *sum)
{
	*sum = (struct saver_summary){ .ck = s->ck ? s->ck->path : NULL, .stream = s->stream, .table = s->table, .end = s->end,
		.place = s->place.n ? buf_cstr(&s->place) : NULL, .seq = s->seq,
		.version = s->version, .commits = s->commits };
}

static int open_ck(struct saver *s, const struct mark *m, struct err *e)
{
	bool good;
	int rc = trust_stream(&s->trust, m, &good, e);
	if (rc != 0)
		return rc;
	if (s->path && m->ck && !store_same(s->path, m->ck))
		return err_set(e, ERR_CONFLICT, "the marks belong to checkpoint %s, not to %s", m->ck, s->path);
	if (s->ck)
		return 0;
	if (!s->path && !m->ck)
		return err_set(e, ERR_USAGE, "missing operand: CK (the marks do not name a checkpoint)");
	rc = ck_open(&s->ck, s->path ? s->path : m->ck, 0, e);
	if (rc != 0)
		return rc;
	s->stream = mem_strdup(m->stream);
	return 0;
}

static void keep(char **to, const char *text)
{
	char *copy = text ? mem_strdup(text) : NULL;
	mem_free(*to);
	*to = copy;
}

static int take_mark(struct saver *s, const struct mark *m, struct err *e)
{
	if (s->ended)
		return err_set(e, ERR_DATA, "a mark after the closing mark");
	if (m->end) {
		s->ended = true;
		keep(&s->end, m->end);
	}
	s->recovered = s->recovered || m->recovered;
	if (!m->stream)
		return 0;
	int rc = open_ck(s, m, e);
	if (rc != 0)
		return rc;
	if (strcmp(m->stream, s->stream) != 0)
		return err_set(e, ERR_DATA, "a mark of stream %s in a pipe of stream %s: a pipe carries only one stream", m->stream,
			       s->stream);
	/* Seq 0 is that of a table which has nothing of the stream yet: there is nothing to record. */
	if (m->seq == 0 || m->seq < s->seq)
		return 0;
	keep(&s->table, m->table);
	keep(&s->id, m->id);
	keep(&s->file, m->path);
	s->commit = m->commit;
	s->version = m->version;
	s->seq = m->seq;
	s->pending = true;
	buf_clear(&s->place);
	mark_place(m, &s->place);
	return 0;
}

int saver_line(struct saver *s, const char *line, size_t n, struct err *e)
{
	struct mark m;
	struct json *root;
	size_t prefix = sizeof COMMIT_PREFIX - 1;
	int rc;
	arena_clear(&s->scratch);
	if (mark_is(line, n)) {
		rc = mark_parse(&m, &s->scratch, line, n, e);
		return rc != 0 ? rc : take_mark(s, &m, e);
	}
	rc = json_parse(&root, &s->scratch, line, n, e);
	if (rc != 0)
		return rc;
	if (n < prefix || memcmp(line, COMMIT_PREFIX, prefix) != 0)
		return err_set(e, ERR_DATA, "neither a commit nor a mark: this data is not stored anywhere (is smcommit missing?)");
	s->commits++;
	return 0;
}

int saver_flush(struct saver *s, struct err *e)
{
	struct ck_record rec = { .stream = s->stream, .table = s->table, .seq = s->seq, .version = s->version,
		.id = s->id, .commit = s->commit, .path = s->file };
	if (!s->pending)
		return 0;
	int rc = ck_record_save(s->ck, &rec, NULL, e);
	s->pending = s->pending && rc != 0;
	return rc;
}

int saver_end(struct saver *s, struct err *e)
{
	int rc = saver_flush(s, e);
	if (rc != 0)
		return rc;
	if (s->recovered)
		return err_set(e, ERR_RETRY, "%s was ahead of the checkpoint; seq %lld is now recorded, run the same line again",
			       s->table ? s->table : "the table", (long long)s->seq);
	if (!s->ended)
		return err_set(e, ERR_IO, "the input ended without a closing mark");
	if (!s->ck && s->commits)
		return err_set(e, ERR_REJECTED, "%llu commit%s but no mark of a stream: nothing was recorded (does the source have --resume?)",
			       (unsigned long long)s->commits, s->commits == 1 ? "" : "s");
	if (!s->ck && strcmp(s->end, "error") != 0)
		return err_set(e, ERR_REJECTED, "no mark of a stream: nothing was recorded (did the source fail, or does it lack --resume?)");
	if (strcmp(s->end, "quota") == 0)
		return err_set(e, ERR_RETRY, "the source has used up its quota; run the same line again later");
	if (strcmp(s->end, "error") == 0)
		return err_set(e, ERR_IO, "the source ended with an error");
	return 0;
}
