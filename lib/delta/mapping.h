/* SPDX-License-Identifier: MIT */
/* mapping - column mapping: the names that a table's files use. Private to lib/delta.
 * Source: Delta PROTOCOL.md, "Column Mapping". */
#ifndef SM_DELTA_MAPPING_H
#define SM_DELTA_MAPPING_H

#include "delta/snapshot.h"

/* Fill sn->physical and sn->by_id from sn->schema and the table's properties. */
int mapping_physical(struct delta_snapshot *sn, struct err *e);

#endif
