/* SPDX-License-Identifier: MIT */
/* parts - what the two drivers of lib/intake share. Private to lib/intake. */
#ifndef SM_INTAKE_PARTS_H
#define SM_INTAKE_PARTS_H

#include "intake/intake.h"
#include "io/output.h"
#include "resume/resume.h"
#include "stream/reject.h"

/* The mark of a run that failed before it could print any; RS may be NULL. */
void intake_failed(const struct intake_opts *in, struct output *out, struct resume *rs);

#endif
