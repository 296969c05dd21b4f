/* SPDX-License-Identifier: MIT */
/* opt - one option table a tool: parsing, --help, man page and completions come from it.
 *
 * Precedence: command line, then environment SM_<TOOL>_<OPTION> without the tool's "sm"
 * (SM_RATE_BURST), then `name = value` lines of $XDG_CONFIG_HOME/smtools/<tool>.conf, then built in.
 * Long names are exact, no abbreviations; `--` ends options; `-` is an operand.
 * Every tool has --help, --version, --quiet, --errors=text|json, those of cli/report.h, and, hidden,
 * --generate=man|bash|zsh|fish|metrics.
 * A usage error prints two lines on standard error and exits with 2.
 */
#ifndef SM_CLI_OPT_H
#define SM_CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opt_type {
	OPT_FLAG,      /* bool */
	OPT_STR,       /* const char * */
	OPT_FILE,      /* const char *, completes file names */
	OPT_DIR,       /* const char *, completes folder names */
	OPT_U64,       /* uint64_t */
	OPT_I64,       /* int64_t */
	OPT_DOUBLE,    /* double */
	OPT_SIZE,      /* uint64_t bytes: 128MiB */
	OPT_DURATION,  /* int64_t nanoseconds: 10s */
	OPT_TIME,      /* int64_t microseconds: base/when.h, in --zone; the table has OPT_ZONE then. Set when all is parsed */
	OPT_RATE,      /* struct opt_rate: 50/s, 300/15m */
	OPT_ENUM,      /* const char *, one of arg's a|b|c */
	OPT_LIST,      /* struct opt_list: may be given several times */
	OPT_COLUMN,    /* const char *, completes columns of the table that is the operand; also SQL and lists of them */
	OPT_SOURCE,    /* const char *, completes names of source definitions */
	OPT_PAIR       /* struct opt_list of NAME=VALUE; on the command line NAME VALUE, two words, is the same */
};

struct opt_rate {
	double count;
	int64_t per_ns;
};

struct opt_list {
	const char **v;
	size_t n, cap;
};

struct opt {
	char letter;              /* 0: no short form */
	const char *name;         /* long name without dashes; NULL ends the table */
	enum opt_type type;
	void *value;              /* where the value goes, of the type's C type */
	const char *arg;          /* placeholder; for OPT_ENUM "a|b|c"; NULL for a flag */
	const char *help;         /* a sentence, no final stop; NULL: an old name, accepted but not shown */
	bool *given;              /* set to true when the option was given; may be NULL */
};

extern const char *opt_zone;
#define OPT_ZONE { 0, "zone", OPT_STR, &opt_zone, "ZONE", \
	"the time zone of times without one, and of today and yesterday: Europe/Berlin, +01:00 (default UTC)", NULL }

/* What completion offers for operands. A TABLE is the first one, and files come behind it. */
enum opt_operands { OPERANDS_FILES, OPERANDS_TABLE, OPERANDS_DIRS, OPERANDS_SOURCE, OPERANDS_VARIABLES, OPERANDS_NONE };

struct tool_command {         /* a sub-command: smcheckpoint save, smtable history */
	const char *name, *synopsis, *summary;
	const struct opt *opts;   /* its own options; may be NULL */
	int (*run)(int argc, char **argv); /* operands only; returns an exit status */
	enum opt_operands operands;
};

struct tool {
	const char *name;         /* "smrate" */
	const char *summary;      /* "shape a stream of records": the NAME line */
	const char *synopsis;     /* "[OPTION]… [FILE]…" */
	const char *description;  /* paragraphs, separated by blank lines */
	const struct opt *opts;
	const char *const *exits; /* "0", "meaning", …, NULL */
	const char *const *examples; /* "command", "what it does", …, NULL */
	const char *const *see_also; /* "smcommit(1)", …, NULL; may be NULL */
	const struct tool_command *commands; /* ends with a NULL name; may be NULL */
	const struct tool_command *otherwise; /* what runs where the first operand names no command; NULL: that is an error */
	enum opt_operands operands;
};

/* Parse argv; answers --help, --version and --generate itself and exits. Options and operands may be mixed.
 * Returns the number of operands, moved to argv[1..]; does not return after a usage error. */
int opt_parse(const struct tool *t, int argc, char **argv);
/* The same for a tool with commands: parses (its own options, then the command's), runs the command
 * with its operands in argv[0..argc) and returns its exit status. A command's options may stand in front of its name, too. */
int opt_run(const struct tool *t, int argc, char **argv);
/* The text that was given for the OPT_TIME whose value is at US, where it is relative to now; NULL: it is not, or there is none. */
const char *opt_relative(const int64_t *us);
/* A usage error found later by the tool: prints, exits with 2. */
_Noreturn void opt_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A usage error unless there are LEAST to MOST operands V[0..n); NAME is what the message calls a missing one. */
void opt_operands(int n, char *const *v, int least, int most, const char *name);

#endif
