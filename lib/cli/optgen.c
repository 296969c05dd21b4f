/* SPDX-License-Identifier: MIT */
/* Prints help, man pages and completions from an option table. */
#include "cli/optgen.h"

#include <string.h>

#define HELP_COLUMN 32

typedef void each_fn(struct buf *b, const struct tool *t, const struct opt *o);

static void each(struct buf *b, const struct tool *t, const struct opt *o, each_fn *fn)
{
	for (; o && o->name; o++)
		if (o->help)
			fn(b, t, o);
}

/* --- help --- */

static void help_option(struct buf *b, const struct tool *t, const struct opt *o)
{
	(void)t;
	size_t from = b->n;
	buf_printf(b, "  %c%c%c --%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ', o->letter ? ',' : ' ', o->name);
	if (o->arg)
		buf_printf(b, "=%s", o->arg);
	size_t width = b->n - from;
	if (width >= HELP_COLUMN) {
		buf_putc(b, '\n');
		width = 0;
	}
	buf_printf(b, "%*s%s\n", (int)(HELP_COLUMN - width), "", o->help);
}

static void help_commands(struct buf *b, const struct tool *t)
{
	buf_puts(b, "\nCommands:\n");
	for (const struct tool_command *c = t->commands; c->name; c++) {
		size_t from = b->n;
		buf_printf(b, "  %s %s", c->name, c->synopsis);
		size_t width = b->n - from;
		buf_printf(b, "%*s%s\n", width < HELP_COLUMN ? (int)(HELP_COLUMN - width) : 1, "", c->summary);
	}
}

/* Wrap the text at 80 columns; an empty line between paragraphs stays. */
static void wrap(struct buf *b, const char *text)
{
	size_t col = 0;
	while (*text) {
		if (*text == '\n') {
			buf_putc(b, *text++);
			col = 0;
			continue;
		}
		size_t n = strcspn(text, " \n");
		if (col && col + 1 + n > 80) {
			buf_putc(b, '\n');
			col = 0;
		} else if (col) {
			buf_putc(b, ' ');
			col++;
		}
		buf_put(b, text, n);
		col += n;
		text += n;
		text += *text == ' ';
	}
	buf_putc(b, '\n');
}

void optgen_help(struct buf *b, const struct tool *t, const struct tool_command *c)
{
	if (c) {
		buf_printf(b, "Usage: %s %s %s\n\n%s.\n", t->name, c->name, c->synopsis, c->summary);
	} else {
		buf_printf(b, "Usage: %s %s\n\n", t->name, t->synopsis);
		wrap(b, t->description);
		if (t->commands)
			help_commands(b, t);
	}
	buf_puts(b, "\nOptions:\n");
	if (c)
		each(b, t, c->opts, help_option);
	each(b, t, t->opts, help_option);
	each(b, t, opt_common, help_option);
	if (c)
		return;
	if (t->more) {
		buf_printf(b, "\n%s:\n", t->more_title);
		each(b, t, t->more, help_option);
	}
	if (t->exits) {
		buf_puts(b, "\nExit status:\n");
		for (const char *const *e = t->exits; *e; e += 2)
			buf_printf(b, "  %-3s %s\n", e[0], e[1]);
	}
	if (t->examples) {
		buf_puts(b, "\nExamples:\n");
		for (const char *const *e = t->examples; *e; e += 2)
			buf_printf(b, "  # %s\n  %s\n", e[1], e[0]);
	}
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

static void man_option(struct buf *b, const struct tool *t, const struct opt *o)
{
	(void)t;
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
		each(b, t, c->opts, man_option);
	}
}

void optgen_man(struct buf *b, const struct tool *t)
{
	buf_printf(b, ".TH %s 1 \"\" \"smtools %s\" \"smtools\"\n.SH NAME\n%s \\- ", t->name, SM_VERSION, t->name);
	roff(b, t->summary);
	buf_printf(b, "\n.SH SYNOPSIS\n.B %s\n", t->name);
	roff(b, t->synopsis);
	buf_puts(b, "\n.SH DESCRIPTION\n");
	man_paragraphs(b, t->description);
	if (t->commands)
		man_commands(b, t);
	buf_puts(b, ".SH OPTIONS\n");
	each(b, t, t->opts, man_option);
	each(b, t, opt_common, man_option);
	if (t->more) {
		buf_printf(b, ".SS %s\n", t->more_title);
		each(b, t, t->more, man_option);
	}
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
			roff(b, e[0]);
			buf_puts(b, "\n.fi\n");
		}
	}
	if (t->see_also) {
		buf_puts(b, ".SH SEE ALSO\n");
		for (const char *const *s = t->see_also; *s; s++) {
			roff(b, *s);
			buf_puts(b, s[1] ? ",\n" : "\n");
		}
	}
}

/* --- completions --- */

static void words_of(struct buf *b, const char *list)
{
	for (; *list; list++)
		buf_putc(b, *list == '|' ? ' ' : *list);
}

static void bash_option(struct buf *b, const struct tool *t, const struct opt *o)
{
	(void)t;
	buf_printf(b, " --%s%s", o->name, o->arg ? "=" : "");
	if (o->letter)
		buf_printf(b, " -%c", o->letter);
}

static void bash_value(struct buf *b, const struct tool *t, const struct opt *o)
{
	(void)t;
	if (o->type == OPT_ENUM) {
		buf_printf(b, "\t--%s) COMPREPLY=($(compgen -W \"", o->name);
		words_of(b, o->arg);
		buf_puts(b, "\" -- \"$cur\")); return ;;\n");
	} else if (o->type == OPT_DIR) {
		buf_printf(b, "\t--%s) COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n", o->name);
	}
}

static void each_table(struct buf *b, const struct tool *t, each_fn *fn)
{
	for (const struct tool_command *c = t->commands; c && c->name; c++)
		each(b, t, c->opts, fn);
	each(b, t, t->opts, fn);
	each(b, t, t->more, fn);
	each(b, t, opt_common, fn);
}

void optgen_bash(struct buf *b, const struct tool *t)
{
	buf_printf(b, "# bash completion for %s, generated from its option table\n_%s() {\n", t->name, t->name);
	buf_puts(b, "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
		    "\tif [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
		    "\tcase $prev in\n");
	each_table(b, t, bash_value);
	buf_puts(b, "\tesac\n");
	if (t->commands) {
		buf_puts(b, "\tif ((COMP_CWORD == 1)) && [[ $cur != -* ]]; then COMPREPLY=($(compgen -W \"");
		for (const struct tool_command *c = t->commands; c->name; c++)
			buf_printf(b, "%s ", c->name);
		buf_puts(b, "\" -- \"$cur\")); return; fi\n");
	}
	buf_puts(b, "\tif [[ $cur == -* ]]; then COMPREPLY=($(compgen -W \"");
	each_table(b, t, bash_option);
	buf_printf(b, "\" -- \"$cur\")); [[ ${COMPREPLY-} == *= ]] && compopt -o nospace; fi\n}\n"
		   "complete -o default -F _%s %s\n", t->name, t->name);
}

/* Help text inside single quotes and brackets of zsh. */
static void zsh_text(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '\'') {
			buf_puts(b, "'\\''");
			continue;
		}
		if (*s == '[' || *s == ']' || *s == ':')
			buf_putc(b, '\\');
		buf_putc(b, *s);
	}
}

static void zsh_option(struct buf *b, const struct tool *t, const struct opt *o)
{
	(void)t;
	buf_printf(b, "  '%s--%s%s[", o->type == OPT_LIST || o->type == OPT_PAIR ? "*" : "", o->name, o->arg ? "=" : "");
	zsh_text(b, o->help);
	buf_putc(b, ']');
	if (o->type == OPT_ENUM) {
		buf_puts(b, ":value:(");
		words_of(b, o->arg);
		buf_putc(b, ')');
	} else if (o->arg) {
		buf_putc(b, ':');
		zsh_text(b, o->arg);
		buf_printf(b, ":%s", o->type == OPT_FILE ? "_files" : o->type == OPT_DIR ? "_directories" : "");
	}
	buf_puts(b, "' \\\n");
}

void optgen_zsh(struct buf *b, const struct tool *t)
{
	buf_printf(b, "#compdef %s\n# generated from the option table\n_arguments -s \\\n", t->name);
	each_table(b, t, zsh_option);
	if (t->commands) {
		buf_puts(b, "  '1:command:(");
		for (const struct tool_command *c = t->commands; c->name; c++)
			buf_printf(b, "%s%s", c == t->commands ? "" : " ", c->name);
		buf_puts(b, ")' \\\n");
	}
	buf_puts(b, "  '*:file:_files'\n");
}

static void fish_text(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			buf_putc(b, '\\');
		buf_putc(b, *s);
	}
}

static void fish_option(struct buf *b, const struct tool *t, const struct opt *o)
{
	buf_printf(b, "complete -c %s -l %s", t->name, o->name);
	if (o->letter)
		buf_printf(b, " -s %c", o->letter);
	if (o->type == OPT_ENUM) {
		buf_puts(b, " -x -a '");
		words_of(b, o->arg);
		buf_putc(b, '\'');
	} else if (o->type == OPT_DIR) {
		buf_puts(b, " -x -a '(__fish_complete_directories)'");
	} else if (o->arg) {
		buf_puts(b, " -r");
	}
	buf_puts(b, " -d '");
	fish_text(b, o->help);
	buf_puts(b, "'\n");
}

void optgen_fish(struct buf *b, const struct tool *t)
{
	buf_printf(b, "# fish completion for %s, generated from its option table\n", t->name);
	for (const struct tool_command *c = t->commands; c && c->name; c++) {
		buf_printf(b, "complete -c %s -n __fish_use_subcommand -a %s -d '", t->name, c->name);
		fish_text(b, c->summary);
		buf_puts(b, "'\n");
	}
	each_table(b, t, fish_option);
}
