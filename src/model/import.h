/*-------------------------------------------------------------------------
 *
 * import.h
 *		Models of other tools, in and out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_IMPORT_H
#define HEALTHSCORE_IMPORT_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "model/model.h"
#include "model/reader.h"

/* Trees up to the best iteration only, if the model says which that was. */
extern HsForest *hs_import_xgboost(const HsDoc *doc, bool best_iteration);
extern HsForest *hs_import_lightgbm(const char *text, int len);

extern void hs_export_xgboost(const HsModel *model, StringInfo out);

/* Names f0, f1, ... */
extern char **hs_default_names(int n);

#endif /* HEALTHSCORE_IMPORT_H */
