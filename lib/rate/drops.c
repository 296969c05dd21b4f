/* SPDX-License-Identifier: MIT */
/* Counts what is dropped, and writes it with its reason to the file of --dropped. */
#include "rate/drops.h"

#include "base/mem.h"
#include "stream/linefile.h"
#include "json/doc.h"

#include <pthread.h>

const char *const drop_reason_name[DROP_REASONS] = { "drop-new", "drop-old", "sample", "late" };

struct drops {
	pthread_mutex_t lock;
	char *tool;
	struct linefile *file;   /* NULL: none */
	uint64_t count[DROP_REASONS];
	struct buf line;
};

int drops_open(struct drops **out, const char *tool, const char *path, struct err *e)
{
	struct linefile *f = NULL;
	int rc = path ? linefile_open(&f, path, e) : 0;
	if (rc != 0)
		return rc;
	struct drops *d = mem_zalloc(sizeof *d);
	pthread_mutex_init(&d->lock, NULL);
	d->tool = mem_strdup(tool);
	d->file = f;
	*out = d;
	return 0;
}

int drops_add(struct drops *d, enum drop_reason why, const char *line, size_t n, struct err *e)
{
	int rc = 0;
	pthread_mutex_lock(&d->lock);
	d->count[why]++;
	if (d->file) {
		buf_clear(&d->line);
		buf_puts(&d->line, "{\"tool\":");
		json_put_cstr(&d->line, d->tool);
		buf_printf(&d->line, ",\"reason\":\"%s\",\"record\":", drop_reason_name[why]);
		json_put_string(&d->line, line, n);
		buf_putc(&d->line, '}');
		rc = linefile_put(d->file, d->line.p, d->line.n, e);
	}
	pthread_mutex_unlock(&d->lock);
	return rc;
}

uint64_t drops_count(struct drops *d, enum drop_reason why)
{
	pthread_mutex_lock(&d->lock);
	uint64_t n = d->count[why];
	pthread_mutex_unlock(&d->lock);
	return n;
}

int drops_flush(struct drops *d, struct err *e)
{
	if (!d->file)
		return 0;
	pthread_mutex_lock(&d->lock);
	int rc = linefile_flush(d->file, e);
	pthread_mutex_unlock(&d->lock);
	return rc;
}

int drops_close(struct drops *d, struct err *e)
{
	if (!d)
		return 0;
	int rc = linefile_close(d->file, e);
	pthread_mutex_destroy(&d->lock);
	buf_release(&d->line);
	mem_free(d->tool);
	mem_free(d);
	return rc;
}
