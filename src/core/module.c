/*-------------------------------------------------------------------------
 *
 * module.c
 *		Module magic, the version of the library, its settings.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "core/compat.h"
#include "train/train.h"

/* 18: the magic block can carry a name and a version */
#ifdef PG_MODULE_MAGIC_EXT
PG_MODULE_MAGIC_EXT(.name = "healthscore", .version = HS_VERSION);
#else
PG_MODULE_MAGIC;
#endif

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	DefineCustomIntVariable(
		"healthscore.max_train_memory",
		"Sets the maximum memory to be used by one training of a model.",
		"A training that needs more is refused before it allocates it.",
		&hs_max_train_memory, 1024 * 1024, 1024, MAX_KILOBYTES, PGC_USERSET,
		GUC_UNIT_KB, NULL, NULL, NULL);
	MarkGUCPrefixReserved("healthscore");
}

/*
 * Returns the version of the loaded library.
 */
PG_FUNCTION_INFO_V1(hs_version);
Datum
hs_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(HS_VERSION));
}
