/*-------------------------------------------------------------------------
 *
 * ranking.h
 *		Outcomes and their predictions: what every metric is computed from.
 *
 * A value of type healthscore.ranking, which is also the state of the
 * aggregates, is a varlena without pointers:
 *
 *		HsRanking | double values[room] | double weights[room]
 *
 * The predictions of rows whose outcome is true fill the values from the
 * front, those of the other rows from the back, so that a row takes eight
 * bytes.  There are weights only where one was given.
 *
 * A ranking is a multiset: the order of rows means nothing.  Once it is sorted
 * (each class ascending by value, then by weight) it depends on the rows alone,
 * and so does, to the last bit, whatever is computed by walking over it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_RANKING_H
#define HEALTHSCORE_RANKING_H

#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "core/compat.h"
#include "window/exact.h"

#define HS_RANKING_FORMAT 0x48520001 /* changes with the layout */

/* Weights within these bounds, sums of so many rows and products of such sums
 * are all in the range of double. */
#define HS_LEAST_WEIGHT 1e-100
#define HS_MOST_WEIGHT 1e100

typedef struct HsRanking
{
	int32 vl_len_;
	uint32 format;
	bool weighted;
	bool sorted;
	bool fitted; /* the next two are known */
	double intercept;
	double slope;
	double share; /* what lift() was asked for; 0: nothing */
	uint32 room;
	uint32 n_pos;
	uint32 n_neg;
	uint32 reserved;
	double values[FLEXIBLE_ARRAY_MEMBER];
} HsRanking;

#define HS_RANKING_HEAD offsetof(HsRanking, values)

/* Rows that fit into one value, which has at most MaxAllocSize bytes */
#define HS_MAX_ROWS ((MaxAllocSize - HS_RANKING_HEAD) / sizeof(double))
#define HS_MAX_WEIGHTED_ROWS (HS_MAX_ROWS / 2)

/* In a loop over rows: let a cancel through now and then */
#define HS_CHECK_ROW(i)                                                        \
	do                                                                         \
	{                                                                          \
		if (unlikely(((i) &0xffff) == 0xffff))                                 \
			CHECK_FOR_INTERRUPTS();                                            \
	} while (0)

/* The rows of one class */
typedef struct HsClass
{
	double *values;
	double *weights; /* NULL: all are 1 */
	uint32 n;
} HsClass;

static inline HsClass
hs_positives(const HsRanking *r)
{
	HsClass c;

	c.values = unconstify(HsRanking *, r)->values;
	c.weights = r->weighted ? c.values + r->room : NULL;
	c.n = r->n_pos;
	return c;
}

static inline HsClass
hs_negatives(const HsRanking *r)
{
	HsClass c = hs_positives(r);
	uint32 first = r->room - r->n_neg;

	c.values += first;
	if (c.weights != NULL)
		c.weights += first;
	c.n = r->n_neg;
	return c;
}

static inline double
hs_weight(const HsClass *c, uint32 i)
{
	return c->weights == NULL ? 1 : c->weights[i];
}

/*
 * What rows of one prediction have in common, and what is known of the rows
 * that were walked over before them.
 */
typedef struct HsGroup
{
	double value;
	double pos; /* weight of the rows with the outcome, and without */
	double neg;
	uint32 n_pos;
	uint32 n_neg;
	HsDD pos_before;
	HsDD neg_before;
} HsGroup;

/* A walk over the different predictions of a sorted ranking */
typedef struct HsWalk
{
	HsClass pos;
	HsClass neg;
	int step; /* 1: ascending, -1: descending */
	int64 i;  /* next of each class */
	int64 j;
	uint64 seen;
	HsGroup group;
} HsWalk;

static inline void
hs_walk(HsWalk *w, const HsRanking *r, bool ascending)
{
	memset(w, 0, sizeof(*w));
	w->pos = hs_positives(r);
	w->neg = hs_negatives(r);
	w->step = ascending ? 1 : -1;
	w->i = ascending ? 0 : (int64) w->pos.n - 1;
	w->j = ascending ? 0 : (int64) w->neg.n - 1;
}

static inline bool
hs_walk_has(const HsClass *c, int64 i)
{
	return i >= 0 && i < c->n;
}

/* Take the rows of class c with value v, from *i on */
static inline uint32
hs_walk_class(const HsClass *c, int64 *i, int step, double v, double *weight)
{
	int64 first = *i;
	double sum = 0;

	while (hs_walk_has(c, *i) && c->values[*i] == v)
	{
		sum += hs_weight(c, *i);
		*i += step;
	}
	*weight = sum;
	return (uint32) ((*i - first) * step);
}

/*
 * The next prediction.  Within one of it weights are added in ascending order
 * or in descending order, but always in the same one for a direction.
 */
static inline bool
hs_walk_next(HsWalk *w)
{
	HsGroup *g = &w->group;
	bool p = hs_walk_has(&w->pos, w->i);
	bool n = hs_walk_has(&w->neg, w->j);
	double v;

	if (!p && !n)
		return false;
	if (p && n)
	{
		double a = w->pos.values[w->i];
		double b = w->neg.values[w->j];

		v = w->step > 0 ? Min(a, b) : Max(a, b);
	}
	else
		v = p ? w->pos.values[w->i] : w->neg.values[w->j];

	g->pos_before = hs_dd_add_double(g->pos_before, g->pos);
	g->neg_before = hs_dd_add_double(g->neg_before, g->neg);
	g->value = v;
	g->n_pos = hs_walk_class(&w->pos, &w->i, w->step, v, &g->pos);
	g->n_neg = hs_walk_class(&w->neg, &w->j, w->step, v, &g->neg);
	HS_CHECK_ROW(w->seen);
	w->seen++;
	return true;
}

/* ranking.c */
extern HsRanking *hs_ranking_make(bool weighted, uint32 room);
extern HsRanking *hs_ranking_make_room(HsRanking *r, bool weighted, uint32 n);
extern HsRanking *hs_ranking_combine(HsRanking *into, const HsRanking *from);
extern HsRanking *hs_ranking_copy(const HsRanking *r);
extern void hs_ranking_sort(HsRanking *r);
extern HsDD hs_class_weight(const HsClass *c);

/* sort.c */
extern void hs_sort_doubles(double *values, uint32 n);
extern void hs_sort_weighted(double *values, double *weights, uint32 n);

/*
 * Add a row: a finite value, a weight that is in bounds.  The ranking moves
 * when it is full; NULL if it can have no more rows.
 */
static inline HsRanking *
hs_ranking_add(HsRanking *r, bool positive, double v, bool weighted,
			   double weight)
{
	uint32 at;

	if (unlikely(r->n_pos + r->n_neg == r->room || weighted > r->weighted))
	{
		r = hs_ranking_make_room(r, weighted, 1);
		if (r == NULL)
			return NULL;
	}
	at = positive ? r->n_pos++ : r->room - ++r->n_neg;
	/* -0 is 0 */
	r->values[at] = v + 0.0;
	if (r->weighted)
		r->values[r->room + at] = weight;
	r->sorted = false;
	r->fitted = false;
	return r;
}

#endif /* HEALTHSCORE_RANKING_H */
