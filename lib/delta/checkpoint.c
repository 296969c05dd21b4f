/* SPDX-License-Identifier: MIT */
#include "delta/checkpoint.h"

int delta_checkpoint_read(struct store *s, const struct delta_log_checkpoint *c, unsigned flags, delta_action_fn *fn,
			  void *arg, struct err *e)
{
	(void)flags; (void)fn; (void)arg;
	return err_set(e, ERR_UNSUPPORTED, "%s: checkpoint %s cannot be read", store_root(s), c->names[0]);
}

int delta_checkpoint_write(const struct delta_snapshot *sn, int64_t now_ms, struct err *e)
{
	(void)now_ms;
	return err_set(e, ERR_UNSUPPORTED, "%s: checkpoints cannot be written", store_root(sn->store));
}

bool delta_checkpoint_due(const struct delta_snapshot *sn, int64_t version)
{
	(void)sn; (void)version;
	return false;
}
