/*-------------------------------------------------------------------------
 *
 * features.h
 *		Features of one account, from an array or from a row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_FEATURES_H
#define HEALTHSCORE_FEATURES_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "fmgr.h"

#include "model/model.h"

/* What a call site of a function of a model and features keeps. */
typedef struct HsFeatureSite
{
	HsModelCache models;
	HsModel head; /* of the model that all else is for */
	bool known;	  /* is there one? */
	MemoryContext context;
	double *values; /* NaN is not known */
	void *scratch;	/* hs_walk_size() */

	/* rows: of which type, and where its features are */
	Oid type;
	int32 typmod;
	bool missing_ok;
	bool mapped;
	TupleDesc desc;
	int *column; /* of each feature, or -1 */
	Oid *types;	 /* of the columns, under any domain */
	Datum *datums;
	bool *nulls;

	void *extra; /* of the function; reset with the model */
	MemoryContext extra_context;
} HsFeatureSite;

/* A margin that is a number, or 22003. */
extern double hs_finite_margin(double margin);

extern HsFeatureSite *hs_feature_site(FunctionCallInfo fcinfo);

/* The model of argument 0 and the features of argument 1 in site->values. */
extern const HsModel *hs_features_array(FunctionCallInfo fcinfo,
										HsModelPart part, HsFeatureSite *site);
extern const HsModel *hs_features_record(FunctionCallInfo fcinfo,
										 HsModelPart part, bool missing_ok,
										 HsFeatureSite *site);

#endif /* HEALTHSCORE_FEATURES_H */
