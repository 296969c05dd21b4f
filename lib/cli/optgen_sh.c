/* SPDX-License-Identifier: MIT */
/* Prints completions for bash, zsh and fish from an option table. What only the tools know they are asked for when somebody
 * presses the key: the names of sources and their variables (smfetch list), the columns of a table (smtable schema).
 * Neither uses the network, and what they say on standard error is dropped. */
#include "cli/optgen.h"

#include <string.h>

#define ASK_SOURCES "smfetch list --output tsv 2>/dev/null </dev/null | sed 1d"
#define ASK_VARIABLES(source) "smfetch list " source " --output tsv 2>/dev/null </dev/null | sed 1d"
#define ASK_COLUMNS(table) "smtable schema " table " --output tsv 2>/dev/null </dev/null | sed 1d | cut -f1"

/* A command line to complete: a command's, what runs otherwise, or that of a tool without commands. */
struct line {
	const struct tool *t;
	const struct tool_command *c;   /* NULL: none yet, or the tool has none */
};

typedef void each_fn(struct buf *b, const struct line *l, const struct opt *o);

static void each_of(struct buf *b, const struct line *l, const struct opt *o, each_fn *fn)
{
	for (; o && o->name; o++)
		if (o->help)
			fn(b, l, o);
}

static void each(struct buf *b, const struct line *l, each_fn *fn)
{
	if (l->c)
		each_of(b, l, l->c->opts, fn);
	each_of(b, l, l->t->opts, fn);
	each_of(b, l, opt_common, fn);
}

static enum opt_operands operands(const struct line *l)
{
	return l->c ? l->c->operands : l->t->operands;
}

static void words_of(struct buf *b, const char *list)
{
	for (; *list; list++)
		buf_putc(b, *list == '|' ? ' ' : *list);
}

static void command_names(struct buf *b, const struct tool *t)
{
	for (const struct tool_command *c = t->commands; c && c->name; c++)
		buf_printf(b, "%s%s", c == t->commands ? "" : " ", c->name);
}

/* --- bash --- */

static void bash_option(struct buf *b, const struct line *l, const struct opt *o)
{
	(void)l;
	buf_printf(b, " --%s%s", o->name, o->arg ? "=" : "");
	if (o->letter)
		buf_printf(b, " -%c", o->letter);
}

static void bash_valued(struct buf *b, const struct line *l, const struct opt *o)
{
	(void)l;
	if (o->arg)
		buf_printf(b, "--%s|", o->name);
	if (o->arg && o->letter)
		buf_printf(b, "-%c|", o->letter);
}

static void bash_value(struct buf *b, const struct line *l, const struct opt *o)
{
	(void)l;
	if (!o->arg)
		return;
	buf_printf(b, "\t\t--%s", o->name);
	if (o->letter)
		buf_printf(b, "|-%c", o->letter);
	switch (o->type) {
	case OPT_ENUM:
		buf_puts(b, ") what=words words='");
		words_of(b, o->arg);
		buf_puts(b, "'");
		break;
	case OPT_FILE: buf_puts(b, ") what=files"); break;
	case OPT_DIR: buf_puts(b, ") what=dirs"); break;
	case OPT_COLUMN: buf_puts(b, ") what=columns"); break;
	case OPT_SOURCE: buf_puts(b, ") what=sources"); break;
	default: buf_puts(b, ") what=none"); break;
	}
	buf_puts(b, " ;;\n");
}

static void bash_line(struct buf *b, const struct line *l)
{
	static const char *const names[] = { "files", "table", "dirs", "sources", "variables", "none" };
	bool start = !l->c && l->t->commands;
	buf_puts(b, "\t\topts='");
	each(b, l, bash_option);
	if (start && l->t->otherwise)
		each_of(b, l, l->t->otherwise->opts, bash_option);
	buf_printf(b, "' operand=%s\n\t\tcase $prev in\n", start ? "start" : names[operands(l)]);
	each(b, l, bash_value);
	if (start && l->t->otherwise)
		each_of(b, l, l->t->otherwise->opts, bash_value);
	buf_puts(b, "\t\tesac\n");
}

static void bash_commands(struct buf *b, const struct tool *t)
{
	buf_puts(b, "\tcase $cmd in\n\t'')\n");
	bash_line(b, &(struct line){ t, NULL });
	buf_puts(b, "\t\t;;\n");
	for (const struct tool_command *c = t->commands; c->name; c++) {
		buf_printf(b, "\t%s)\n", c->name);
		bash_line(b, &(struct line){ t, c });
		buf_puts(b, "\t\t;;\n");
	}
	if (t->otherwise) {
		buf_puts(b, "\t*)\n");
		bash_line(b, &(struct line){ t, t->otherwise });
		buf_puts(b, "\t\t;;\n");
	}
	buf_puts(b, "\tesac\n");
}

/* The command (or source) is the first word that is neither an option nor the value of one. */
static void bash_look(struct buf *b, const struct tool *t)
{
	buf_puts(b, "\tfor ((i = 1; i < ${#COMP_WORDS[@]}; i++)); do\n"
		    "\t\tw=${COMP_WORDS[i]//[\\\\\\\"\\']/}\n"
		    "\t\tcase $w in\n"
		    "\t\t=) ((i++)) ;;\n"
		    "\t\t");
	each_of(b, NULL, t->opts, bash_valued);
	for (const struct tool_command *c = t->commands; c && c->name; c++)
		each_of(b, NULL, c->opts, bash_valued);
	if (t->otherwise)
		each_of(b, NULL, t->otherwise->opts, bash_valued);
	each_of(b, NULL, opt_common, bash_valued);
	buf_puts(b, "--) [[ ${COMP_WORDS[i+1]-} == = ]] || ((i++)) ;;\n"
		    "\t\t-*) ;;\n"
		    "\t\t*) if ((i != COMP_CWORD)) && [[ -z $cmd ]]; then cmd=$w; elif [[ -d $w/_delta_log ]]; then table=$w; fi ;;\n"
		    "\t\tesac\n\tdone\n");
	if (!t->commands)
		buf_puts(b, "\t[[ -d $cmd/_delta_log ]] && table=$cmd\n");
}

static const char bash_tail[] =
	"\tif [[ -z $what && $cur == -* ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$opts\" -- \"$cur\"))\n"
	"\t\t[[ ${COMPREPLY-} == *= ]] && compopt -o nospace 2>/dev/null\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tcase ${what:-$operand} in\n"
	"\tdirs | table) compopt -o filenames 2>/dev/null; w=${cur//[\\\\\\\"\\']/}\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -d -- \"$w\") ;;\n"
	"\tcolumns) words=$(" ASK_COLUMNS("\"$table\"") ")\n"
	"\t\t[[ $cur == *,* ]] && before=${cur%,*},\n"
	"\t\tCOMPREPLY=($(compgen -P \"$before\" -W \"$words\" -- \"${cur##*,}\")) ;;\n"
	"\tsources) words=$(" ASK_SOURCES " | cut -f1) ;;&\n"
	"\tvariables) [[ ${COMP_WORDS[COMP_CWORD]} == = || ${COMP_WORDS[COMP_CWORD-1]} == = ]] && return\n"
	"\t\twords=$(" ASK_VARIABLES("\"$cmd\"") " | cut -f1 | sed 's/$/=/')\n"
	"\t\tcompopt -o nospace 2>/dev/null ;;&\n"
	"\tnone) compopt +o default 2>/dev/null ;;\n"
	"\twords | sources | variables | start) COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")) ;;\n"
	"\tesac\n"
	"}\n";

void optgen_bash(struct buf *b, const struct tool *t)
{
	buf_printf(b, "# bash completion for %s, generated from its option table\n_%s() {\n", t->name, t->name);
	buf_puts(b, "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} IFS=$' \\t\\n'\n"
		    "\tlocal cmd= table= what= operand= opts= words= before= i w\n"
		    "\tCOMPREPLY=()\n"
		    "\tif [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n");
	bash_look(b, t);
	if (t->commands)
		bash_commands(b, t);
	else
		bash_line(b, &(struct line){ t, NULL });
	if (t->commands) {
		buf_puts(b, "\tif [[ -z $what && $operand == start ]]; then words='");
		command_names(b, t);
		buf_puts(b, t->otherwise ? "'\" $(" ASK_SOURCES " | cut -f1)\"; fi\n" : "'; fi\n");
	}
	buf_puts(b, bash_tail);
	buf_printf(b, "complete -o default -F _%s %s\n", t->name, t->name);
}

/* --- zsh: names of variables that _arguments has no use for --- */

/* Text inside single quotes and brackets of zsh. */
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

static void zsh_action(struct buf *b, const struct line *l, const struct opt *o)
{
	buf_putc(b, ':');
	zsh_text(b, o->arg);
	buf_putc(b, ':');
	switch (o->type) {
	case OPT_ENUM:
		buf_putc(b, '(');
		words_of(b, o->arg);
		buf_putc(b, ')');
		break;
	case OPT_FILE: buf_puts(b, "_files"); break;
	case OPT_DIR: buf_puts(b, "_directories"); break;
	case OPT_COLUMN: buf_printf(b, "_%s_columns", l->t->name); break;
	case OPT_SOURCE: buf_printf(b, "_%s_sources", l->t->name); break;
	default: break;
	}
}

static void zsh_spelling(struct buf *b, const struct line *l, const struct opt *o, const char *name, const char *joint)
{
	buf_printf(b, "    '%s%s%s[", o->type == OPT_LIST || o->type == OPT_PAIR ? "*" : "", name, o->arg ? joint : "");
	zsh_text(b, o->help);
	buf_putc(b, ']');
	if (o->arg)
		zsh_action(b, l, o);
	buf_puts(b, "' \\\n");
}

static void zsh_option(struct buf *b, const struct line *l, const struct opt *o)
{
	char name[80] = "--";
	strncat(name, o->name, sizeof name - 3);
	zsh_spelling(b, l, o, name, "=");
	if (o->letter)
		zsh_spelling(b, l, o, (char[]){ '-', o->letter, 0 }, "+");
}

static void zsh_line(struct buf *b, const struct line *l)
{
	static const char *const names[] = { "'*:file:_files'", "'1:table:_directories' '*:file:_files'", "'*:folder:_directories'", "", "", "" };
	bool start = !l->c && l->t->commands;
	buf_puts(b, "  _arguments -s \\\n");
	each(b, l, zsh_option);
	if (start && l->t->otherwise)
		each_of(b, l, l->t->otherwise->opts, zsh_option);
	if (start) {
		buf_printf(b, "    '1:command:_%s_commands'\n", l->t->name);
		return;
	}
	if (l->c)
		buf_puts(b, "    '1:command:' ");
	else
		buf_puts(b, "    ");
	if (l->c && operands(l) == OPERANDS_TABLE)
		buf_puts(b, "'2:table:_directories' '*:file:_files'");
	else if (operands(l) == OPERANDS_SOURCE || operands(l) == OPERANDS_VARIABLES)
		buf_printf(b, operands(l) == OPERANDS_SOURCE ? "'*:source:_%s_sources'" : "'*:variable:_%s_variables'", l->t->name);
	else
		buf_puts(b, names[operands(l)]);
	buf_putc(b, '\n');
}

static void zsh_valued(struct buf *b, const struct line *l, const struct opt *o)
{
	(void)l;
	if (o->arg)
		buf_printf(b, " --%s", o->name);
	if (o->arg && o->letter)
		buf_printf(b, " -%c", o->letter);
}

static void zsh_functions(struct buf *b, const struct tool *t)
{
	const char *n = t->name;
	buf_printf(b, "_%s_columns() {\n  local -a c; c=(${(f)\"$(" ASK_COLUMNS("$sm_table") ")\"})\n  compset -P '*,'; compadd -S '' -a c\n}\n", n);
	if (!t->commands)
		return;
	if (t->otherwise) {
		buf_printf(b, "_%s_sources() {\n  local -a c; c=(${(f)\"$(" ASK_SOURCES " | cut -f1)\"}); compadd -a c\n}\n", n);
		buf_printf(b, "_%s_variables() {\n  local -a c; c=(${(f)\"$(" ASK_VARIABLES("$sm_cmd") " | cut -f1)\"}); compadd -S '=' -a c\n}\n", n);
	}
	buf_printf(b, "_%s_commands() {\n  compadd ", n);
	command_names(b, t);
	if (t->otherwise)
		buf_printf(b, "; _%s_sources", n);
	buf_puts(b, "\n}\n");
}

static void zsh_look(struct buf *b, const struct tool *t)
{
	buf_puts(b, "local sm_cmd sm_table w valued=' ");
	each_of(b, NULL, t->opts, zsh_valued);
	for (const struct tool_command *c = t->commands; c && c->name; c++)
		each_of(b, NULL, c->opts, zsh_valued);
	if (t->otherwise)
		each_of(b, NULL, t->otherwise->opts, zsh_valued);
	each_of(b, NULL, opt_common, zsh_valued);
	buf_puts(b, " '\nlocal -i i\nfor ((i = 2; i <= $#words; i++)); do\n  w=$words[i]\n"
		    "  if [[ $w == -* ]]; then [[ $valued == *\" $w \"* ]] && ((i++))\n"
		    "  elif ((i != CURRENT)); then [[ -z $sm_cmd ]] && sm_cmd=$w; [[ -d $w/_delta_log ]] && sm_table=$w\n"
		    "  fi\ndone\n");
}

void optgen_zsh(struct buf *b, const struct tool *t)
{
	buf_printf(b, "#compdef %s\n# generated from the option table\n", t->name);
	zsh_functions(b, t);
	zsh_look(b, t);
	if (!t->commands) {
		zsh_line(b, &(struct line){ t, NULL });
		return;
	}
	buf_puts(b, "case $sm_cmd in\n'')\n");
	zsh_line(b, &(struct line){ t, NULL });
	buf_puts(b, "  ;;\n");
	for (const struct tool_command *c = t->commands; c->name; c++) {
		buf_printf(b, "%s)\n", c->name);
		zsh_line(b, &(struct line){ t, c });
		buf_puts(b, "  ;;\n");
	}
	if (t->otherwise) {
		buf_puts(b, "*)\n");
		zsh_line(b, &(struct line){ t, t->otherwise });
		buf_puts(b, "  ;;\n");
	}
	buf_puts(b, "esac\n");
}

/* --- fish --- */

static void fish_text(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			buf_putc(b, '\\');
		buf_putc(b, *s);
	}
}

/* On which lines: behind the command's name; of what runs otherwise, behind none. */
static void fish_when(struct buf *b, const struct line *l)
{
	if (!l->c)
		return;
	buf_printf(b, " -n '%s__fish_seen_subcommand_from ", l->c == l->t->otherwise ? "not " : "");
	if (l->c == l->t->otherwise)
		command_names(b, l->t);
	else
		buf_puts(b, l->c->name);
	buf_putc(b, '\'');
}

static void fish_option(struct buf *b, const struct line *l, const struct opt *o)
{
	buf_printf(b, "complete -c %s", l->t->name);
	fish_when(b, l);
	buf_printf(b, " -l %s", o->name);
	if (o->letter)
		buf_printf(b, " -s %c", o->letter);
	if (o->type == OPT_ENUM) {
		buf_puts(b, " -x -a '");
		words_of(b, o->arg);
		buf_putc(b, '\'');
	} else if (o->type == OPT_DIR) {
		buf_puts(b, " -x -a '(__fish_complete_directories)'");
	} else if (o->type == OPT_COLUMN) {
		buf_printf(b, " -x -a '(__%s_columns)'", l->t->name);
	} else if (o->type == OPT_SOURCE) {
		buf_puts(b, " -r -a '(" ASK_SOURCES " | cut -f1,3)'");
	} else if (o->arg) {
		buf_puts(b, o->type == OPT_FILE ? " -r" : " -x");
	}
	buf_puts(b, " -d '");
	fish_text(b, o->help);
	buf_puts(b, "'\n");
}

static void fish_operands(struct buf *b, const struct line *l)
{
	static const char *const offers[] = { NULL, "-f -a '(__fish_complete_directories)'", "-f -a '(__fish_complete_directories)'",
					      "-f -a '(" ASK_SOURCES " | cut -f1,3)'", NULL, "-f" };
	if (!offers[operands(l)])
		return;
	buf_printf(b, "complete -c %s", l->t->name);
	fish_when(b, l);
	buf_printf(b, " %s\n", operands(l) == OPERANDS_TABLE && !l->c ? "-a '(__fish_complete_directories)'" : offers[operands(l)]);
}

static void fish_start(struct buf *b, const struct tool *t)
{
	for (const struct tool_command *c = t->commands; c && c->name; c++) {
		buf_printf(b, "complete -c %s -n __fish_use_subcommand -a %s -d '", t->name, c->name);
		fish_text(b, c->summary);
		buf_puts(b, "'\n");
	}
	if (!t->otherwise)
		return;
	buf_printf(b, "complete -c %s -f -n __fish_use_subcommand -a '(" ASK_SOURCES " | cut -f1,3)'\n", t->name);
	buf_printf(b, "complete -c %s -f -n 'not __fish_use_subcommand; and not __fish_seen_subcommand_from ", t->name);
	command_names(b, t);
	buf_printf(b, "' -a '(__%s_variables)'\n", t->name);
}

void optgen_fish(struct buf *b, const struct tool *t)
{
	buf_printf(b, "# fish completion for %s, generated from its option table\n", t->name);
	buf_printf(b, "function __%s_columns\n\tfor w in (commandline -opc)\n\t\ttest -d $w/_delta_log; and " ASK_COLUMNS("$w") "\n\tend\nend\n", t->name);
	if (t->otherwise)
		buf_printf(b, "function __%s_variables\n\tset -l w (commandline -opc)\n\t" ASK_VARIABLES("$w[2]") " | awk -F'\\t' "
			      "'{ print $1 \"=\\t\" $4 }'\nend\n", t->name);
	fish_start(b, t);
	for (const struct tool_command *c = t->commands; c && c->name; c++) {
		each_of(b, &(struct line){ t, c }, c->opts, fish_option);
		fish_operands(b, &(struct line){ t, c });
	}
	if (t->otherwise)
		each_of(b, &(struct line){ t, t->otherwise }, t->otherwise->opts, fish_option);
	each_of(b, &(struct line){ t, NULL }, t->opts, fish_option);
	each_of(b, &(struct line){ t, NULL }, opt_common, fish_option);
	if (!t->commands)
		fish_operands(b, &(struct line){ t, NULL });
}
