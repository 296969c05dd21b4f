/* SPDX-License-Identifier: MIT */
/* Cells are kept as they will be printed, with the widest of each column. */
#include "show/grid.h"

#include "base/mem.h"
#include "base/term.h"
#include "text/width.h"

#include <assert.h>

#define GAP 2
#define NARROW ((size_t)8)         /* no column is cut below this */

void grid_init(struct grid *g, size_t ncols, const char *heads)
{
	assert(ncols);
	*g = (struct grid){ .ncols = ncols, .headed = true, .col = mem_zalloc(ncols * sizeof *g->col) };
	for (size_t i = 0; heads && i < ncols; i++, heads += strlen(heads) + 1) {
		g->col[i].right = *heads == '>';
		grid_cell(g, heads + g->col[i].right, strlen(heads + g->col[i].right));
	}
}

void grid_release(struct grid *g)
{
	buf_release(&g->text);
	mem_free(g->col);
	mem_free(g->end);
	*g = (struct grid){ 0 };
}

void grid_right(struct grid *g, size_t col)
{
	g->col[col].right = true;
}

/* Line ends and tabs, which a cell cannot hold, are spaces. */
static void put_shown(struct buf *b, const char *s, size_t n)
{
	size_t from = b->n;
	term_show(b, s, n, "\t\n\r");
	for (size_t i = from; i < b->n; i++)
		if ((unsigned char)b->p[i] < ' ')
			b->p[i] = ' ';
}

void grid_cell(struct grid *g, const char *s, size_t n)
{
	struct grid_column *col = &g->col[g->ncells % g->ncols];
	size_t from = g->text.n;
	put_shown(&g->text, s, n);
	size_t width = g->text.n > from ? text_width(g->text.p + from, g->text.n - from) : 0;
	if (width > col->width)
		col->width = width;
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
	grid_cell(g, b.n ? b.p : "", b.n);
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

/* The columns as they come out: above CAP cells give way, NARROW ones and numbers do not. Returns the width of a row. */
static size_t set_widths(struct grid *g, size_t cap)
{
	size_t total = GAP * (g->ncols - 1);
	for (size_t i = 0; i < g->ncols; i++) {
		struct grid_column *c = &g->col[i];
		c->shown = c->right || c->width < cap ? c->width : cap;
		total += c->shown;
	}
	return total;
}

static void fit(struct grid *g, size_t columns)
{
	size_t low = NARROW, high = NARROW;
	for (size_t i = 0; i < g->ncols; i++)
		high = g->col[i].width > high ? g->col[i].width : high;
	if (set_widths(g, high) <= columns || !columns)
		return;
	while (low < high) { /* the largest cap that fits */
		size_t cap = (low + high + 1) / 2;
		if (set_widths(g, cap) <= columns)
			low = cap;
		else
			high = cap - 1;
	}
	set_widths(g, low);
}

/* The row that begins with cell FIRST. */
static void put_row(const struct grid *g, size_t first, bool cut, struct buf *b)
{
	size_t start = b->n;
	for (size_t k = 0; k < g->ncols; k++) {
		const struct grid_column *c = &g->col[k];
		size_t i = first + k, from = i ? g->end[i - 1] : 0, n = g->end[i] - from;
		const char *p = n ? g->text.p + from : "";
		size_t width = n ? text_width(p, n) : 0, shown = cut && width > c->shown ? c->shown : width;
		size_t room = c->shown > shown ? c->shown - shown : 0;
		if (c->right)
			pad(b, room);
		if (shown < width)
			room += shown - text_cut(b, p, n, shown); /* a wide character more than fits */
		else
			buf_put(b, p, n);
		pad(b, GAP + (c->right ? 0 : room));
	}
	while (b->n > start && b->p[b->n - 1] == ' ')
		b->n--;
}

void grid_print(struct grid *g, struct buf *b, size_t columns, bool color)
{
	struct buf row = BUF_INIT;
	if (!g->printed)
		fit(g, columns);
	for (size_t i = 0; i + g->ncols <= g->ncells; i += g->ncols) {
		bool head = g->headed && !g->printed;
		g->printed = true;
		buf_clear(&row);
		put_row(g, i, columns != 0, &row);
		if (head && color && row.n)
			buf_puts(b, TERM_BOLD);
		if (columns)
			text_cut(b, row.n ? row.p : "", row.n, columns);
		else
			buf_put(b, row.p, row.n);
		buf_puts(b, head && color && row.n ? TERM_PLAIN "\n" : "\n");
	}
	g->ncells = 0;
	buf_clear(&g->text);
	buf_release(&row);
}
