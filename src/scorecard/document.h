/*-------------------------------------------------------------------------
 *
 * document.h
 *		What a scorecard document says, checked, before it is packed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_DOCUMENT_H
#define HEALTHSCORE_DOCUMENT_H

#include "postgres.h"

#include "scorecard/json.h"
#include "scorecard/plan.h"
#include "scorecard/score.h"

typedef struct HsSignalDoc
{
	char *name;
	bool unknown;
} HsSignalDoc;

typedef struct HsMeasureDoc
{
	HsMeasureDef def;
	int n_params;
	double params[HS_MEASURE_PARAMS];
	char *name;
	char *title;
	char *unit;
	double weight;
	int group;
	HsNormKind norm;
	HsClamp clamp;
	HsMissing missing;
	int n_numbers;
	double *numbers;
} HsMeasureDoc;

typedef struct HsGroupDoc
{
	char *name;
	double weight;
	int parent;
	HsCombine combine;
} HsGroupDoc;

typedef struct HsBandDoc
{
	char *name;
	double from;
} HsBandDoc;

typedef struct HsDocument
{
	char *name;
	int decimals;
	int minimum_age;
	double minimum_coverage;
	bool compatible;
	int n_signals;
	HsSignalDoc *signals;
	int n_groups; /* with the root, which is group 0 */
	HsGroupDoc *groups;
	int n_measures;
	HsMeasureDoc *measures;
	int n_bands;
	HsBandDoc *bands;
} HsDocument;

/* Position of a named thing among those read so far, or an error. */
#define FIND_BY_NAME(node, array, n, expected, result)                         \
	do                                                                         \
	{                                                                          \
		const char *wanted_ = hs_json_name(node);                              \
		for (result = 0; result < (n); result++)                               \
			if (strcmp((array)[result].name, wanted_) == 0)                    \
				break;                                                         \
		if (result == (n))                                                     \
			hs_json_fail(node, expected);                                      \
	} while (0)

extern void hs_definition_read(HsJson *node, HsMeasureDoc *m, int position,
							   const HsDocument *doc);
extern void hs_document_read(HsJson *root, HsDocument *doc);

#endif /* HEALTHSCORE_DOCUMENT_H */
