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
	double param; /* half-life of an ewma, least drop of drops */
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

extern void hs_document_read(HsJson *root, HsDocument *doc);

#endif /* HEALTHSCORE_DOCUMENT_H */
