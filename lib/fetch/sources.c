/* SPDX-License-Identifier: MIT */
/* Definitions in use: each is loaded and compiled once for all jobs. */
#include "fetch/fetch_int.h"

#include "base/mem.h"

#include <string.h>

static int load_source(struct fetch *f, struct fetch_source *s, const char *name, struct err *e)
{
	struct page_opts po = { .seen = f->seen, .bad = f->o->bad, .arg = f->o->arg };
	int rc = source_def_load(&s->def, name, e);
	if (rc == 0 && f->o->check)
		source_def_to_check(s->def);
	uint64_t max = rc < 0 ? 0 : s->def->transport != TRANSPORT_HTTP ? MESSAGE_VALUES(f->o->max_record)
			       : ANSWER_VALUES(f->o->max_answer);
	if (rc == 0 && !s->def->api)
		rc = err_set(e, ERR_USAGE, "'%s' is for files: use smfetch files --as %s", name, name);
	if (rc == 0)
		rc = ask_new(&s->ask, s->def, e);
	if (rc == 0)
		ask_limit(s->ask, ANSWER_VALUES(f->o->max_answer));
	if (rc == 0)
		rc = source_map_new(&s->map, s->def, NULL, f->o->raw, e);
	if (rc == 0)
		source_map_limit(s->map, max);
	po.def = s->def;
	po.max_value = max;
	po.ask = s->ask;
	po.map = s->map;
	if (rc == 0)
		rc = page_new(&s->page, &po, e);
	return rc;
}

static void free_source(struct fetch_source *s)
{
	login_free_all(s->logins);
	page_free(s->page);
	source_map_free(s->map);
	ask_free(s->ask);
	source_def_free(s->def);
	mem_free(s);
}

int fetch_source(struct fetch *f, const char *name, struct fetch_source **out, struct err *e)
{
	struct fetch_source *s;
	for (s = f->sources; s; s = s->next)
		if (strcmp(s->def->name, name) == 0 || strcmp(s->def->file, name) == 0) {
			*out = s;
			return 0;
		}
	s = mem_zalloc(sizeof *s);
	int rc = load_source(f, s, name, e);
	if (rc < 0) {
		free_source(s);
		return rc;
	}
	s->next = f->sources;
	f->sources = s;
	*out = s;
	return 0;
}

void fetch_drop_sources(struct fetch *f)
{
	for (struct fetch_source *s = f->sources, *next; s; s = next) {
		next = s->next;
		free_source(s);
	}
	f->sources = NULL;
}
