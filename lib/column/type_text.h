/* SPDX-License-Identifier: MIT */
/* type_text - what the readers of the two spellings of a type share. */
#ifndef SM_COLUMN_TYPE_TEXT_H
#define SM_COLUMN_TYPE_TEXT_H

#include "column/schema.h"

#define TYPE_MAX_DEPTH 32   /* structs, lists and maps within each other */

/* A name of a kind without children, Delta's or SQL's; letters are compared without case. */
bool type_kind_by_name(enum type_kind *k, const char *s, size_t n);
const char *type_kind_name(enum type_kind k);   /* Delta's name; "struct", "array", "map", "decimal" */
/* A type without children by its name, Delta's or SQL's. ERR_UNSUPPORTED names one that is unknown. */
int type_primitive(struct type *t, const char *s, size_t n, struct err *e);
/* NAME in backquotes, those in it doubled. */
void type_put_quoted(struct buf *b, const char *name, size_t n);
/* Make the children of a list (SECOND NULL) or a map in A: names, nullable; their types are left to fill. */
void type_set_children(struct type *t, struct arena *a, const char *first, const char *second);

#endif
