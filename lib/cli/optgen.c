/* SPDX-License-Identifier: MIT */
/* Prints help and man pages from an option table; the completions are in optgen_sh.c. */
#include "cli/optgen.h"

#include <string.h>

#ifndef SM_DATE
#define SM_DATE ""
#endif
#define COLUMNS 80             /* no line of a help is longer */
#define HELP_COLUMN 32         /* where texts of options begin */

/* All that are shown. */
static void each(struct buf *b, const struct opt *o, void (*fn)(struct buf *b, const struct opt *o))
{
	for (; o && o->name; o++)
		if (o->help)
			fn(b, o);
}

/* --- help --- */

/* Columns of a terminal: our texts have no wide characters and none that combine. */
static size_t columns(const char *p, size_t n)
{
	size_t c = 0;
	for (size_t i = 0; i < n; i++)
		c += ((unsigned char)p[i] & 0xC0) != 0x80;
	return c;
}

static void new_line(struct buf *b, size_t indent)
{
	buf_printf(b, "\n%*s", (int)indent, "");
}

/* The words of TEXT from column COL on, in lines that end in time; those below begin at INDENT. */
static void fill(struct buf *b, const char *text, size_t col, size_t indent)
{
	bool first = true;
	for (size_t n; *text; text += n) {
		if (*text == '\n') {
			buf_putc(b, '\n');
			col = 0;
			first = true;
			n = 1;
			continue;
		}
		n = strcspn(text, " \n");
		size_t w = columns(text, n);
		if (!first && col + 1 + w > COLUMNS) {
			new_line(b, indent);
			col = indent;
		} else if (!first) {
			buf_putc(b, ' ');
			col++;
		}
		buf_put(b, text, n);
		col += w;
		first = false;
		n += text[n] == ' ';
	}
	buf_putc(b, '\n');
}

/* What was put since FROM, then TEXT in the column of texts: behind it, or below where there is no room. */
static void explain(struct buf *b, size_t from, const char *text)
{
	size_t width = columns(b->p + from, b->n - from);
	if (width + 1 >= HELP_COLUMN) {
		new_line(b, HELP_COLUMN);
	} else {
		buf_printf(b, "%*s", (int)(HELP_COLUMN - width), "");
	}
	fill(b, text, HELP_COLUMN, HELP_COLUMN);
}

static void help_option(struct buf *b, const struct opt *o)
{
	size_t from = b->n;
	buf_printf(b, "  %c%c%c --%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ', o->letter ? ',' : ' ', o->name);
	if (o->arg)
		buf_printf(b, "=%s", o->arg);
	explain(b, from, o->help);
}

static void help_commands(struct buf *b, const struct tool *t)
{
	buf_puts(b, "\nCommands:\n");
	for (const struct tool_command *c = t->commands; c->name; c++) {
		size_t from = b->n;
		buf_printf(b, "  %s %s", c->name, c->synopsis);
		explain(b, from, c->summary);
	}
	buf_printf(b, "`%s COMMAND --help` has the options of each.\n", t->name);
}

/* How much of LINE, a shell's, goes on this line of text: up to a | outside of quotes, else up to a space. */
static size_t piece(const char *line, size_t room)
{
	size_t n = strlen(line), pipe = 0, space = 0, col = 0;
	char quote = 0;
	if (columns(line, n) <= room)
		return n;
	for (size_t i = 0; i < n && col + 2 <= room; i++) {
		col += columns(line + i, 1);
		if (quote ? line[i] == quote : line[i] == '\'' || line[i] == '"')
			quote = quote ? 0 : line[i];
		if (!quote && line[i] == ' ')
			*(line[i - 1] == '|' && line[i - 2] == ' ' ? &pipe : &space) = i;
	}
	return pipe ? pipe : space ? space : n;
}

/* Indented, in lines of 80 columns that a shell takes as one. */
static void example(struct buf *b, const char *line)
{
	for (size_t indent = 2; *line; indent = 6) {
		size_t n = piece(line, COLUMNS - indent);
		buf_printf(b, "%*s%.*s%s\n", (int)indent, "", (int)n, line, line[n] && line[n - 1] != '|' ? " \\" : "");
		line += n + (line[n] == ' ');
	}
}

static void help_end(struct buf *b, const struct tool *t)
{
	if (t->exits) {
		buf_puts(b, "\nExit status:\n");
		for (const char *const *e = t->exits; *e; e += 2) {
			buf_printf(b, "  %-3s ", e[0]);
			fill(b, e[1], 6, 6);
		}
	}
	if (t->examples) {
		buf_puts(b, "\nExamples:\n");
		for (const char *const *e = t->examples; *e; e += 2) {
			buf_puts(b, "  # ");
			fill(b, e[1], 4, 4);
			example(b, e[0]);
		}
	}
}

void optgen_help(struct buf *b, const struct tool *t, const struct tool_command *c)
{
	bool whole = !c || c == t->otherwise;
	size_t from = b->n;
	buf_printf(b, "Usage: %s ", t->name);
	if (!whole)
		buf_printf(b, "%s ", c->name);
	fill(b, whole ? t->synopsis : c->synopsis, b->n - from, 4 + strlen("Usage: "));
	buf_putc(b, '\n');
	if (whole) {
		fill(b, t->description, 0, 0);
		if (t->commands)
			help_commands(b, t);
	} else {
		struct buf text = BUF_INIT;
		buf_printf(&text, "%s.", c->summary);
		fill(b, buf_cstr(&text), 0, 0);
		buf_release(&text);
	}
	buf_puts(b, "\nOptions:\n");
	if (whole && t->otherwise)
		each(b, t->otherwise->opts, help_option);
	if (!whole)
		each(b, c->opts, help_option);
	each(b, t->opts, help_option);
	each(b, opt_common, help_option);
	if (whole)
		help_end(b, t);
}

/* --- for tests: command, option, letter, type, placeholder, in columns --- */

static void list_table(struct buf *b, const char *command, const struct opt *o)
{
	static const char *const types[] = { "flag", "text", "file", "folder", "count", "integer", "number", "size", "duration", "time",
					     "rate", "words", "list", "column", "source", "pair" };
	for (; o && o->name; o++)
		if (o->help)
			buf_printf(b, "%s\t%s\t%.1s\t%s\t%s\n", command, o->name, o->letter ? &o->letter : "-", types[o->type],
				   o->arg ? o->arg : "-");
}

void optgen_options(struct buf *b, const struct tool *t)
{
	for (const struct tool_command *c = t->commands; c && c->name; c++)
		list_table(b, c->name, c->opts);
	if (t->otherwise)
		list_table(b, t->otherwise->name, t->otherwise->opts);
	list_table(b, "-", t->opts);
	list_table(b, "-", opt_common);
}

/* --- man --- */

/* Text for roff: a hyphen is a minus, a leading dot is text, characters beyond ASCII by number. */
static void roff(struct buf *b, const char *text)
{
	bool line_start = true;
	const unsigned char *s = (const unsigned char *)text;
	while (*s) {
		unsigned c = *s++;
		if (line_start && (c == '.' || c == '\''))
			buf_puts(b, "\\&");
		line_start = c == '\n';
		if (c == '-')
			buf_puts(b, "\\-");
		else if (c == '\\')
			buf_puts(b, "\\e");
		else if (c < 0x80)
			buf_putc(b, (char)c);
		else {
			int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
			c &= 0x3Fu >> more;
			for (; more && *s; more--)
				c = c << 6 | (*s++ & 0x3Fu);
			buf_printf(b, "\\[u%04X]", c);
		}
	}
}

static void man_option(struct buf *b, const struct opt *o)
{
	buf_puts(b, ".TP\n");
	if (o->letter)
		buf_printf(b, "\\fB\\-%c\\fR, ", o->letter);
	buf_puts(b, "\\fB\\-\\-");
	roff(b, o->name);
	buf_puts(b, "\\fR");
	if (o->arg) {
		buf_puts(b, "=\\fI");
		roff(b, o->arg);
		buf_puts(b, "\\fR");
	}
	buf_putc(b, '\n');
	roff(b, o->help);
	buf_puts(b, ".\n");
}

static void man_paragraphs(struct buf *b, const char *text)
{
	const char *gap;
	while ((gap = strstr(text, "\n\n"))) {
		struct buf one = BUF_INIT;
		buf_put(&one, text, (size_t)(gap - text));
		roff(b, buf_cstr(&one));
		buf_release(&one);
		buf_puts(b, "\n.PP\n");
		text = gap + 2;
	}
	roff(b, text);
	buf_putc(b, '\n');
}

static void man_commands(struct buf *b, const struct tool *t)
{
	buf_puts(b, ".SH COMMANDS\n");
	for (const struct tool_command *c = t->commands; c->name; c++) {
		buf_puts(b, ".SS ");
		roff(b, c->name);
		buf_putc(b, ' ');
		roff(b, c->synopsis);
		buf_putc(b, '\n');
		roff(b, c->summary);
		buf_puts(b, ".\n");
		each(b, c->opts, man_option);
	}
}

static void man_example(struct buf *b, const char *line)
{
	struct buf text = BUF_INIT;
	example(&text, line);
	roff(b, buf_cstr(&text) + 2);
	buf_release(&text);
}

void optgen_man(struct buf *b, const struct tool *t)
{
	buf_printf(b, ".TH %s 1 \"" SM_DATE "\" \"smtools %s\" \"smtools\"\n.SH NAME\n%s \\- ", t->name, SM_VERSION, t->name);
	roff(b, t->summary);
	buf_printf(b, "\n.SH SYNOPSIS\n.B %s\n", t->name);
	roff(b, t->synopsis);
	buf_puts(b, "\n.SH DESCRIPTION\n");
	man_paragraphs(b, t->description);
	if (t->commands)
		man_commands(b, t);
	buf_puts(b, ".SH OPTIONS\n");
	if (t->otherwise)
		each(b, t->otherwise->opts, man_option);
	each(b, t->opts, man_option);
	each(b, opt_common, man_option);
	if (t->exits) {
		buf_puts(b, ".SH EXIT STATUS\n");
		for (const char *const *e = t->exits; *e; e += 2) {
			buf_printf(b, ".TP\n.B %s\n", e[0]);
			roff(b, e[1]);
			buf_puts(b, ".\n");
		}
	}
	buf_puts(b, ".SH ENVIRONMENT\nEvery option can be set as SM_<TOOL>_<OPTION>, the tool without its \\(lqsm\\(rq: "
		    "\\-\\-on\\-error of smrate is SM_RATE_ON_ERROR. The command line takes precedence.\n");
	buf_puts(b, ".SH FILES\n.TP\n.I $XDG_CONFIG_HOME/smtools/");
	roff(b, t->name);
	buf_puts(b, ".conf\nLines of the form \\(lqname = value\\(rq set options; the environment takes precedence over them.\n");
	if (t->examples) {
		buf_puts(b, ".SH EXAMPLES\n");
		for (const char *const *e = t->examples; *e; e += 2) {
			buf_puts(b, ".TP\n");
			roff(b, e[1]);
			buf_puts(b, "\n.nf\n");
			man_example(b, e[0]);
			buf_puts(b, ".fi\n");
		}
	}
	buf_puts(b, ".SH SEE ALSO\n");
	for (const char *const *s = t->see_also; s && *s; s++) {
		roff(b, *s);
		buf_puts(b, ",\n");
	}
	buf_puts(b, "smtools(7)\n");
}
