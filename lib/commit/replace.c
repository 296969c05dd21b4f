/* SPDX-License-Identifier: MIT */
/* Who may replace what a table holds, and of which version the new content was made (docs/commit.md, "Replacing"). */
#include "commit/committer.h"

#include "base/mem.h"
#include "delta/log.h"

#include <string.h>

/* A mark without a number is smpartition's own: nobody in front of it said anything. */
static bool plain(const struct mark *m)
{
	return m->seq < 0;
}

/* The input was ended well, but nobody gave his word that it is the whole. */
static int no_word(const struct committer *c, const struct mark *m, struct err *e)
{
	const char *table = store_root(c->store);
	if (plain(m))
		return err_set(e, ERR_CONFLICT, "%s is not replaced: the input does not say that it is complete. Give the producer "
			       "--marks, so that a failure is noticed, and give smcommit --vouch to confirm that the input is complete; or pass files to smpartition, which vouches for the files that it read in full", table);
	if (m->stream && m->from > 0)
		return err_set(e, ERR_CONFLICT, "%s is not replaced: the stream resumed from %lld, so the input holds only what is new "
			       "(smcheckpoint rewind restarts the stream; --vouch replaces the table with this part)", table,
			       (long long)m->from);
	return err_set(e, ERR_CONFLICT, "%s is not replaced: the closing mark lacks \"all\", because a record was dropped in the pipe or because the "
		       "mark names no checkpoint that can be read. Use --vouch to confirm that the input is complete", table);
}

/* Records that the actions hold; -1: not all say. */
static int64_t rows_of(const struct group *g)
{
	int64_t n = 0;
	for (size_t i = 0; i < g->adds.n; i++) {
		if (g->adds.v[i].rows < 0)
			return -1;
		n += g->adds.v[i].rows;
	}
	return n;
}

/* Tools that know nothing of marks (jq, grep) pass them on as any line, whatever became of the records between them. */
static int check_records(const struct committer *c, const struct mark *m, struct err *e)
{
	int64_t rows = rows_of(&c->group);
	if (m->records < 0 || rows < 0 || rows == m->records)
		return 0;
	err_set(e, ERR_CONFLICT, "%s is not replaced: the source gave %lld records, but %lld arrived: a program in the pipe left out or added "
		"some. If it was meant to, use --vouch, or smjq, which keeps the number true", store_root(c->store), (long long)m->records,
		(long long)rows);
	return ERR_CONFLICT;
}

int replace_allowed(const struct committer *c, const struct mark *m, struct err *e)
{
	if (strcmp(m->end, "done") != 0)
		return err_set(e, ERR_IO, "the stream ended with \"%s\": %s is not replaced", m->end, store_root(c->store));
	int wrong = check_records(c, m, e);
	if (wrong && c->opts.vouch && c->opts.warn) {
		err_set(e, 0, "the source gave %lld records, but %lld arrived; --vouch says that this is right", (long long)m->records,
			(long long)rows_of(&c->group));
		c->opts.warn(c->opts.arg, e);
	}
	if (m->all && m->from <= 0)
		return c->opts.vouch ? 0 : wrong;
	if (!c->opts.vouch)
		return no_word(c, m, e);
	/* An empty pipe is how a producer looks that was never started: a misspelt name, a mistake in its options. */
	if (plain(m) && c->group.adds.n == 0)
		return err_set(e, ERR_CONFLICT, "%s is not replaced: the input has no records and no marks, as if its producer did not "
			       "start. With --marks the producer confirms that it found nothing; smpartition also accepts the name of an empty file",
			       store_root(c->store));
	return 0;
}

int read_take(struct committer *c, const struct mark *m, struct err *e)
{
	if (!m->read_id)
		return 0;
	bool other = c->read_id && strcmp(c->read_id, m->read_id) != 0;
	if (c->read_log && m->read_log && c->read_version == m->read_version && strcmp(c->read_log, m->read_log) != 0)
		other = true;
	if (other)
		return err_set(e, ERR_DATA, "a mark that reads table %s after marks that read table %s: a pipe reads only one table",
			       m->read_id, c->read_id);
	if (!c->read_id)
		c->read_id = mem_strdup(m->read_id);
	mem_free(c->read_log);
	c->read_log = m->read_log ? mem_strdup(m->read_log) : NULL;
	c->read_version = m->read_version;
	return 0;
}

bool read_is_sink(const struct committer *c, const struct delta_snapshot *sn)
{
	/* A copy of the table's folder has its id; that it went another way shows in its log. */
	return c->read_id && sn && strcmp(c->read_id, sn->metadata.id) == 0 &&
	       delta_log_may_be(c->store, c->read_version, c->read_log);
}

int read_check_append(const struct committer *c, const struct delta_snapshot *sn, struct err *e)
{
	if (c->opts.overwrite || !read_is_sink(c, sn))
		return 0;
	return err_set(e, ERR_CONFLICT, "the input was read from version %lld of %s itself: appending it would duplicate its rows "
		       "(--mode=overwrite or --replace-where replaces what was read)", (long long)c->read_version,
		       store_root(c->store));
}

int64_t replace_base(const struct committer *c, const struct mark *m)
{
	if (!c->opts.overwrite || !c->sn)
		return -1;
	return read_is_sink(c, c->sn) ? c->read_version : m->version;
}
