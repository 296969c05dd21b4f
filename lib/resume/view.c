/* SPDX-License-Identifier: MIT */
/* Reads journal, record and state of a checkpoint, without its lock, and prints them. */
#include "resume/view.h"

#include "base/clock.h"
#include "base/num.h"
#include "json/doc.h"
#include "resume/table.h"
#include "stream/mark.h"
#include "stream/state.h"

#include <string.h>

static int read_record(struct view *v, struct err *e)
{
	int rc = ck_record_read(v->ck, &v->arena, &v->record, e);
	v->recorded = rc == 0 && strcmp(v->record.stream, v->ck->stream) == 0;
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* The same decision as resume_open's, told instead of made. */
static void decide(struct view *v)
{
	struct table t;
	struct err e;
	v->resume_seq = v->recorded ? v->record.seq : 0;
	if (!v->recorded || !v->record.table)
		return;
	int rc = table_open(&t, v->record.table, &e);
	if (rc == 0) {
		rc = table_check(&t, &v->record, v->ck->stream, v->ck->path, &e);
		v->table_seq = t.held.seq;
		v->has_table = true;
		table_release(&t);
	}
	if (rc == ERR_NOT_FOUND)
		v->problem = "the table does not exist";
	else if (rc == ERR_CONFLICT && v->table_seq < v->record.seq)
		v->problem = "the table is behind this checkpoint: it was restored or replaced";
	else if (rc != 0)
		v->problem = arena_strdup(&v->arena, e.msg);
	v->resume_seq = v->problem ? -1 : v->table_seq;
}

static void copy_entry(struct view *v, struct journal_entry *to, const struct journal_entry *en)
{
	*to = *en;
	to->cursor = arena_strndup(&v->arena, en->cursor, en->ncursor);
	to->end = en->end ? arena_strdup(&v->arena, en->end) : NULL;
}

/* Only the last entry is wanted, so its text is copied once, at the end of the reading: journal_find does that. */
static int count_entry(void *arg, const struct journal_entry *en, struct err *e)
{
	struct view *v = arg;
	(void)e;
	if (en->generation != v->ck->generation)
		return 0;
	if (!v->marks++)
		v->first_seq = en->seq;
	v->last.seq = en->seq;
	if (en->seq == v->resume_seq)
		copy_entry(v, &v->resume, en);
	return 0;
}

static int read_journal(struct view *v, struct err *e)
{
	int rc = journal_read(v->ck, count_entry, v, e);
	if (rc == 0 && v->marks)
		rc = journal_find(v->ck, v->ck->generation, v->last.seq, &v->arena, &v->last, e);
	if (rc == 0 && v->resume_seq > 0 && v->resume.seq == 0) {
		v->problem = "the journal does not have the table's seq";
		v->resume_seq = -1;
	}
	return rc;
}

static int add_file(void *arg, const struct store_entry *entry, struct err *e)
{
	struct view_state *s = arg;
	int64_t seq;
	(void)e;
	if (!state_entry(entry, &seq))
		return 0;
	if (!s->files || seq < s->first)
		s->first = seq;
	if (seq > s->last)
		s->last = seq;
	s->files++;
	return 0;
}

static int add_state(void *arg, const struct store_entry *entry, struct err *e)
{
	struct view *v = arg;
	if (!entry->dir)
		return 0;
	struct view_state *s = arena_zalloc(&v->arena, sizeof *s), **at = &v->states;
	s->tool = arena_strdup(&v->arena, entry->name);
	while (*at && strcmp((*at)->tool, s->tool) < 0)
		at = &(*at)->next;
	s->next = *at;
	*at = s;
	return store_list(v->ck->store, arena_printf(&v->arena, "state/%s", s->tool), add_file, s, e);
}

int view_read(struct view *v, const char *ck, bool with_table, struct err *e)
{
	*v = (struct view){ .arena = ARENA_INIT };
	int rc = ck_open(&v->ck, ck, 0, e);
	if (rc == 0)
		rc = ck_running(v->ck, &v->running, &v->pid, e);
	if (rc == 0)
		rc = read_record(v, e);
	if (rc == 0 && with_table)
		decide(v);
	else if (rc == 0)
		v->resume_seq = v->recorded ? v->record.seq : 0;
	if (rc == 0)
		rc = read_journal(v, e);
	if (rc == 0)
		rc = store_list(v->ck->store, "state", add_state, v, e);
	if (rc != 0)
		view_release(v);
	return rc;
}

void view_release(struct view *v)
{
	ck_close(v->ck);
	v->ck = NULL;
	arena_release(&v->arena);
}

static void put_time(struct buf *b, const char *key, int64_t us)
{
	char text[40];
	buf_puts(b, key);
	json_put_string(b, text, time_format(text, us, -1, true));
}

static void put_entry(struct buf *b, const char *key, const struct journal_entry *en)
{
	buf_printf(b, ",\"%s\":{\"seq\":%lld", key, (long long)en->seq);
	put_time(b, ",\"at\":", en->at_us);
	buf_puts(b, ",\"cursor\":");
	buf_put(b, en->cursor, en->ncursor);
	if (en->end) {
		buf_puts(b, ",\"end\":");
		json_put_cstr(b, en->end);
	}
	buf_putc(b, '}');
}

static void put_record(struct buf *b, const struct view *v)
{
	const struct ck_record *rec = &v->record;
	buf_printf(b, ",\"recorded\":{\"seq\":%lld", (long long)rec->seq);
	if (rec->table) {
		buf_puts(b, ",\"table\":");
		json_put_cstr(b, rec->table);
	}
	if (rec->version >= 0)
		buf_printf(b, ",\"version\":%lld", (long long)rec->version);
	if (rec->id) {
		buf_puts(b, ",\"id\":");
		json_put_cstr(b, rec->id);
	}
	if (rec->commit >= 0) {
		buf_puts(b, ",\"commit\":");
		mark_put_commit(b, rec->commit, rec->path);
	}
	put_time(b, ",\"at\":", rec->at_us);
	buf_putc(b, '}');
	if (v->has_table)
		buf_printf(b, ",\"table_seq\":%lld", (long long)v->table_seq);
}

void view_put_json(const struct view *v, struct buf *b)
{
	buf_puts(b, "{\"checkpoint\":");
	json_put_cstr(b, v->ck->path);
	buf_puts(b, ",\"stream\":");
	json_put_cstr(b, v->ck->stream);
	buf_printf(b, ",\"generation\":%lld", (long long)v->ck->generation);
	put_time(b, ",\"created\":", v->ck->created_us);
	buf_printf(b, ",\"running\":%s", v->running ? "true" : "false");
	if (v->pid)
		buf_printf(b, ",\"pid\":%lld", (long long)v->pid);
	if (v->recorded)
		put_record(b, v);
	if (v->resume_seq >= 0)
		buf_printf(b, ",\"resumes_at\":%lld", (long long)v->resume_seq);
	if (v->resume.seq) {
		buf_puts(b, ",\"cursor\":");
		buf_put(b, v->resume.cursor, v->resume.ncursor);
	}
	if (v->problem) {
		buf_puts(b, ",\"problem\":");
		json_put_cstr(b, v->problem);
	}
	buf_printf(b, ",\"marks\":%zu", v->marks);
	if (v->marks) {
		buf_printf(b, ",\"first_seq\":%lld", (long long)v->first_seq);
		put_entry(b, "last", &v->last);
	}
	buf_puts(b, ",\"state\":{");
	for (const struct view_state *s = v->states; s; s = s->next) {
		json_put_cstr(b, s->tool);
		buf_printf(b, ":{\"files\":%zu,\"first\":%lld,\"last\":%lld}%s", s->files, (long long)s->first, (long long)s->last,
			   s->next ? "," : "");
	}
	buf_puts(b, "}}\n");
}
