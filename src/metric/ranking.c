/*-------------------------------------------------------------------------
 *
 * ranking.c
 *		Rankings are made, grow, are combined and sorted.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "metric/ranking.h"

#define FIRST_ROOM 8

/* Rankings of more rows grow by half instead of being doubled. */
#define MANY_ROWS 8192

static Size
ranking_size(bool weighted, uint32 room)
{
	return HS_RANKING_HEAD + (Size) room * sizeof(double) * (weighted ? 2 : 1);
}

/*
 * An empty ranking; its size must be allowed.
 */
HsRanking *
hs_ranking_make(bool weighted, uint32 room)
{
	Size size = ranking_size(weighted, room);
	HsRanking *r = palloc0(size);

	SET_VARSIZE(r, size);
	r->format = HS_RANKING_FORMAT;
	r->weighted = weighted;
	r->room = room;
	return r;
}

static void
append_class(const HsClass *to, uint32 at, const HsClass *from)
{
	uint32 i;

	memcpy(to->values + at, from->values, from->n * sizeof(double));
	if (to->weights == NULL)
		return;
	for (i = 0; i < from->n; i++)
	{
		HS_CHECK_ROW(i);
		to->weights[at + i] = hs_weight(from, i);
	}
}

/*
 * Append all rows; there is room, and weights if they have some.
 */
static void
append(HsRanking *to, const HsRanking *from)
{
	HsClass pos = hs_positives(from);
	HsClass neg = hs_negatives(from);
	HsClass at;

	at = hs_positives(to);
	append_class(&at, to->n_pos, &pos);
	to->n_pos += from->n_pos;
	to->n_neg += from->n_neg;
	at = hs_negatives(to);
	append_class(&at, 0, &neg);
}

/*
 * A ranking of the same rows with room for n more, and with weights if they
 * are wanted.  NULL if that is too much.
 */
HsRanking *
hs_ranking_make_room(HsRanking *r, bool weighted, uint32 n)
{
	uint32 used = r->n_pos + r->n_neg;
	uint32 most;
	uint64 room;
	HsRanking *bigger;

	weighted |= r->weighted;
	most = weighted ? HS_MAX_WEIGHTED_ROWS : HS_MAX_ROWS;
	if (n > most || used > most - n)
		return NULL;
	room = used < MANY_ROWS ? 2 * (uint64) used : used + used / 2;
	room = Max(room, Max((uint64) used + n, FIRST_ROOM));
	bigger = hs_ranking_make(weighted, Min(room, most));
	bigger->share = r->share;
	append(bigger, r);
	return bigger;
}

/*
 * A ranking of its own, without spare room.
 */
HsRanking *
hs_ranking_copy(const HsRanking *r)
{
	HsRanking *copy = hs_ranking_make(r->weighted, r->n_pos + r->n_neg);

	append(copy, r);
	copy->sorted = r->sorted;
	copy->fitted = r->fitted;
	copy->intercept = r->intercept;
	copy->slope = r->slope;
	copy->share = r->share;
	return copy;
}

/*
 * Add the rows of another ranking.  The first may move; NULL if they are too
 * many for one.
 */
HsRanking *
hs_ranking_combine(HsRanking *into, const HsRanking *from)
{
	uint32 n = from->n_pos + from->n_neg;

	if (n > into->room - into->n_pos - into->n_neg ||
		from->weighted > into->weighted)
	{
		into = hs_ranking_make_room(into, from->weighted, n);
		if (into == NULL)
			return NULL;
	}
	append(into, from);
	into->sorted = false;
	into->fitted = false;
	return into;
}

static void
sort_class(HsClass c)
{
	if (c.weights == NULL)
		hs_sort_doubles(c.values, c.n);
	else
		hs_sort_weighted(c.values, c.weights, c.n);
}

/*
 * Sort in place: the ranking stays the same value.
 */
void
hs_ranking_sort(HsRanking *r)
{
	if (r->sorted)
		return;
	sort_class(hs_positives(r));
	sort_class(hs_negatives(r));
	r->sorted = true;
}

/*
 * Sum of weights of a sorted class.
 */
HsDD
hs_class_weight(const HsClass *c)
{
	HsDD sum = { 0, 0 };
	uint32 i;

	if (c->weights == NULL)
		return hs_dd_from_int64(c->n);
	for (i = 0; i < c->n; i++)
	{
		HS_CHECK_ROW(i);
		sum = hs_dd_add_double(sum, c->weights[i]);
	}
	return sum;
}
