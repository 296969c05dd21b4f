/* SPDX-License-Identifier: MIT */
/* Cells are kept as they will be printed, with the widest of each column. */
#include "cli/grid.h"

#include "base/mem.h"
#include "base/term.h"
#include "text/width.h"

#include <assert.h>

#define GAP 2

void grid_init(struct grid *g, size_t ncols, const char *heads)
{
	assert(ncols && ncols <= GRID_COLUMNS);
	*g = (struct grid){ .ncols = ncols };
	for (size_t i = 0; i < ncols; i++, heads += strlen(heads) + 1) {
		g->right[i] = *heads == '>';
		grid_cell(g, heads + g->right[i], strlen(heads + g->right[i]));
	}
}

void grid_release(struct grid *g)
{
	buf_release(&g->text);
	mem_free(g->end);
	*g = (struct grid){ 0 };
}

void grid_cell(struct grid *g, const char *s, size_t n)
{
	size_t col = g->ncells % g->ncols, from = g->text.n;
	term_show(&g->text, s, n, "");
	size_t width = g->text.n > from ? text_width(g->text.p + from, g->text.n - from) : 0;
	if (width > g->width[col])
		g->width[col] = width;
	MEM_GROW(g->end, g->cells_cap, g->ncells + 1);
	g->end[g->ncells++] = g->text.n;
}

void grid_printf(struct grid *g, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	grid_cell(g, b.p, b.n);
	buf_release(&b);
}

void grid_pair(struct buf *b, const char *label, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	buf_puts(b, label);
	term_show(b, text.n ? text.p : "", text.n, "");
	buf_putc(b, '\n');
	buf_release(&text);
}

static void pad(struct buf *b, size_t n)
{
	if (!n)
		return;
	memset(buf_reserve(b, n), ' ', n);
	b->n += n;
}

void grid_print(const struct grid *g, struct buf *b)
{
	for (size_t i = 0; i < g->ncells; i++) {
		size_t from = i ? g->end[i - 1] : 0, n = g->end[i] - from, col = i % g->ncols;
		size_t room = g->width[col] - text_width(g->text.p + from, n);
		if (g->right[col])
			pad(b, room);
		buf_put(b, g->text.p + from, n);
		if (col + 1 == g->ncols) {
			while (b->n && b->p[b->n - 1] == ' ')
				b->n--;
			buf_putc(b, '\n');
			continue;
		}
		pad(b, GAP + (g->right[col] ? 0 : room));
	}
}
