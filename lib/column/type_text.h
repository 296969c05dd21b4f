/* SPDX-License-Identifier: MIT */
/* type_text - what the readers of the two spellings of a type share. */
#ifndef SM_COLUMN_TYPE_TEXT_H
#define SM_COLUMN_TYPE_TEXT_H

#include "column/schema.h"

#define TYPE_MAX_DEPTH 32   /* structs, lists and maps within each other */

const char *type_kind_name(enum type_kind k);   /* Delta's name; "struct", "array", "map", "decimal" */
/* A type without children by its name, Delta's or SQL's. ERR_UNSUPPORTED names one that is unknown. */
int type_primitive(struct type *t, const char *s, size_t n, struct err *e);
/* Make the children of a list (SECOND NULL) or a map in A: names, nullable; their types are left to fill. */
void type_set_children(struct type *t, struct arena *a, const char *first, const char *second);

#endif
