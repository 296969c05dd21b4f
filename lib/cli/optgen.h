/* SPDX-License-Identifier: MIT */
/* optgen - what is generated from an option table: help, man page, completions. Private to lib/cli. */
#ifndef SM_CLI_OPTGEN_H
#define SM_CLI_OPTGEN_H

#include "base/buf.h"
#include "cli/opt.h"

extern const struct opt opt_common[];   /* the options that every tool has; ends with a NULL name */

/* C NULL: the tool itself, else one of its commands. */
void optgen_help(struct buf *b, const struct tool *t, const struct tool_command *c);
void optgen_options(struct buf *b, const struct tool *t);
void optgen_man(struct buf *b, const struct tool *t);
void optgen_bash(struct buf *b, const struct tool *t);
void optgen_zsh(struct buf *b, const struct tool *t);
void optgen_fish(struct buf *b, const struct tool *t);

#endif
