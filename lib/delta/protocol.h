/* SPDX-License-Identifier: MIT */
/* protocol - which tables we may read, and which we may write.
 *
 * Source: Delta PROTOCOL.md, "Protocol Evolution", "Table Features". For reading, minReaderVersion and readerFeatures
 * count and nothing else. A name may end in `-preview`.
 *
 *	read:  versions 1, 2 (column mapping), 3 with columnMapping, deletionVectors, timestampNtz, v2Checkpoint,
 *	       vacuumProtocolCheck, typeWidening
 *	write: version 1, 2 (appendOnly; invariants are refused), 3 to 6 when what they may ask for is not used, 7 with the
 *	       features of which the table uses nothing that we cannot keep
 */
#ifndef SM_DELTA_PROTOCOL_H
#define SM_DELTA_PROTOCOL_H

#include "column/schema.h"
#include "delta/actions.h"

/* ERR_UNSUPPORTED naming the version or the feature. */
int delta_protocol_check_read(const struct delta_protocol *p, struct err *e);
int delta_protocol_check_write(const struct delta_protocol *p, const struct delta_metadata *m, const struct schema *s,
			       struct err *e);
bool delta_protocol_reads(const struct delta_protocol *p, const char *feature);  /* in force for readers (-preview counts) */
bool delta_protocol_writes(const struct delta_protocol *p, const char *feature); /* in force for writers */
/* The protocol that a new table with schema S needs: 1/2, or 3/7 with timestampNtz. Lists live in A. */
void delta_protocol_for(struct delta_protocol *p, const struct schema *s, struct arena *a);
bool delta_append_only(const struct delta_metadata *m);

#endif
