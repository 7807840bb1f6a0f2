/*-------------------------------------------------------------------------
 *
 * identity.c
 *		A hash over all that a model says.
 *
 * It goes over values, not bytes, so it is the same on every machine, and it
 * is written into the text form, where it tells damage from a model.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "model/model.h"

/* FNV-1a over 64-bit words, with the upper half folded down. */
static inline uint64
mix(uint64 hash, uint64 x)
{
	hash = (hash ^ x) * UINT64CONST(1099511628211);
	return hash ^ (hash >> 32);
}

static inline uint64
mix_double(uint64 hash, double x)
{
	uint64 bits;

	if (isnan(x))
		x = NAN;
	memcpy(&bits, &x, sizeof(bits));
	return mix(hash, bits);
}

static uint64
mix_string(uint64 hash, const char *s)
{
	/* names in another encoding are the same names */
	s = pg_server_to_any(s, strlen(s), PG_UTF8);
	for (; *s != '\0'; s++)
		hash = mix(hash, (unsigned char) *s);
	return mix(hash, 256);
}

static uint64
mix_forest(uint64 hash, const HsModel *model)
{
	int64 n = model->n_nodes;
	int64 i;
	int j;

	for (i = 0; i < model->n_trees; i++)
		hash = mix(hash, HS_MODEL_AT(model, HsTreeHead, trees)[i].n_nodes);
	for (i = 0; i < n; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (model->wide)
		{
			const HsWide *node = &HS_MODEL_AT(model, HsWide, nodes)[i];
			uint32 kind = (node->slot - 1) / (2 * model->n_features);

			hash = mix(hash, (uint64) node->left << 32 | node->slot);
			hash = node->slot > 0 && kind == 1
					   ? mix(hash, node->u.set)
					   : mix_double(hash, node->u.value);
		}
		else
		{
			const HsNarrow *node = &HS_MODEL_AT(model, HsNarrow, nodes)[i];

			/* a set and a float are both 32 bits */
			hash = mix(hash, (uint64) node->link << 32 | node->u.set);
		}
	}
	for (i = 0; i < model->n_sets; i++)
	{
		const HsSet *set = &HS_MODEL_AT(model, HsSet, sets)[i];

		hash = mix(hash, set->n);
		for (j = 0; j < set->n; j++)
			hash = mix(hash,
					   HS_MODEL_AT(model, int32, categories)[set->first + j]);
	}
	for (i = 0; i < n; i++)
	{
		if (model->in_double)
		{
			hash = mix_double(hash, HS_MODEL_AT(model, double, cover)[i]);
			hash = mix_double(hash, HS_MODEL_AT(model, double, gain)[i]);
			hash = mix_double(hash, HS_MODEL_AT(model, double, value)[i]);
		}
		else
		{
			hash = mix_double(hash, HS_MODEL_AT(model, float, cover)[i]);
			hash = mix_double(hash, HS_MODEL_AT(model, float, gain)[i]);
			hash = mix_double(hash, HS_MODEL_AT(model, float, value)[i]);
		}
	}
	return hash;
}

static uint64
mix_histogram(uint64 hash, const double **at)
{
	int n = **at;
	int numbers = n > 0 ? 2 * n + 1 : 1;
	int i;

	for (i = 0; i < numbers; i++)
		hash = mix_double(hash, (*at)[i]);
	*at += numbers;
	return hash;
}

uint64
hs_model_identity(const HsModel *model)
{
	uint64 hash = UINT64CONST(14695981039346656037);
	int i;

	hash = mix(hash, model->kind);
	hash = mix(hash, model->objective);
	hash = mix(hash, model->in_double);
	hash = mix(hash, model->n_features);
	hash = mix(hash, model->n_trees);
	hash = mix_double(hash, model->base);
	hash = mix_double(hash, model->divisor);
	hash = mix_double(hash, model->sigmoid);
	for (i = 0; i < model->n_features; i++)
		hash = mix_string(hash, HS_MODEL_NAME(model, i));
	if (model->kind == HS_MODEL_FOREST)
		hash = mix_forest(hash, model);
	else
	{
		hash = mix_double(hash, model->intercept_error);
		for (i = 0; i < 4 * model->n_features; i++)
			hash = mix_double(hash, HS_MODEL_AT(model, double, linear)[i]);
	}
	hash = mix(hash, model->calibration);
	hash = mix_double(hash, model->platt_a);
	hash = mix_double(hash, model->platt_b);
	for (i = 0; i < 2 * model->n_points; i++)
		hash = mix_double(hash, HS_MODEL_AT(model, double, points)[i]);
	hash = mix(hash, model->has_histograms);
	if (model->has_histograms)
	{
		const double *at = HS_MODEL_AT(model, double, histograms);

		for (i = 0; i <= model->n_features; i++)
			hash = mix_histogram(hash, &at);
	}
	return hash;
}
