/*-------------------------------------------------------------------------
 *
 * procedure.c
 *		What procedures need to know about how they were called.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"

#include "core/compat.h"

/*
 * CALL hs_call_is_atomic(INOUT atomic): true if the CALL cannot end a
 * transaction, because it is inside a transaction block, a function or an
 * exception block.  The argument is ignored.
 */
PG_FUNCTION_INFO_V1(hs_call_is_atomic);
Datum
hs_call_is_atomic(PG_FUNCTION_ARGS)
{
	TupleDesc desc;
	bool isnull = false;
	Datum atomic;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	atomic = BoolGetDatum(fcinfo->context == NULL ||
						  !IsA(fcinfo->context, CallContext) ||
						  castNode(CallContext, fcinfo->context)->atomic);
	PG_RETURN_DATUM(HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(desc), &atomic, &isnull)));
}

/*
 * hs_reraise(sqlstate, message, detail, hint): raise an error that was caught.
 * Strict.  What is no SQLSTATE of an error is raised as P0001.
 */
PG_FUNCTION_INFO_V1(hs_reraise);
Datum
hs_reraise(PG_FUNCTION_ARGS)
{
	char *state = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char *message = text_to_cstring(PG_GETARG_TEXT_PP(1));
	char *detail = text_to_cstring(PG_GETARG_TEXT_PP(2));
	char *hint = text_to_cstring(PG_GETARG_TEXT_PP(3));
	bool valid = strlen(state) == 5 &&
				 strspn(state, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 &&
				 strncmp(state, "03", 2) >= 0;

	ereport(ERROR, (errcode(valid ? MAKE_SQLSTATE(state[0], state[1], state[2],
												  state[3], state[4])
								  : ERRCODE_RAISE_EXCEPTION),
					errmsg_internal("%s", message),
					detail[0] != '\0' ? errdetail_internal("%s", detail) : 0,
					hint[0] != '\0' ? errhint("%s", hint) : 0));
	PG_RETURN_VOID();
}
