/* SPDX-License-Identifier: MIT */
/* Keeps blocks until the schema is known, then gives them back in order. */
#include "ingest/sample.h"

#include "base/mem.h"
#include "json/kind.h"

#include <string.h>

void sample_init(struct sample *s, uint64_t rows)
{
	*s = (struct sample){ .infer = infer_new(), .rows = rows ? rows : SAMPLE_ROWS };
}

static void drop_block(struct sample *s, size_t i)
{
	char *own = (char *)(uintptr_t)s->block[i].p;
	mem_free(own);
	s->block[i].p = NULL;
}

void sample_release(struct sample *s)
{
	infer_free(s->infer);
	for (size_t i = 0; i < s->n; i++)
		drop_block(s, i);
	mem_free(s->block);
	*s = (struct sample){ 0 };
}

void sample_lines(struct infer *in, const char *p, size_t n, uint64_t max)
{
	for (const char *end = p + n, *eol; p < end && infer_records(in) < max; p = eol + 1) {
		eol = memchr(p, '\n', (size_t)(end - p));
		if (!eol)
			eol = end;
		if (json_kind(p, (size_t)(eol - p)) == JSON_KIND_RECORD)
			infer_line(in, p, (size_t)(eol - p));
	}
}

bool sample_add(struct sample *s, const struct block *b)
{
	char *own = mem_alloc(b->n + INPUT_PADDING);
	memcpy(own, b->p, b->n);
	memset(own + b->n, 0, INPUT_PADDING);
	MEM_GROW(s->block, s->cap, s->n + 1);
	s->block[s->n] = *b;
	s->block[s->n++].p = own;
	s->bytes += b->n;
	sample_lines(s->infer, own, b->n, s->rows);
	return infer_records(s->infer) >= s->rows || s->bytes >= SAMPLE_BYTES;
}

void sample_lenient(struct sample *s)
{
	infer_free(s->infer);
	s->infer = infer_new();
	infer_lenient(s->infer);
	for (size_t i = 0; i < s->n; i++)
		sample_lines(s->infer, s->block[i].p, s->block[i].n, s->rows);
}

bool sample_next(struct sample *s, struct block *b)
{
	if (s->next)
		drop_block(s, s->next - 1);
	if (s->next == s->n) {
		s->next = s->n = 0;
		return false;
	}
	*b = s->block[s->next++];
	return true;
}
