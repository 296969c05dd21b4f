/* SPDX-License-Identifier: MIT */
/* Reads the command line, the environment and the settings file into the targets of an option table. */
#include "cli/opt.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/num.h"
#include "base/when.h"
#include "cli/diag.h"
#include "cli/optgen.h"
#include "cli/report.h"
#include "json/number.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool flag_help, flag_version, flag_quiet;
static const char *errors_format;

const struct opt opt_common[] = {
	{ 'q', "quiet", OPT_FLAG, &flag_quiet, NULL, "suppress warnings and notes", NULL },
	{ 0, "errors", OPT_ENUM, &errors_format, "text|json", "format of errors", NULL },
	{ 0, "metrics", OPT_FILE, &report_options.metrics, "DIR|FILE", "keep metrics for Prometheus there (docs/metrics.md)", NULL },
	{ 0, "metrics-name", OPT_STR, &report_options.name, "NAME", "their name (default: the stream's id)", NULL },
	{ 0, "stats", OPT_STR, &report_options.stats, "fd:N|FILE", "write a line of statistics at the end and on SIGUSR1", NULL },
	{ 0, "stats-every", OPT_DURATION, &report_options.stats_every, "DURATION", "with --stats: also at this interval",
	  &report_options.stats_every_given },
	{ 'h', "help", OPT_FLAG, &flag_help, NULL, "print this help and exit", NULL },
	{ 'V', "version", OPT_FLAG, &flag_version, NULL, "print the version and exit", NULL },
	{ 0 },
};

/* What is being parsed; tools are programs with one command line, so one is enough. */
static const struct tool *tool;
static const struct tool_command *command;

static bool named_command(void)
{
	return command && command != tool->otherwise;
}

_Noreturn void opt_usage(const char *fmt, ...)
{
	struct err e;
	va_list ap;
	va_start(ap, fmt);
	err_setv(&e, ERR_USAGE, fmt, ap);
	va_end(ap);
	diag_error(&e);
	if (!diag_json())
		fprintf(stderr, "Try '%s%s%s --help'.\n", tool->name, named_command() ? " " : "", named_command() ? command->name : "");
	exit(2);
}

/* FROM is where the value came from: "--rate", "SM_RATE_BURST", "file:line". */
static _Noreturn void bad_value(const char *from, const char *wanted, const char *v)
{
	opt_usage("%s: '%s' is not %s", from, v, wanted);
}

void opt_operands(int n, char *const *v, int least, int most, const char *name)
{
	if (n < least)
		opt_usage("missing operand: %s", name);
	if (n > most)
		opt_usage("extra operand '%s'", v[most]);
}

static bool in_enum(const char *list, const char *v)
{
	size_t n = strlen(v);
	for (const char *p = list; n && p; p = strchr(p, '|'), p += p != NULL)
		if (strncmp(p, v, n) == 0 && (p[n] == '|' || !p[n]))
			return true;
	return false;
}

/* Times wait until all options are read: --zone may come behind them, and now is the same for all. */
const char *opt_zone = "UTC";
static struct waiting {
	int64_t *us;
	char *from;
	const char *text;
} *waiting;
static size_t nwaiting, waiting_cap;

static void wait_for_zone(int64_t *us, const char *from, const char *v)
{
	MEM_GROW(waiting, waiting_cap, nwaiting + 1);
	waiting[nwaiting++] = (struct waiting){ us, mem_strdup(from), v };
}

static void set_times(void)
{
	struct when_zone *z = NULL;
	struct err e;
	int64_t now = clock_now_us();
	int rc = when_zone_new(&z, opt_zone, WHEN_ZONES, &e);
	if (rc == ERR_USAGE)
		opt_usage("--zone: %s", e.msg);
	if (rc < 0)
		exit(diag_fail(&e));
	for (size_t i = 0; i < nwaiting; i++)
		if (!when_parse(waiting[i].us, waiting[i].text, strlen(waiting[i].text), z, now))
			bad_value(waiting[i].from, WHEN_FORMS, waiting[i].text);
	when_zone_free(z);
}

const char *opt_relative(const int64_t *us)
{
	for (size_t i = nwaiting; i-- > 0;)
		if (waiting[i].us == us)
			return when_relative(waiting[i].text, strlen(waiting[i].text)) ? waiting[i].text : NULL;
	return NULL;
}

static void set_value(const struct opt *o, const char *from, const char *v)
{
	size_t n = strlen(v);
	struct near near;
	switch (o->type) {
	case OPT_FLAG: *(bool *)o->value = true; break;
	case OPT_STR:
	case OPT_FILE:
	case OPT_COLUMN:
	case OPT_SOURCE:
	case OPT_DIR: *(const char **)o->value = v; break;
	case OPT_U64:
		if (!num_u64(v, n, o->value))
			bad_value(from, "a whole number", v);
		break;
	case OPT_I64:
		if (!num_i64(v, n, o->value))
			bad_value(from, "an integer", v);
		break;
	case OPT_DOUBLE:
		if (!json_parse_double(v, n, o->value))
			bad_value(from, "a number", v);
		break;
	case OPT_SIZE:
		if (!num_size(v, n, o->value))
			bad_value(from, "a size such as 64KiB or 128MiB", v);
		break;
	case OPT_DURATION:
		if (!duration_parse(v, n, o->value))
			bad_value(from, "a duration such as 250ms, 10s or 1h30m", v);
		break;
	case OPT_TIME: wait_for_zone(o->value, from, v); break;
	case OPT_RATE: {
		struct opt_rate *r = o->value;
		if (!num_rate(v, n, &r->count, &r->per_ns))
			bad_value(from, "a rate such as 50/s or 300/15m", v);
		break;
	}
	case OPT_ENUM:
		if (!in_enum(o->arg, v))
			opt_usage("%s: '%s' is not one of %s%s", from, v, o->arg, near_of(&near, v, n, o->arg));
		*(const char **)o->value = v;
		break;
	case OPT_LIST:
	case OPT_PAIR: {
		struct opt_list *l = o->value;
		MEM_GROW(l->v, l->cap, l->n + 1);
		l->v[l->n++] = v;
		break;
	}
	}
	if (o->given)
		*o->given = true;
}

static const struct opt *find_in(const struct opt *o, char letter, const char *name, size_t n)
{
	for (; o && o->name; o++)
		if (name ? strlen(o->name) == n && memcmp(o->name, name, n) == 0 : o->letter == letter)
			return o;
	return NULL;
}

/* The tables in force: the command's, the tool's, everybody's. */
static const struct opt *find(char letter, const char *name, size_t n)
{
	const struct opt *o = command ? find_in(command->opts, letter, name, n) : NULL;
	o = o ? o : find_in(tool->opts, letter, name, n);
	return o ? o : find_in(opt_common, letter, name, n);
}

/* The Ith command, the one without a name behind the others; NULL: there are no more. */
static const struct tool_command *nth_command(size_t i)
{
	size_t n = 0;
	while (tool->commands && tool->commands[n].name)
		n++;
	return i < n ? &tool->commands[i] : i == n ? tool->otherwise : NULL;
}

/* An option of any command. */
static const struct opt *find_anywhere(char letter, const char *name, size_t n)
{
	const struct tool_command *c;
	const struct opt *o = NULL;
	for (size_t i = 0; !o && (c = nth_command(i)) != NULL; i++)
		o = find_in(c->opts, letter, name, n);
	return o;
}

/* What a name that no option has was meant to be; an option of a command counts before the command is known, too. */
static const char *near_option(struct near *near, const char *name, size_t n, const char *before)
{
	const struct opt *tables[] = { command ? command->opts : NULL, tool->opts, opt_common };
	const struct tool_command *c;
	*near = near_to(name, n);
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		for (const struct opt *o = tables[i]; o && o->name; o++)
			if (o->help)
				near_name(near, o->name, strlen(o->name));
	for (size_t i = 0; !command && (c = nth_command(i)) != NULL; i++)
		for (const struct opt *o = c->opts; o && o->name; o++)
			if (o->help)
				near_name(near, o->name, strlen(o->name));
	return near_hint(near, before, "");
}

/* O belongs to other commands than the one that was given. */
static _Noreturn void other_command(const struct opt *o)
{
	struct buf b = BUF_INIT;
	const struct tool_command *c;
	for (size_t i = 0; (c = nth_command(i)) != NULL; i++)
		if (find_in(c->opts, 0, o->name, strlen(o->name)))
			buf_printf(&b, "%s%s %s", b.n ? ", " : "", tool->name, c->name);
	opt_usage("--%s is only for %s", o->name, buf_cstr(&b));
}

static _Noreturn void unknown_option(const char *name, size_t n)
{
	const struct opt *o = find_anywhere(0, name, n);
	struct near near;
	if (o)
		other_command(o);
	opt_usage("unknown option '--%.*s'%s", (int)n, name, near_option(&near, name, n, "--"));
}

/* Options of a command that were read before its name; what they mean is its to say. */
static struct early {
	const struct opt *o;     /* of some command */
	char *from;
	const char *v;
	bool setting;            /* of the settings file, where every command's may stand */
} *early;
static size_t nearly, early_cap;

static bool is_early(const struct opt *o)
{
	return !command && tool->commands && !find_in(tool->opts, 0, o->name, strlen(o->name)) &&
	       !find_in(opt_common, 0, o->name, strlen(o->name));
}

static void give(const struct opt *o, const char *from, const char *v, bool setting)
{
	if (!is_early(o)) {
		set_value(o, from, v);
		return;
	}
	MEM_GROW(early, early_cap, nearly + 1);
	early[nearly++] = (struct early){ o, mem_strdup(from), v, setting };
}

static void give_early(bool setting)
{
	for (size_t i = 0; i < nearly; i++) {
		const struct opt *o = find(0, early[i].o->name, strlen(early[i].o->name));
		if (early[i].setting != setting)
			continue;
		if (o)
			set_value(o, early[i].from, early[i].v);
		else if (!setting)
			other_command(early[i].o);
	}
}

static _Noreturn void print_and_exit(struct buf *b)
{
	struct output out;
	output_init(&out, STDOUT_FILENO, "standard output");
	output_put(&out, b->p, b->n);
	exit(diag_finish(&out, 0));
}

static void generate(const char *what)
{
	static const struct {
		const char *name;
		void (*fn)(struct buf *, const struct tool *);
	} kinds[] = { { "man", optgen_man }, { "bash", optgen_bash }, { "zsh", optgen_zsh }, { "fish", optgen_fish },
		    { "options", optgen_options } };
	struct buf b = BUF_INIT;
	if (strcmp(what, "metrics") == 0) {
		metrics_put_list(tool->name, &b);
		print_and_exit(&b);
	}
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].name, what) == 0) {
			kinds[i].fn(&b, tool);
			print_and_exit(&b);
		}
	opt_usage("--generate: '%s' is not one of man|bash|zsh|fish|metrics", what);
}

/* --help and --version are answered where they stand. */
static void answer_at_once(void)
{
	struct buf b = BUF_INIT;
	if (flag_help)
		optgen_help(&b, tool, command);
	else if (flag_version)
		buf_printf(&b, "%s %s\n", tool->name, SM_VERSION);
	else
		return;
	print_and_exit(&b);
}

static const char *join_pair(const char *name, const char *value)
{
	struct buf b = BUF_INIT;
	buf_printf(&b, "%s=%s", name, value);
	return buf_detach(&b, NULL);
}

static const struct opt *known_option(const char *name, size_t n)
{
	const struct opt *o = find(0, name, n);
	if (!o && !command)
		o = find_anywhere(0, name, n);
	if (!o)
		unknown_option(name, n);
	return o;
}

static void parse_long(char **argv, int argc, int *i)
{
	char *a = argv[*i] + 2, from[80];
	char *eq = strchr(a, '=');
	size_t n = eq ? (size_t)(eq - a) : strlen(a);
	if (n == 8 && memcmp(a, "generate", 8) == 0 && eq)
		generate(eq + 1);
	const struct opt *o = known_option(a, n);
	if (!o->arg && eq)
		opt_usage("--%s does not take an argument", o->name);
	if (o->arg && !eq && *i + 1 >= argc)
		opt_usage("--%s requires an argument: %s", o->name, o->arg);
	const char *v = !o->arg ? "" : eq ? eq + 1 : argv[++*i];
	snprintf(from, sizeof from, "--%s", o->name);
	if (o->type == OPT_PAIR && !strchr(v, '=')) {
		if (*i + 1 >= argc)
			opt_usage("%s %s requires a value", from, v);
		v = join_pair(v, argv[++*i]);
	}
	give(o, from, v, false);
}

static void parse_short(char **argv, int argc, int *i)
{
	for (char *p = argv[*i] + 1; *p; p++) {
		char from[3] = { '-', *p, 0 };
		const struct opt *o = find(*p, NULL, 0);
		if (!o && (o = find_anywhere(*p, NULL, 0)) != NULL && command)
			other_command(o);
		if (!o)
			opt_usage(isalnum((unsigned char)*p) ? "unknown option '-%c'" : "unknown option '-%c': what begins with - goes after --", *p);
		if (!o->arg) {
			give(o, from, "", false);
			continue;
		}
		if (!p[1] && *i + 1 >= argc)
			opt_usage("-%c requires an argument: %s", *p, o->arg);
		give(o, from, p[1] ? p + 1 : argv[++*i], false);
		return;
	}
}

static bool truthy(const char *from, const char *v)
{
	if (!strcmp(v, "1") || !strcmp(v, "true") || !strcmp(v, "yes"))
		return true;
	if (strcmp(v, "0") && strcmp(v, "false") && strcmp(v, "no") && *v)
		bad_value(from, "true or false", v);
	return false;
}

static void set_from_outside(const struct opt *o, const char *from, const char *v)
{
	if (o->type != OPT_FLAG)
		give(o, from, v, true);
	else if (truthy(from, v))
		give(o, from, "", true);
}

static void read_environment(const struct opt *o)
{
	for (; o && o->name; o++) {
		char name[80];
		int n = snprintf(name, sizeof name, "SM_%s_%s", tool->name + 2, o->name);
		for (int i = 0; i < n && name[i]; i++)
			name[i] = name[i] == '-' ? '_' : (char)toupper((unsigned char)name[i]);
		const char *v = getenv(name);
		if (v)
			set_from_outside(o, name, v);
	}
}

/* The name of an option as a part of a variable's name, and the other way round. */
static bool same_variable(const char *var, size_t n, const char *name)
{
	size_t i = 0;
	while (i < n && name[i] && var[i] == (name[i] == '-' ? '_' : (char)toupper((unsigned char)name[i])))
		i++;
	return i == n && !name[i];
}

static bool is_variable(const struct opt *o, const char *var, size_t n)
{
	for (; o && o->name; o++)
		if (same_variable(var, n, o->name))
			return true;
	return false;
}

/* A variable that is meant for this tool and sets nothing: VAR[0..N) is what stands behind SM_RATE_. */
static void check_variable(const char *prefix, const char *var, size_t n)
{
	char name[NEAR_MOST], meant[80];
	struct near near;
	struct err e;
	const struct tool_command *c;
	bool known = is_variable(tool->opts, var, n) || is_variable(opt_common, var, n);
	for (size_t i = 0; !known && (c = nth_command(i)) != NULL; i++)
		known = is_variable(c->opts, var, n);
	if (known || !n || n > sizeof name)
		return;
	for (size_t i = 0; i < n; i++)
		name[i] = var[i] == '_' ? '-' : (char)tolower((unsigned char)var[i]);
	near_option(&near, name, n, "");
	*meant = '\0';
	if (near.found == 1)
		snprintf(meant, sizeof meant, ", did you mean '%s%.*s'?", prefix, (int)near.nname[0], near.name[0]);
	for (char *p = meant + (*meant ? strlen(", did you mean ") : 0); *p && *p != '?'; p++)
		*p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
	err_set(&e, ERR_USAGE, "%s%.*s is set, but %s has no such option%s", prefix, (int)n, var, tool->name, meant);
	diag_warn(&e);
}

static void check_environment(void)
{
	char prefix[40];
	int n = snprintf(prefix, sizeof prefix, "SM_%s_", tool->name + 2);
	for (int i = 0; i < n; i++)
		prefix[i] = (char)toupper((unsigned char)prefix[i]);
	for (char **v = environ; v && *v; v++)
		if (strncmp(*v, prefix, (size_t)n) == 0)
			check_variable(prefix, *v + n, strcspn(*v + n, "="));
}

static char *trim(char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	size_t n = strlen(s);
	while (n && strchr(" \t\r\n", s[n - 1]))
		s[--n] = '\0';
	return s;
}

static void config_line(const char *path, unsigned long line, char *text)
{
	char from[560], *s = trim(text), *eq;
	struct near near;
	if (!*s || *s == '#')
		return;
	snprintf(from, sizeof from, "%s:%lu", path, line);
	if (!(eq = strchr(s, '=')))
		opt_usage("%s: a line must read `name = value`", from);
	*eq = '\0';
	char *name = trim(s);
	const struct opt *o = find(0, name, strlen(name));
	if (!o)
		o = find_anywhere(0, name, strlen(name));
	if (!o || o->value == &flag_help || o->value == &flag_version)
		opt_usage("%s: unknown option '%s'%s", from, name, near_option(&near, name, strlen(name), ""));
	set_from_outside(o, from, mem_strdup(trim(eq + 1)));
}

/* Settings that were meant to hold and cannot be read are no reason to do without them. */
static _Noreturn void config_failed(const char *path, int errnum)
{
	struct err e;
	err_sys(&e, errnum, "cannot read the settings");
	err_at(&e, path, 0, 0);
	exit(diag_fail(&e));
}

static void read_config(void)
{
	char path[512], *text = NULL;
	size_t cap = 0;
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int n = xdg && *xdg ? snprintf(path, sizeof path, "%s/smtools/%s.conf", xdg, tool->name)
			    : snprintf(path, sizeof path, "%s/.config/smtools/%s.conf", home ? home : "", tool->name);
	FILE *f = n < (int)sizeof path ? fopen(path, "re") : NULL;
	/* ENOTDIR: users of services have /dev/null for a home. */
	if (!f && n < (int)sizeof path && (errno == ENOENT || errno == ENOTDIR))
		return;
	if (!f)
		config_failed(path, n < (int)sizeof path ? errno : ENAMETOOLONG);
	errno = 0;
	for (unsigned long line = 1; getline(&text, &cap, f) > 0; line++, errno = 0)
		config_line(path, line, text);
	if (ferror(f))
		config_failed(path, errno);
	free(text);
	fclose(f);
}

/* The tool's way to go on is known: its settings, then the environment, then what stood in front of it. */
static void take_command(const struct tool_command *c)
{
	command = c;
	give_early(true);
	read_environment(c->opts);
	give_early(false);
}

/* Is NAME a command, and no operand of the one that runs otherwise? */
static bool find_command(const char *name)
{
	for (const struct tool_command *c = tool->commands; c->name; c++)
		if (strcmp(c->name, name) == 0) {
			take_command(c);
			return true;
		}
	if (tool->otherwise) {
		take_command(tool->otherwise);
		return false;
	}
	struct near near = near_to(name, strlen(name));
	for (const struct tool_command *c = tool->commands; c->name; c++)
		near_name(&near, c->name, strlen(c->name));
	opt_usage("unknown command '%s'%s", name, near_hint(&near, "", ""));
}

/* Parse options up to the end, or up to the command's name; operands move to argv[1..]. */
static int parse(int argc, char **argv)
{
	int operands = 0;
	bool only_operands = false;
	for (int i = 1; i < argc; i++) {
		char *a = argv[i];
		if (only_operands || a[0] != '-' || !a[1]) {
			if (tool->commands && !command && find_command(a))
				continue;
			argv[++operands] = a;
			continue;
		}
		if (strcmp(a, "--") == 0)
			only_operands = true;
		else if (a[1] == '-')
			parse_long(argv, argc, &i);
		else
			parse_short(argv, argc, &i);
		answer_at_once();
	}
	argv[operands + 1] = NULL;
	if (!command && tool->otherwise)
		take_command(tool->otherwise);
	return operands;
}

static bool wants_json(void)
{
	return errors_format && strcmp(errors_format, "json") == 0;
}

/* --errors counts for a mistake in front of it too, so it is looked for first; what it really is, parse says. */
static void look_ahead(int argc, char **argv)
{
	const char *name = "--errors", *found = NULL;
	size_t n = strlen(name);
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strncmp(argv[i], name, n) == 0 && (argv[i][n] == '=' || !argv[i][n]))
			found = argv[i][n] ? argv[i] + n + 1 : argv[i + 1];
	diag_set_json(found ? strcmp(found, "json") == 0 : wants_json());
}

int opt_parse(const struct tool *t, int argc, char **argv)
{
	tool = t;
	command = NULL;
	diag_init(t->name);
	look_ahead(argc, argv);
	read_config();
	read_environment(t->opts);
	read_environment(opt_common);
	look_ahead(argc, argv);
	int operands = argc ? parse(argc, argv) : 0;
	set_times();
	diag_set_quiet(flag_quiet);
	diag_set_json(wants_json());
	check_environment();
	report_start(t->name);
	return operands;
}

int opt_run(const struct tool *t, int argc, char **argv)
{
	int operands = opt_parse(t, argc, argv);
	if (!command)
		opt_usage("missing operand: COMMAND");
	return command->run(operands, argv + 1);
}
