/*-------------------------------------------------------------------------
 *
 * model_text.h
 *		The text form of a model, a JSON document of its own.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_MODEL_TEXT_H
#define HEALTHSCORE_MODEL_TEXT_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "model/model.h"
#include "model/reader.h"

#define HS_TEXT_VERSION 1

extern HsModel *hs_model_from_doc(const HsDoc *doc);
extern void hs_calibration_from_doc(const HsDoc *doc, HsCalibration *out);
extern void hs_model_to_text(const HsModel *model, StringInfo out);

/* numbers in shortest form that reads back the same; null if not finite */
extern void hs_put_double(StringInfo out, double x);
extern void hs_put_float(StringInfo out, float x);

extern char **hs_doc_strings(const HsDoc *array, const char *key, int *n);
extern int hs_doc_int(const HsDoc *array, int i, const char *key, int low,
					  int high);

#endif /* HEALTHSCORE_MODEL_TEXT_H */
