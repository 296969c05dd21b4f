/* SPDX-License-Identifier: MIT */
/* The times of versions, and the version at a time. */
#include "delta/log.h"

#include "base/clock.h"
#include "base/mem.h"

#include <string.h>
#include <strings.h>

/* The first actions of a commit: its inCommitTimestamp, if it has one. */
static int take_time(void *arg, const struct delta_action *act, uint64_t line, struct err *e)
{
	(void)line;
	(void)e;
	if (act->kind != DELTA_COMMIT_INFO)
		return 0;
	int64_t v;
	const struct json *t = json_get(act->info, "inCommitTimestamp");
	if (t && json_i64(t, &v))
		*(int64_t *)arg = v;
	return 1;
}

static int in_commit_time(struct store *s, int64_t version, int64_t *ms, struct err *e)
{
	*ms = -1;
	int rc = delta_log_read(s, version, NULL, take_time, ms, e);
	return rc < 0 ? rc : 0;
}

int delta_log_times(const struct delta_log *l, struct store *s, int64_t **time_ms, struct err *e)
{
	size_t n = l->ncommits;
	int64_t *t = mem_array(NULL, n ? n : 1, sizeof *t), ms = -1;
	int rc = n ? in_commit_time(s, l->commits[n - 1].version, &ms, e) : 0;
	for (size_t i = 0; i < n; i++) {
		t[i] = l->commits[i].mtime_ms;
		if (i && t[i] <= t[i - 1])
			t[i] = t[i - 1] + 1;
	}
	/* Once the newest commit carries its time, go back to the one that was the first to do so. */
	for (size_t i = n; i-- > 0 && rc == 0 && ms >= 0; ) {
		t[i] = ms;
		if (i)
			rc = in_commit_time(s, l->commits[i - 1].version, &ms, e);
	}
	if (rc) {
		mem_free(t);
		return rc;
	}
	*time_ms = t;
	return 0;
}

int delta_version_at(struct store *s, int64_t us, int64_t *version, struct err *e)
{
	struct delta_log l;
	int64_t *t = NULL, ms = time_floor_div(us, 1000);
	delta_log_init(&l);
	int rc = delta_log_list(&l, s, e);
	if (rc == 0)
		rc = delta_log_times(&l, s, &t, e);
	if (rc == 0) {
		*version = -1;
		for (size_t i = 0; i < l.ncommits; i++)
			if (t[i] <= ms)
				*version = l.commits[i].version;
		if (*version < 0) {
			char text[48];
			size_t n = l.ncommits ? time_format(text, t[0] * 1000, 3, true) : 0;
			rc = err_set(e, ERR_NOT_FOUND, "the table did not exist yet: its first known commit is of %.*s", (int)n, text);
		}
	}
	mem_free(t);
	delta_log_release(&l);
	return rc;
}
