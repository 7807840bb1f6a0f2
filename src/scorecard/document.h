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
	char *title;
	double weight;
	int parent;
	HsCombine combine;
} HsGroupDoc;

typedef struct HsBandDoc
{
	char *name;
	double from;
} HsBandDoc;

typedef struct HsConditionDoc
{
	HsCondition condition; /* but for offsets and indexes of scalars */
	HsJson **scalars;
} HsConditionDoc;

typedef struct HsRuleDoc
{
	char *name;
	char *title;
	HsRule rule; /* but for offsets and the index of its conditions */
	HsConditionDoc *conditions;
} HsRuleDoc;

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
	int peers_minimum;
	int n_rules;
	HsRuleDoc *rules;
	int n_attributes; /* keys that conditions ask for, each once */
	char **attributes;
} HsDocument;

#define HS_TEXT_MAX 1000 /* bytes of a text for people */

/* Position of a named thing among those read so far, or an error. */
#define HS_FIND_BY_NAME(node, array, n, expected, result)                      \
	do                                                                         \
	{                                                                          \
		const char *wanted_ = hs_json_name(node);                              \
		for (result = 0; result < (n); result++)                               \
			if (strcmp((array)[result].name, wanted_) == 0)                    \
				break;                                                         \
		if (result == (n))                                                     \
			hs_json_fail(node, expected);                                      \
	} while (0)

/* Names are unique among their kind. */
#define HS_CHECK_UNIQUE(node, array, n)                                        \
	do                                                                         \
	{                                                                          \
		int i_;                                                                \
		for (i_ = 0; i_ < (n); i_++)                                           \
			if (strcmp((array)[i_].name, (array)[n].name) == 0)                \
				hs_json_fail(node, "a name that is not used before");          \
	} while (0)

extern void hs_definition_read(HsJson *node, HsMeasureDoc *m, int position,
							   const HsDocument *doc);
extern void hs_document_read(HsJson *root, HsDocument *doc);
extern char *hs_document_text(HsJson *object, const char *key);
extern void hs_document_review_date(HsJson *object);
extern HsScalarKind hs_document_scalar(const HsJson *node);
extern void hs_document_rules(HsJson *list, HsDocument *doc);
extern void hs_document_outcome(HsJson *signal);

#endif /* HEALTHSCORE_DOCUMENT_H */
