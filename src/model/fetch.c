/*-------------------------------------------------------------------------
 *
 * fetch.c
 *		The model behind a datum, detoasted once for each call site.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "model/model.h"

static const HsModel *
check_format(const HsModel *model)
{
	if (model->format != HS_MODEL_FORMAT)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("model was stored by another version of healthscore"),
				 errhint("Write it out as text with that version, and read it "
						 "with this one.")));
	return model;
}

/*
 * Rows may bring another model at the same address, so the address says
 * nothing.  A plain datum is used in place; the type's storage is never
 * compressed, so what lies out of line is told by its toast pointer, a short
 * or compressed one by all its bytes.
 *
 * Of a model out of line only the part is read that the caller needs.  A call
 * site asks for the same part each time.
 */
const HsModel *
hs_model_fetch(HsModelCache *cache, Datum datum, HsModelPart part,
			   MemoryContext context)
{
	struct varlena *raw = (struct varlena *) DatumGetPointer(datum);
	struct varlena *plain;
	MemoryContext old;
	Size size;

	if (!VARATT_IS_EXTENDED(raw))
		return check_format((const HsModel *) raw);

	size = VARSIZE_ANY(raw);
	if (cache->model != NULL && cache->raw_size == size &&
		memcmp(cache->raw, raw, size) == 0)
		return cache->model;

	old = MemoryContextSwitchTo(context);
	if (cache->model != NULL)
	{
		pfree(unconstify(HsModel *, cache->model));
		pfree(cache->raw);
		cache->model = NULL;
	}
	if (part != HS_PART_ALL && VARATT_IS_EXTERNAL_ONDISK(raw))
	{
		HsModel *head = (HsModel *) PG_DETOAST_DATUM_SLICE(
			datum, 0, sizeof(HsModel) - VARHDRSZ);

		check_format(head);
		plain = PG_DETOAST_DATUM_SLICE(
			datum, 0,
			(part == HS_PART_HOT ? head->hot : head->warm) - VARHDRSZ);
		pfree(head);
	}
	else
		plain = PG_DETOAST_DATUM_COPY(datum);
	check_format((HsModel *) plain);
	cache->raw = palloc(size);
	memcpy(cache->raw, raw, size);
	cache->raw_size = size;
	cache->model = (HsModel *) plain;
	MemoryContextSwitchTo(old);
	return cache->model;
}
