/* SPDX-License-Identifier: MIT */
/* Which form, and the rows one after the other. */
#include "show/parts.h"

#include "base/mem.h"
#include "base/term.h"
#include "text/width.h"

#include <string.h>

#define PIPE_WIDTH 100            /* of pretty records where there is no terminal */

static enum show_form form_of(const struct show_opts *o, const struct output *out, enum show_form on_terminal)
{
	static const char *const name[] = { "ndjson", "json", "csv", "tsv", "table", "pretty" };
	enum show_form form = term_columns(out->fd) ? on_terminal : SHOW_NDJSON;
	for (size_t i = 0; i < sizeof name / sizeof *name; i++)
		if (strcmp(o->output, name[i]) == 0)
			form = (enum show_form)i;
	return form;
}

int show_init(struct show *s, const struct show_opts *o, struct output *out, enum show_form on_terminal, struct err *e)
{
	*s = (struct show){ .out = out, .flatten = o->flatten, .bom = o->csv_bom, .names = ARENA_INIT, .row = ARENA_INIT };
	s->form = form_of(o, out, on_terminal);
	if (o->flatten && (s->form < SHOW_CSV || s->form > SHOW_TABLE))
		return err_set(e, ERR_USAGE, "--flatten needs --output=csv, tsv or table");
	if (o->csv_bom && s->form != SHOW_CSV && s->form != SHOW_TSV)
		return err_set(e, ERR_USAGE, "--csv-bom needs --output=csv or tsv");
	s->width = term_columns(out->fd);
	s->color = strcmp(o->color, "always") == 0 || (strcmp(o->color, "auto") == 0 && term_colors(out->fd));
	return 0;
}

void show_release(struct show *s)
{
	mem_free(s->col);
	if (s->grid.ncols)
		grid_release(&s->grid);
	buf_release(&s->held);
	buf_release(&s->line);
	arena_release(&s->names);
	arena_release(&s->row);
	*s = (struct show){ 0 };
}

void show_single(struct show *s)
{
	s->single = true;
}

static enum csv_style style(const struct show *s)
{
	return s->form == SHOW_TSV ? CSV_TAB : CSV_COMMA;
}

/* What holds colours has been shown; the rest the output shows. */
static void put_line(struct show *s)
{
	if (s->color && s->form >= SHOW_TABLE) {
		output_shown(s->out, s->line.p, s->line.n);
		s->out->records++;
	} else {
		output_put(s->out, s->line.p, s->line.n);
		output_end_record(s->out);
	}
}

/* --- the forms --- */

static void put_json(struct show *s, const char *p, size_t n)
{
	if (!s->single)
		output_put(s->out, s->rows ? ",\n" : "[\n", 2);
	output_put(s->out, p, n);
	if (s->single)
		output_put(s->out, "\n", 1);
	output_end_record(s->out);
}

static void cell_text(const struct show *s, const struct json *v, const char **p, size_t *n)
{
	if (v && v->type == JSON_OBJECT && v->child && s->flatten && !s->fixed) /* its members have columns */
		v = NULL;
	*p = !v ? NULL : v->type == JSON_STRING ? v->str : v->raw;
	*n = !v ? 0 : v->type == JSON_STRING ? v->nstr : v->nraw;
}

static void put_cells(struct show *s, const struct json *row)
{
	buf_clear(&s->line);
	for (size_t i = 0; i < s->ncols; i++) {
		const char *p;
		size_t n;
		cell_text(s, show_cell(&s->col[i], row), &p, &n);
		if (s->form == SHOW_TABLE) {
			grid_cell(&s->grid, p ? p : "", n);
			continue;
		}
		if (i)
			buf_putc(&s->line, csv_delimiter(style(s)));
		csv_put(&s->line, style(s), p, n);
	}
	if (s->form == SHOW_TABLE || !s->ncols)
		return;
	csv_end(&s->line, style(s), 0);
	put_line(s);
}

static void put_heads(struct show *s)
{
	struct buf name = BUF_INIT;
	buf_clear(&s->line);
	if (s->bom)
		buf_puts(&s->line, CSV_BOM);
	if (s->form == SHOW_TABLE && s->ncols)
		grid_init(&s->grid, s->ncols, NULL);
	for (size_t i = 0; i < s->ncols; i++) {
		buf_clear(&name);
		show_title(&s->col[i], &name);
		if (s->form == SHOW_TABLE) {
			grid_cell(&s->grid, name.n ? name.p : "", name.n);
			if (s->col[i].right && s->col[i].any)
				grid_right(&s->grid, i);
			continue;
		}
		if (i)
			buf_putc(&s->line, csv_delimiter(style(s)));
		csv_put(&s->line, style(s), name.n ? name.p : "", name.n);
	}
	buf_release(&name);
	if (s->form == SHOW_TABLE || !s->ncols)
		return;
	buf_putc(&s->line, '\n');
	put_line(s);
}

void show_grid(struct show *s, struct grid *g)
{
	buf_clear(&s->line);
	grid_print(g, &s->line, s->width, s->color);
	if (s->line.n)
		put_line(s);
}

void show_text(struct show *s, const char *p, size_t n)
{
	for (const char *end = p + n, *nl; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		buf_clear(&s->line);
		if (s->width)
			text_cut(&s->line, p, (size_t)(nl - p), s->width);
		else
			buf_put(&s->line, p, (size_t)(nl - p));
		output_line(s->out, s->line.n ? s->line.p : "", s->line.n);
	}
}

static int parse(struct show *s, const char *p, size_t n, struct json **row, struct err *e)
{
	arena_clear(&s->row);
	return json_parse(row, &s->row, p, n, e);
}

/* What was held back: its columns, then its rows. */
static int decide(struct show *s, struct err *e)
{
	struct json *row;
	int rc = 0;
	s->decided = true;
	for (int pass = 0; pass < 2 && rc == 0; pass++) {
		const char *p = s->held.p, *end = s->held.n ? p + s->held.n : p;
		for (const char *nl; p < end && rc == 0; p = nl + 1) {
			nl = memchr(p, '\n', (size_t)(end - p));
			rc = parse(s, p, (size_t)(nl - p), &row, e);
			if (rc == 0 && pass)
				put_cells(s, row);
			else if (rc == 0 && (!s->fixed || s->form == SHOW_TABLE))
				rc = show_learn(s, row, e);
		}
		if (pass == 0 && rc == 0) {
			show_settle(s);
			put_heads(s);
		}
	}
	if (rc == 0 && s->form == SHOW_TABLE && s->ncols)
		show_grid(s, &s->grid);
	buf_clear(&s->held);
	s->nheld = 0;
	return rc;
}

static int hold(struct show *s, const char *p, size_t n, struct err *e)
{
	buf_put(&s->held, p, n);
	buf_putc(&s->held, '\n');
	s->nheld++;
	return s->nheld >= SHOW_ROWS || s->held.n >= SHOW_BYTES ? decide(s, e) : 0;
}

static int put_row(struct show *s, const char *p, size_t n, struct err *e)
{
	struct json *row;
	int rc = parse(s, p, n, &row, e); /* before it is held: the error is this row's */
	if (rc == 0 && s->form != SHOW_PRETTY && !s->decided) {
		if (!s->fixed || s->form == SHOW_TABLE)
			return hold(s, p, n, e);
		rc = decide(s, e);
		if (rc == 0)
			rc = parse(s, p, n, &row, e);
	}
	if (rc == 0 && s->form != SHOW_PRETTY && s->form != SHOW_TABLE && !s->fixed)
		rc = show_known(s, row, e);
	if (rc)
		return rc;
	if (s->form == SHOW_PRETTY) {
		buf_clear(&s->line);
		show_pretty(&s->line, row, s->width ? s->width : PIPE_WIDTH, s->color);
		buf_putc(&s->line, '\n');
		put_line(s);
		return 0;
	}
	put_cells(s, row);
	if (s->form == SHOW_TABLE && s->ncols)
		show_grid(s, &s->grid);
	return 0;
}

int show_row(struct show *s, const char *p, size_t n, struct err *e)
{
	int rc = 0;
	if (s->form == SHOW_NDJSON)
		output_line(s->out, p, n);
	else if (s->form == SHOW_JSON)
		put_json(s, p, n);
	else
		rc = put_row(s, p, n, e);
	s->rows += rc == 0;
	return rc;
}

int show_rows(struct show *s, const char *p, size_t n, struct err *e)
{
	int rc = 0;
	for (const char *end = p + n, *nl; p < end && rc == 0; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		rc = show_row(s, p, (size_t)(nl - p), e);
	}
	return rc;
}

int show_flush(struct show *s, struct err *e)
{
	return s->nheld ? decide(s, e) : 0;
}

int show_end(struct show *s, struct err *e)
{
	if (s->form == SHOW_JSON && !s->single)
		output_put(s->out, s->rows ? "\n]\n" : "[]\n", 3);
	if (s->form >= SHOW_CSV && s->form <= SHOW_TABLE && !s->decided && (s->nheld || s->form != SHOW_TABLE))
		return decide(s, e);
	return 0;
}
