/* SPDX-License-Identifier: MIT */
/* Whether a mark's checkpoint is its stream's. */
#include "stream/trust.h"

#include "base/mem.h"
#include "stream/ck.h"

#include <string.h>
#include <sys/stat.h>

static int ask(const char *stream, const char *path, bool *good, struct err *e)
{
	struct ck *ck;
	struct stat st;
	*good = false;
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
	*good = ck_generation(stream, ck->id, strlen(ck->id)) > 0;
	if (!*good)
		rc = err_set(e, ERR_DATA, "mark: \"ck\" %s is the checkpoint of stream %s, not of %s, which the mark names", path, ck->id,
			    stream);
	ck_close(ck);
	return rc;
}

int trust_mark(struct trust *t, const struct mark *m, bool *good, struct err *e)
{
	*good = false;
	if (!m->stream || !m->ck)
		return 0;
	if (!t->ck || strcmp(t->ck, m->ck) != 0 || strcmp(t->stream, m->stream) != 0) {
		trust_release(t);
		int rc = ask(m->stream, m->ck, &t->good, e);
		if (rc != 0)
			return rc;
		t->stream = mem_strdup(m->stream);
		t->ck = mem_strdup(m->ck);
	}
	*good = t->good;
	return 0;
}

void trust_release(struct trust *t)
{
	mem_free(t->stream);
	mem_free(t->ck);
	*t = (struct trust){ 0 };
}
