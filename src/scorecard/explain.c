/*-------------------------------------------------------------------------
 *
 * explain.c
 *		explain(): a row for each measure, and for each rule that did
 *		something, with one line for people.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "scorecard/score_sql.h"

#define N_COLUMNS 15

/* A number for people: three significant digits, and all before the point. */
static char *
display(double value)
{
	return psprintf(fabs(value) >= 999.5 ? "%.0f" : "%.3g", value);
}

static void
put_text(Datum *out, bool *isnull, int column, const char *text)
{
	isnull[column] = text == NULL || text[0] == '\0';
	if (!isnull[column])
		out[column] = PointerGetDatum(cstring_to_text(text));
}

static void
put_float(Datum *out, bool *isnull, int column, double value, bool known)
{
	isnull[column] = !known;
	if (known)
		out[column] = Float8GetDatum(value);
}

/* A string of the card, or NULL. */
static const char *
card_text(const HsScoreCall *call, uint32 offset)
{
	return offset == 0 ? NULL : HS_CARD_STRING(call->card, offset);
}

static const char *
measure_title(const HsScoreCall *call, int measure)
{
	const HsScoreMeasure *m = &HS_SCORE_MEASURES(call->scoring)[measure];

	return card_text(call, m->title ? m->title : m->name);
}

/* What a group is called; the whole has no name. */
static const char *
group_title(const HsScoreCall *call, int group)
{
	const HsScoreGroup *g = &HS_SCORE_GROUPS(call->scoring)[group];

	return group == 0 ? "all" : card_text(call, g->title ? g->title : g->name);
}

static const char *
child_title(const HsScoreCall *call, int child)
{
	int n = call->scoring->n_measures;

	return child < n ? measure_title(call, child)
					 : group_title(call, child - n);
}

static bool
weighs(const HsScoreMeasure *m)
{
	return m->norm != HS_NORM_NONE && m->weight > 0;
}

/*
 * The measure of a group that has the fewest points, other than the one that
 * decides; -1 if there is none.
 */
static int
rescued(const HsScoreCall *call, int group, int decides)
{
	const HsScoreMeasure *measures = HS_SCORE_MEASURES(call->scoring);
	int worst = -1;
	int i;

	for (i = 0; i < call->scoring->n_measures; i++)
		if (i != decides && measures[i].group == group &&
			weighs(&measures[i]) && call->scored[i].scored &&
			call->scored[i].points < call->scored[decides].points &&
			(worst < 0 || call->scored[i].points < call->scored[worst].points))
			worst = i;
	return worst;
}

/*
 * Who decides in a group of least or greatest: the first one on the way up in
 * which something else does, or else the nearest.
 */
static void
write_decision(const HsScoreCall *call, const int *chosen, int measure,
			   StringInfo line)
{
	const HsScoreMeasure *measures = HS_SCORE_MEASURES(call->scoring);
	const HsScoreGroup *groups = HS_SCORE_GROUPS(call->scoring);
	int child = measure;
	int nearest = -1;
	int nearest_child = -1;
	int g = measures[measure].group;
	const char *which;

	for (;;)
	{
		if (groups[g].combine != HS_COMBINE_MEAN)
		{
			if (nearest < 0 || chosen[g] != child)
			{
				nearest = g;
				nearest_child = child;
			}
			if (chosen[g] != child)
				break;
		}
		if (g == 0)
			break;
		child = call->scoring->n_measures + g;
		g = groups[g].parent;
	}
	if (nearest < 0 || chosen[nearest] < 0)
		return;

	which = groups[nearest].combine == HS_COMBINE_MIN ? "the least"
													  : "the greatest";
	if (chosen[nearest] != nearest_child)
		appendStringInfo(line, ", but %s decides as %s of %s",
						 child_title(call, chosen[nearest]), which,
						 group_title(call, nearest));
	else if (nearest_child != measure)
		appendStringInfo(line, ", %s decides as %s of %s",
						 child_title(call, nearest_child), which,
						 group_title(call, nearest));
	else
	{
		int other = groups[nearest].combine == HS_COMBINE_MAX
						? rescued(call, nearest, measure)
						: -1;

		appendStringInfo(line, ", decides as %s of %s", which,
						 group_title(call, nearest));
		if (other >= 0)
			appendStringInfo(line, " and makes up for %s (%.1f points)",
							 measure_title(call, other),
							 call->scored[other].points);
	}
}

/* One line that a person can read. */
static char *
measure_reason(const HsScoreCall *call, const int *chosen, int measure,
			   double carried)
{
	const HsScoreMeasure *m = &HS_SCORE_MEASURES(call->scoring)[measure];
	const HsScored *s = &call->scored[measure];
	StringInfoData line;

	initStringInfo(&line);
	appendStringInfo(&line, "%s: ", measure_title(call, measure));
	if (call->in.nulls[measure])
		appendStringInfoString(&line, "not known");
	else
	{
		appendStringInfoString(&line, display(call->in.values[measure]));
		if (m->unit != 0)
			appendStringInfo(&line, " %s", card_text(call, m->unit));
		if (carried >= 0)
			appendStringInfo(&line, ", carried from %s day%s ago",
							 display(carried), carried == 1 ? "" : "s");
	}

	switch (s->unknown)
	{
		case HS_KNOWN:
			if (m->norm == HS_NORM_PEER_PERCENTILE)
				appendStringInfo(&line, ", percentile %s among peers",
								 display(s->derived));
			else if (HS_NORM_IS_PEER(m->norm))
				appendStringInfo(&line, ", %s %s among peers",
								 m->norm == HS_NORM_PEER_Z ? "z" : "robust z",
								 display(s->derived));
			break;
		case HS_UNKNOWN_VALUE:
			break;
		case HS_UNKNOWN_BEYOND:
			appendStringInfoString(&line, ", outside the range that counts");
			break;
		case HS_UNKNOWN_NO_PEERS:
			appendStringInfoString(&line, ", without peers to compare with");
			break;
		case HS_UNKNOWN_PEERS:
			appendStringInfoString(&line,
								   ", with too few peers to compare with");
			break;
	}

	if (!weighs(m))
		return line.data;
	if (s->unknown != HS_KNOWN)
		appendStringInfoString(&line, m->missing == HS_MISSING_NEUTRAL
										  ? ", counted as neutral"
									  : m->missing == HS_MISSING_WORST
										  ? ", counted as the worst"
										  : ", its weight went to the others");
	else if (s->weight > 0)
		appendStringInfo(&line, ", %.1f of %.1f points", s->contribution,
						 s->weight * 100);
	else
		appendStringInfo(&line, ", %.1f points", s->points);
	if (s->scored && call->result.known)
		write_decision(call, chosen, measure, &line);
	return line.data;
}

static void
put_measure(const HsScoreCall *call, const int *chosen, int i, Datum *out,
			bool *isnull)
{
	/* where nothing could be carried, the weight goes to the siblings */
	static const char *const policies[] = { "redistribute", "neutral", "worst",
											"redistribute" };
	const HsScoreMeasure *m = &HS_SCORE_MEASURES(call->scoring)[i];
	const HsScored *s = &call->scored[i];
	bool points = s->scored && call->result.known;
	const HsBaseline *peers = call->in.peers;
	double x = call->in.values[i];
	bool known = !call->in.nulls[i];
	double carried = -1;
	double median = 0;
	double percentile = 0;
	bool compared;

	if (!known || m->missing != HS_MISSING_CARRY ||
		!hs_facts_carried(call->facts, card_text(call, m->name), &carried))
		carried = -1;

	out[0] = Int32GetDatum(i + 1);
	put_text(out, isnull, 1, card_text(call, m->name));
	put_text(out, isnull, 2, measure_title(call, i));
	put_text(out, isnull, 3,
			 card_text(call, HS_SCORE_GROUPS(call->scoring)[m->group].name));
	put_float(out, isnull, 4, x, known);
	put_text(out, isnull, 5, card_text(call, m->unit));
	put_float(out, isnull, 6, s->points, points);
	out[7] = Float8GetDatum(s->weight);
	put_float(out, isnull, 8, s->contribution, points);
	/* what the measure costs: its share of 100 less what it gives */
	put_float(out, isnull, 9, s->weight * 100 - s->contribution, points);
	put_text(out, isnull, 10,
			 !weighs(m)				  ? NULL
			 : s->unknown != HS_KNOWN ? policies[m->missing]
			 : carried >= 0			  ? "carry"
									  : NULL);
	put_text(out, isnull, 11, measure_reason(call, chosen, i, carried));
	isnull[12] = true;
	compared = peers != NULL && hs_baseline_median(peers, i, x, known, &median);
	put_float(out, isnull, 13, median, compared);
	compared = peers != NULL && known &&
			   hs_baseline_percentile(peers, i, x, call->scoring->peers_minimum,
									  &percentile);
	put_float(out, isnull, 14, percentile, compared);
}

static void
put_rule(const HsScoreCall *call, int i, int pos, Datum *out, bool *isnull)
{
	const HsRule *rule = &HS_SCORE_RULES(call->scoring)[i];
	const HsRuled *r = &call->ruled[i];
	const char *name = card_text(call, rule->name);
	const char *title = rule->title ? card_text(call, rule->title) : name;
	bool known = call->result.known;
	double effect = known ? r->after - r->before : 0;
	StringInfoData line;
	int column;

	initStringInfo(&line);
	appendStringInfo(&line, "%s: ", title);
	appendStringInfoString(&line, rule->force		  ? ""
								  : isinf(rule->high) ? "at least "
													  : "at most ");
	if (rule->band != HS_NO_BAND)
		appendStringInfoString(&line, hs_band_name(call->card, rule->band));
	else
		appendStringInfo(&line, "%s points",
						 display(isinf(rule->high) ? rule->low : rule->high));
	if (effect != 0)
		appendStringInfo(&line, ", %.1f points became %.1f", r->before,
						 r->after);
	else if (r->band == HS_INSUFFICIENT)
		appendStringInfoString(&line, ", whatever else is known");

	for (column = 0; column < N_COLUMNS; column++)
		isnull[column] = true;
	isnull[0] = false;
	out[0] = Int32GetDatum(pos);
	put_text(out, isnull, 2, title);
	put_float(out, isnull, 8, effect, known);
	put_float(out, isnull, 9, -effect + 0.0, known);
	put_text(out, isnull, 11, line.data);
	put_text(out, isnull, 12, name);
}

/*
 * explain(card, measures, peers, facts) -> a row for each measure, and then
 * for each rule that changed something: what score() saw and made of it.  No
 * rows for a NULL card or NULL measures; errors as score().
 */
PG_FUNCTION_INFO_V1(hs_explain);
Datum
hs_explain(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	HsScoreCache cache = { 0 };
	HsScoreCall call;
	int *chosen;
	Datum out[N_COLUMNS] = { 0 };
	bool isnull[N_COLUMNS] = { 0 };
	int pos = 0;
	int i;

	InitMaterializedSRF(fcinfo, 0);
	if (!hs_score_call(fcinfo, &cache, CurrentMemoryContext, true, &chosen,
					   &call))
		return (Datum) 0;

	for (i = 0; i < call.scoring->n_measures; i++)
	{
		memset(isnull, 0, sizeof(isnull));
		put_measure(&call, chosen, i, out, isnull);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, out, isnull);
		pos++;
	}
	for (i = 0; i < call.scoring->n_rules; i++)
	{
		if (!call.ruled[i].changed)
			continue;
		put_rule(&call, i, ++pos, out, isnull);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, out, isnull);
	}
	return (Datum) 0;
}
