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
	int *column; /* of each feature, or -1; of names: which element */
	Oid *types;	 /* of the columns, under any domain */
	Datum *datums;
	bool *nulls;
	struct varlena *names; /* those that column is of */

	void *extra; /* of the function; reset with the model */
	MemoryContext extra_context;
} HsFeatureSite;

/* A margin that is a number, or 22003. */
extern double hs_finite_margin(double margin);

extern HsFeatureSite *hs_feature_site(FunctionCallInfo fcinfo);

/* What argument 1 gives the features as. */
typedef enum HsFeatureInput
{
	HS_FEATURES_ARRAY,	/* in the order of the model */
	HS_FEATURES_RECORD, /* by the names of columns */
	HS_FEATURES_JSONB,	/* by the keys of an object */
	HS_FEATURES_NAMES	/* by an array of names, argument 2 has the values */
} HsFeatureInput;

/*
 * The model of argument 0 and its features in site->values.  missing_ok is the
 * number of the argument that says if a feature of a record or object may be
 * missing.
 */
extern const HsModel *hs_features(FunctionCallInfo fcinfo, HsFeatureInput input,
								  HsModelPart part, int missing_ok,
								  HsFeatureSite *site);

#endif /* HEALTHSCORE_FEATURES_H */
