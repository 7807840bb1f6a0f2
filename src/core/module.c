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

/*
 * healthscore.data_quality is read by the nightly job, in SQL, where it may be
 * a placeholder that was set before the library was loaded; what computes reads
 * no setting.
 */
static int data_quality = 1;

static const struct config_enum_entry data_quality_options[] = {
	{ "off", 0, false },
	{ "warn", 1, false },
	{ "refuse", 2, false },
	{ NULL, 0, false }
};

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	DefineCustomEnumVariable(
		"healthscore.data_quality",
		"What the nightly job does about data that are not fit to be scored.",
		"\"warn\" reports them, \"refuse\" fails the night, \"off\" does not "
		"look.",
		&data_quality, 1, data_quality_options, PGC_USERSET, 0, NULL, NULL,
		NULL);
	DefineCustomIntVariable(
		"healthscore.max_train_memory",
		"Sets the maximum memory to be used by one training of a model.",
		"A training that needs more is refused before it allocates it.",
		&hs_max_train_memory, 1024 * 1024, 1024, MAX_KILOBYTES, PGC_USERSET,
		GUC_UNIT_KB, NULL, NULL, NULL);
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
