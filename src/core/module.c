/*-------------------------------------------------------------------------
 *
 * module.c
 *		Module magic and the version of the library.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "core/compat.h"

/* 18: the magic block can carry a name and a version */
#ifdef PG_MODULE_MAGIC_EXT
PG_MODULE_MAGIC_EXT(.name = "healthscore", .version = HS_VERSION);
#else
PG_MODULE_MAGIC;
#endif

/*
 * Returns the version of the loaded library.
 */
PG_FUNCTION_INFO_V1(hs_version);
Datum
hs_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(HS_VERSION));
}
