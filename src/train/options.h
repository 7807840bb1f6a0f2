/*-------------------------------------------------------------------------
 *
 * options.h
 *		Parameters of a training, from jsonb.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_OPTIONS_H
#define HEALTHSCORE_OPTIONS_H

#include "train/train.h"

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

typedef struct HsTrainOptions
{
	bool trees;
	HsBoostParams boost;
	HsLogisticParams logistic;
	HsSplitParams split;
	char *objective;
	char *penalty;
	double seed;
	double base_score; /* as given; NaN: the base rate */
	bool base_given;
	bool fraction_given;
	bool refit;
	int n_features; /* names given for features; 0: none given */
	char **features;
	int n_monotone;		  /* 0: none given */
	char **monotone_name; /* NULL: in the order of features */
	int *monotone_sign;
} HsTrainOptions;

extern void hs_train_options(HsTrainOptions *options, const char *algorithm,
							 Jsonb *params);
extern void hs_train_monotone(HsTrainOptions *options, const HsTrainRows *rows);
extern void hs_train_describe_options(const HsTrainOptions *options,
									  StringInfo json);
extern void hs_train_json_number(StringInfo json, double value);

#endif /* HEALTHSCORE_OPTIONS_H */
