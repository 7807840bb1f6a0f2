/*-------------------------------------------------------------------------
 *
 * read.c
 *		Rows to train on, from a query.
 *
 * The query runs with the rights of the caller, through a cursor, and may
 * change nothing: it must be a SELECT without a modifying part, and for its
 * duration the transaction is read only, which binds the functions it calls.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/timestamp.h"

#include "core/compat.h"
#include "train/read.h"

/* Where things are in a row of the query; attributes from 0, -1: not there. */
typedef struct Shape
{
	TupleDesc desc;
	Oid *types; /* below domains */
	int label;
	int weight;
	int split;
	int account;
	int at;
	int array;
	FmgrInfo account_out;
	int n_sources; /* features that the query has */
	char **names;
	int *attribute; /* or element of the array */
	int *target;	/* place in the row */
} Shape;

static bool
is_number(Oid type)
{
	switch (type)
	{
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			return true;
		default:
			return false;
	}
}

static double
number_of(Datum datum, Oid type)
{
	switch (type)
	{
		case BOOLOID:
			return DatumGetBool(datum) ? 1 : 0;
		case INT2OID:
			return DatumGetInt16(datum);
		case INT4OID:
			return DatumGetInt32(datum);
		case INT8OID:
			return (double) DatumGetInt64(datum);
		case FLOAT4OID:
			return DatumGetFloat4(datum);
		case FLOAT8OID:
			return DatumGetFloat8(datum);
		default:
			return DatumGetFloat8(
				DirectFunctionCall1(numeric_float8_no_overflow, datum));
	}
}

/* A moment in days, or a number as it is. */
static double
moment_of(Datum datum, Oid type)
{
	double at;

	if (type == DATEOID)
		at = DATE_NOT_FINITE(DatumGetDateADT(datum)) ? INFINITY
													 : DatumGetDateADT(datum);
	else if (type == TIMESTAMPOID || type == TIMESTAMPTZOID)
		at = TIMESTAMP_NOT_FINITE(DatumGetTimestamp(datum))
				 ? INFINITY
				 : DatumGetTimestamp(datum) / (double) USECS_PER_DAY;
	else
		at = number_of(datum, type);
	if (isnan(at) || isinf(at))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("the time of a row is not finite")));
	return at;
}

static int
find_column(const Shape *shape, const char *name, const char *role)
{
	int found = -1;

	if (name == NULL)
		return -1;
	for (int a = 0; a < shape->desc->natts; a++)
		if (strcmp(NameStr(TupleDescAttr(shape->desc, a)->attname), name) == 0)
		{
			if (found >= 0)
				ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN),
								errmsg("column \"%s\" appears more than once "
									   "in the query to train on",
									   name)));
			found = a;
		}
	if (found < 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("the query to train on has no column \"%s\"", name),
				 errdetail("It is named as %s.", role)));
	return found;
}

static void
check_type(const Shape *shape, int attribute, const char *role, bool allowed)
{
	if (attribute >= 0 && !allowed)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of type %s cannot be the %s",
						NameStr(TupleDescAttr(shape->desc, attribute)->attname),
						format_type_be(
							TupleDescAttr(shape->desc, attribute)->atttypid),
						role)));
}

static bool
is_ignored(const HsTrainColumns *columns, const char *name)
{
	for (int i = 0; i < columns->n_ignore; i++)
		if (strcmp(columns->ignore[i], name) == 0)
			return true;
	return false;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static void
refuse_duplicates(char **names, int n)
{
	char **sorted = palloc(sizeof(char *) * Max(n, 1));

	memcpy(sorted, names, sizeof(char *) * n);
	qsort(sorted, n, sizeof(char *), compare_names);
	for (int i = 0; i < n; i++)
	{
		if (sorted[i][0] == '\0')
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("the name of a feature is empty")));
		if (i > 0 && strcmp(sorted[i], sorted[i - 1]) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("feature \"%s\" appears more than once", sorted[i]),
					 errhint("Give each column a name of its own.")));
	}
	pfree(sorted);
}

static void
add_source(Shape *shape, const char *name, int attribute)
{
	shape->names[shape->n_sources] = pstrdup(name);
	shape->attribute[shape->n_sources++] = attribute;
}

/* Which columns are features. */
static void
find_sources(Shape *shape, const HsTrainColumns *columns,
			 const HsTrainOptions *options, HsTrainRead *read)
{
	int natts = shape->desc->natts;
	int room = Max(natts, options->n_features) + 1;
	int *numbers = palloc(sizeof(int) * room);
	int n_numbers = 0;

	shape->names = palloc(sizeof(char *) * room);
	shape->attribute = palloc(sizeof(int) * room);
	shape->target = palloc(sizeof(int) * room);
	read->ignored = palloc(sizeof(char *) * room);
	shape->array = -1;
	for (int a = 0; a < natts; a++)
	{
		const char *name = NameStr(TupleDescAttr(shape->desc, a)->attname);

		if (a == shape->label || a == shape->weight || a == shape->split ||
			a == shape->account || a == shape->at || is_ignored(columns, name))
			continue;
		if (is_number(shape->types[a]))
			numbers[n_numbers++] = a;
		else if (shape->types[a] == FLOAT8ARRAYOID)
		{
			if (shape->array >= 0)
				ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
								errmsg("the query to train on has more than "
									   "one array of features")));
			shape->array = a;
		}
		else
			read->ignored[read->n_ignored++] = pstrdup(name);
	}
	if (shape->array >= 0)
	{
		const char *name =
			NameStr(TupleDescAttr(shape->desc, shape->array)->attname);

		if (n_numbers > 0)
			ereport(
				ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg(
					 "features are both in the array \"%s\" and in the "
					 "column \"%s\"",
					 name,
					 NameStr(TupleDescAttr(shape->desc, numbers[0])->attname)),
				 errhint("Name columns that are no features in \"ignore\".")));
		if (options->n_features == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the elements of array \"%s\" have no names", name),
					 errhint("Give them as params: {\"features\": "
							 "[\"name\", ...]}.")));
		for (int i = 0; i < options->n_features; i++)
			add_source(shape, options->features[i], i);
	}
	else if (options->n_features > 0)
	{
		for (int i = 0; i < options->n_features; i++)
		{
			int a = find_column(shape, options->features[i], "a feature");

			check_type(shape, a, "value of a feature",
					   is_number(shape->types[a]));
			if (a == shape->label)
				ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
								errmsg("the label \"%s\" cannot be a feature",
									   columns->label)));
			add_source(shape, options->features[i], a);
		}
	}
	else
		for (int i = 0; i < n_numbers; i++)
			add_source(shape,
					   NameStr(TupleDescAttr(shape->desc, numbers[i])->attname),
					   numbers[i]);
	refuse_duplicates(shape->names, shape->n_sources);
	if (shape->n_sources == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the query to train on has no feature"),
				 errhint("Features are its numeric and boolean columns, or one "
						 "column of type double precision[].")));
}

/* Features of the base model come first, in its order. */
static void
place_features(Shape *shape, const HsForest *base, HsTrainRows *rows,
			   HsTrainRead *read)
{
	int n_base = base != NULL ? base->n_features : 0;
	bool *placed = palloc0(Max(shape->n_sources, 1));

	rows->features = palloc(sizeof(char *) * (n_base + shape->n_sources));
	read->absent = palloc(sizeof(char *) * Max(n_base, 1));
	for (int f = 0; f < n_base; f++)
	{
		int s = 0;

		while (s < shape->n_sources &&
			   strcmp(shape->names[s], base->features[f]) != 0)
			s++;
		if (s < shape->n_sources)
		{
			placed[s] = true;
			shape->target[s] = f;
		}
		else
			read->absent[read->n_absent++] = pstrdup(base->features[f]);
		rows->features[rows->n_features++] = pstrdup(base->features[f]);
	}
	for (int s = 0; s < shape->n_sources; s++)
		if (!placed[s])
		{
			shape->target[s] = rows->n_features;
			rows->features[rows->n_features++] = shape->names[s];
		}
	if (rows->n_features > HS_MAX_FEATURES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%d features are too many", rows->n_features),
				 errdetail("At most %d are supported.", HS_MAX_FEATURES)));
}

static void
find_shape(Shape *shape, TupleDesc desc, const HsTrainColumns *columns,
		   const HsTrainOptions *options, HsTrainRows *rows, HsTrainRead *read)
{
	Oid type;
	Oid out;
	bool varlena;

	shape->desc = desc;
	shape->types = palloc(sizeof(Oid) * Max(desc->natts, 1));
	for (int a = 0; a < desc->natts; a++)
		shape->types[a] = getBaseType(TupleDescAttr(desc, a)->atttypid);
	shape->label = find_column(shape, columns->label, "the label");
	shape->weight = find_column(shape, columns->weight, "the weight");
	shape->split = find_column(shape, columns->split, "the split");
	shape->account = find_column(shape, columns->account, "the account");
	shape->at = find_column(shape, columns->at, "the time");
	for (int i = 0; i < columns->n_ignore; i++)
		find_column(shape, columns->ignore[i], "one to ignore");
#define TYPE(a) ((a) >= 0 ? shape->types[a] : InvalidOid)
	check_type(shape, shape->label, "label", is_number(TYPE(shape->label)));
	check_type(shape, shape->weight, "weight",
			   is_number(TYPE(shape->weight)) &&
				   TYPE(shape->weight) != BOOLOID);
	check_type(shape, shape->split, "split", TYPE(shape->split) == BOOLOID);
	type = TYPE(shape->at);
	check_type(shape, shape->at, "time",
			   type == DATEOID || type == TIMESTAMPOID ||
				   type == TIMESTAMPTZOID ||
				   (is_number(type) && type != BOOLOID));
	if (shape->account >= 0)
	{
		getTypeOutputInfo(TupleDescAttr(desc, shape->account)->atttypid, &out,
						  &varlena);
		fmgr_info(out, &shape->account_out);
	}
	find_sources(shape, columns, options, read);
	place_features(shape, options->boost.base_model, rows, read);
	rows->has_weight = shape->weight >= 0;
	rows->has_split = shape->split >= 0;
	rows->has_account = shape->account >= 0;
	rows->has_time = shape->at >= 0;
}

static Datum
needed(const Shape *shape, int attribute, const Datum *values,
	   const bool *nulls, const char *role)
{
	if (nulls[attribute])
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the %s of a row is NULL", role),
				 errdetail(
					 "It is in column \"%s\".",
					 NameStr(TupleDescAttr(shape->desc, attribute)->attname))));
	return values[attribute];
}

/* NaN is not known, as NULL is; infinity, or what a tree takes for it, is
 * refused. */
static void
put(HsTrainRows *rows, HsTrainBlock *block, int f, double x)
{
	Size at = (Size) (block->n - 1) * rows->n_features + f;

	if (isinf(x) || (!rows->wide && isinf((float) x)))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("feature \"%s\" has the value %g",
							   rows->features[f], x),
						errdetail("Values must be finite, and for trees in the "
								  "range of real; NULL and NaN are taken as "
								  "not known.")));
	if (rows->wide)
		block->wide[at] = x;
	else
		block->narrow[at] = x;
}

static void
put_array(const Shape *shape, HsTrainRows *rows, HsTrainBlock *block,
		  Datum datum)
{
	ArrayType *array = DatumGetArrayTypeP(datum);
	int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const bits8 *bitmap = ARR_NULLBITMAP(array);
	const double *data = (const double *) ARR_DATA_PTR(array);

	if (ARR_NDIM(array) != 1 || n != shape->n_sources)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
						errmsg("an array of features has %d elements, not %d",
							   n, shape->n_sources)));
	for (int s = 0; s < n; s++)
		if (bitmap == NULL || (bitmap[s / 8] & (1 << (s % 8))))
			put(rows, block, shape->target[s], *data++);
}

static double
label_of(const Shape *shape, const HsTrainOptions *options, Datum datum)
{
	double label = number_of(datum, shape->types[shape->label]);
	bool classes =
		!options->trees || options->boost.objective == HS_OBJECTIVE_LOGISTIC;

	if (classes && label != 0 && label != 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("label %g is neither 0 nor 1", label),
						errhint("Labels are boolean, 0 or 1, or NULL while the "
								"outcome is not known.")));
	if (isnan(label) || isinf((float) label))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("label %g is not finite", label)));
	return label;
}

static void
take_row(const Shape *shape, const HsTrainOptions *options, HsTrainRows *rows,
		 HsTrainRead *read, const Datum *values, const bool *nulls)
{
	HsTrainBlock *block;
	double label;
	double weight = 1;
	int i;

	read->n++;
	if (nulls[shape->label])
	{
		read->no_label++;
		return;
	}
	label = label_of(shape, options, values[shape->label]);
	if (shape->weight >= 0)
	{
		weight =
			number_of(needed(shape, shape->weight, values, nulls, "weight"),
					  shape->types[shape->weight]);
		if (!(weight >= 0) || weight > 1e30 || (weight > 0 && weight < 1e-30))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("weight %g is out of range", weight),
					 errdetail("A weight is 0, or from 1e-30 to 1e30.")));
		if (weight == 0)
		{
			read->no_weight++;
			return;
		}
	}
	if (shape->split >= 0 && nulls[shape->split])
	{
		read->no_side++;
		return;
	}

	block = hs_train_next_row(rows);
	i = block->n - 1;
	block->label[i] = label;
	block->side[i] = shape->split >= 0 && DatumGetBool(values[shape->split])
						 ? HS_SIDE_VALID
						 : HS_SIDE_TRAIN;
	if (shape->weight >= 0)
		block->weight[i] = weight;
	if (shape->at >= 0)
		block->at[i] =
			moment_of(needed(shape, shape->at, values, nulls, "time"),
					  shape->types[shape->at]);
	if (shape->account >= 0)
	{
		char *account = OutputFunctionCall(
			unconstify(FmgrInfo *, &shape->account_out),
			needed(shape, shape->account, values, nulls, "account"));

		block->account[i] =
			hash_bytes_extended((unsigned char *) account, strlen(account), 0);
	}

	for (int f = 0; f < rows->n_features; f++)
		put(rows, block, f, NAN);
	if (shape->array >= 0)
	{
		if (!nulls[shape->array])
			put_array(shape, rows, block, values[shape->array]);
		return;
	}
	for (int s = 0; s < shape->n_sources; s++)
	{
		int a = shape->attribute[s];

		if (!nulls[a])
			put(rows, block, shape->target[s],
				number_of(values[a], shape->types[a]));
	}
}

/* A name alone is a table or view; hs_plain_query() has the same rule. */
static bool
is_name(const char *query)
{
	const char *c = query;

	while (isalnum((unsigned char) *c) || IS_HIGHBIT_SET(*c) ||
		   (*c != '\0' && strchr("_$.\"", *c) != NULL))
		c++;
	return *c == '\0' && c > query;
}

static SPIPlanPtr
prepare(const char *query)
{
	SPIPlanPtr plan;
	bool harmless;
	List *sources;

	if (is_name(query))
		query = psprintf("TABLE %s", query);
	plan = SPI_prepare_cursor(query, 0, NULL, 0);
	if (plan == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the query to train on cannot be prepared: %s",
							   SPI_result_code_string(SPI_result))));
	sources = SPI_plan_get_plan_sources(plan);
	harmless = list_length(sources) == 1;
	if (harmless)
	{
		CachedPlanSource *source = linitial(sources);

		harmless = list_length(source->query_list) == 1;
		if (harmless)
		{
			Query *parsed = linitial(source->query_list);

			harmless = parsed->commandType == CMD_SELECT &&
					   !parsed->hasModifyingCTE && parsed->rowMarks == NIL;
		}
	}
	if (!harmless || !SPI_is_cursor_plan(plan))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the query to train on must be one SELECT that changes "
						"and locks nothing")));
	return plan;
}

void
hs_train_read(const char *query, const HsTrainColumns *columns,
			  const HsTrainOptions *options, HsTrainRows *rows,
			  HsTrainRead *read)
{
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext each;
	Shape shape = { 0 };
	SPIPlanPtr plan;
	Portal portal;
	Datum *values;
	bool *nulls;
	long batch;
	bool was_read_only = XactReadOnly;

	memset(read, 0, sizeof(HsTrainRead));
	SPI_connect();
	plan = prepare(query);

	/*
	 * What the query calls must not write either.  Set as the end of a
	 * subtransaction sets it, since from 16 on the parameter cannot be set for
	 * part of a transaction; after an error the abort restores it.
	 */
	XactReadOnly = true;
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);

	MemoryContextSwitchTo(outer);
	find_shape(&shape, portal->tupDesc, columns, options, rows, read);
	values = palloc(sizeof(Datum) * Max(shape.desc->natts, 1));
	nulls = palloc(sizeof(bool) * Max(shape.desc->natts, 1));
	each = AllocSetContextCreate(outer, "healthscore training row",
								 ALLOCSET_DEFAULT_SIZES);
	batch = Max(8, Min(1000, (1 << 17) / rows->n_features));
	for (;;)
	{
		SPI_cursor_fetch(portal, true, batch);
		if (SPI_processed == 0)
			break;
		MemoryContextSwitchTo(each);
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			heap_deform_tuple(SPI_tuptable->vals[i], shape.desc, values, nulls);
			take_row(&shape, options, rows, read, values, nulls);
		}
		MemoryContextReset(each);
		SPI_freetuptable(SPI_tuptable);
		CHECK_FOR_INTERRUPTS();
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(each);
	SPI_cursor_close(portal);
	XactReadOnly = was_read_only;
	SPI_finish();
}
