--
-- The scorecard value, and what is computed with it.
--

CREATE TYPE healthscore.scorecard;
CREATE FUNCTION healthscore.hs_scorecard_in(cstring) RETURNS healthscore.scorecard
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_scorecard_out(healthscore.scorecard) RETURNS cstring
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_scorecard_recv(internal) RETURNS healthscore.scorecard
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_scorecard_send(healthscore.scorecard) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Never compressed: a plain datum is recognised by its identity, row by row.
CREATE TYPE healthscore.scorecard (
    INPUT = healthscore.hs_scorecard_in,
    OUTPUT = healthscore.hs_scorecard_out,
    RECEIVE = healthscore.hs_scorecard_recv,
    SEND = healthscore.hs_scorecard_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = external
);
COMMENT ON TYPE healthscore.scorecard IS 'How signals become a score: a JSON document, checked on input and kept as a flat program. healthscore.scorecard_schema() describes the document.';

COMMENT ON FUNCTION healthscore.hs_scorecard_in(cstring) IS 'Input of scorecard: a JSON document; a mistake is reported with its JSON path.';
COMMENT ON FUNCTION healthscore.hs_scorecard_out(healthscore.scorecard) IS 'Output of scorecard: the canonical JSON document.';
COMMENT ON FUNCTION healthscore.hs_scorecard_recv(internal) IS 'Binary input of scorecard: a version byte and the JSON document.';
COMMENT ON FUNCTION healthscore.hs_scorecard_send(healthscore.scorecard) IS 'Binary output of scorecard: a version byte and the canonical JSON document.';

CREATE CAST (jsonb AS healthscore.scorecard) WITH INOUT;
CREATE CAST (json AS healthscore.scorecard) WITH INOUT;
CREATE CAST (healthscore.scorecard AS jsonb) WITH INOUT;
CREATE CAST (healthscore.scorecard AS json) WITH INOUT;
COMMENT ON CAST (jsonb AS healthscore.scorecard) IS 'Reads the document; the order of measures and signals is kept, as they are arrays.';
COMMENT ON CAST (json AS healthscore.scorecard) IS 'Reads the document.';
COMMENT ON CAST (healthscore.scorecard AS jsonb) IS 'The canonical document.';
COMMENT ON CAST (healthscore.scorecard AS json) IS 'The canonical document.';

CREATE FUNCTION healthscore.hs_scorecard_eq(healthscore.scorecard, healthscore.scorecard) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_scorecard_eq(healthscore.scorecard, healthscore.scorecard) IS 'Are the canonical documents the same?';
CREATE FUNCTION healthscore.hs_scorecard_ne(healthscore.scorecard, healthscore.scorecard) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_scorecard_ne(healthscore.scorecard, healthscore.scorecard) IS 'Do the canonical documents differ?';
CREATE OPERATOR healthscore.= (
    LEFTARG = healthscore.scorecard, RIGHTARG = healthscore.scorecard,
    FUNCTION = healthscore.hs_scorecard_eq, COMMUTATOR = OPERATOR(healthscore.=),
    NEGATOR = OPERATOR(healthscore.<>)
);
CREATE OPERATOR healthscore.<> (
    LEFTARG = healthscore.scorecard, RIGHTARG = healthscore.scorecard,
    FUNCTION = healthscore.hs_scorecard_ne, COMMUTATOR = OPERATOR(healthscore.<>),
    NEGATOR = OPERATOR(healthscore.=)
);
COMMENT ON OPERATOR healthscore.= (healthscore.scorecard, healthscore.scorecard) IS 'the same scorecard document';
COMMENT ON OPERATOR healthscore.<> (healthscore.scorecard, healthscore.scorecard) IS 'different scorecard documents';

CREATE FUNCTION healthscore.scorecard_name(card healthscore.scorecard) RETURNS text
AS 'MODULE_PATHNAME', 'hs_scorecard_name' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.scorecard_name(healthscore.scorecard) IS 'The name in the document.';
CREATE FUNCTION healthscore.scorecard_span(card healthscore.scorecard) RETURNS integer
AS 'MODULE_PATHNAME', 'hs_scorecard_span' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.scorecard_span(healthscore.scorecard) IS 'Days that the longest window looks back, as_of included: a query needs the rows with day > as_of - span.';

-- measure(): signals to measures, one aggregate for a whole scorecard

CREATE TYPE healthscore.measure_state;
CREATE FUNCTION healthscore.hs_measure_state_in(cstring) RETURNS healthscore.measure_state
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_measure_state_out(healthscore.measure_state) RETURNS cstring
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_measure_state_recv(internal) RETURNS healthscore.measure_state
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_measure_state_send(healthscore.measure_state) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE healthscore.measure_state (
    INPUT = healthscore.hs_measure_state_in,
    OUTPUT = healthscore.hs_measure_state_out,
    RECEIVE = healthscore.hs_measure_state_recv,
    SEND = healthscore.hs_measure_state_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE healthscore.measure_state IS 'What measure() knows of one account so far: fixed in size by the scorecard, combinable, independent of the order of rows. Text form: hexadecimal digits.';
COMMENT ON FUNCTION healthscore.hs_measure_state_in(cstring) IS 'Input of measure_state: hexadecimal digits of the binary form.';
COMMENT ON FUNCTION healthscore.hs_measure_state_out(healthscore.measure_state) IS 'Output of measure_state: hexadecimal digits of the binary form.';
COMMENT ON FUNCTION healthscore.hs_measure_state_recv(internal) IS 'Binary input of measure_state: every field is checked.';
COMMENT ON FUNCTION healthscore.hs_measure_state_send(healthscore.measure_state) IS 'Binary output of measure_state, in network byte order with a version byte.';

CREATE FUNCTION healthscore.hs_measure_accum(healthscore.measure_state, healthscore.scorecard, date, date, VARIADIC "any") RETURNS healthscore.measure_state
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_measure_accum(healthscore.measure_state, healthscore.scorecard, date, date, VARIADIC "any") IS 'Transition of measure().';
CREATE FUNCTION healthscore.hs_measure_combine(healthscore.measure_state, healthscore.measure_state) RETURNS healthscore.measure_state
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_measure_combine(healthscore.measure_state, healthscore.measure_state) IS 'Combines two states of measure() of the same scorecard and date.';
CREATE FUNCTION healthscore.hs_measure_final(healthscore.measure_state) RETURNS double precision[]
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_measure_final(healthscore.measure_state) IS 'Measures of a state; the age of the account counts from the earliest row seen.';

CREATE AGGREGATE healthscore.measure(card healthscore.scorecard, as_of date, day date, VARIADIC signals "any") (
    SFUNC = healthscore.hs_measure_accum,
    STYPE = healthscore.measure_state,
    SSPACE = 1024,
    FINALFUNC = healthscore.hs_measure_final,
    COMBINEFUNC = healthscore.hs_measure_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE healthscore.measure(healthscore.scorecard, date, date, VARIADIC "any") IS 'All measures of a scorecard for one account at as_of, as an array in the order of the card; NULL elements are not known, and no rows give NULL. The signals come in the order of the card. The age of the account counts from the earliest row given.';

CREATE AGGREGATE healthscore.measure_partial(card healthscore.scorecard, as_of date, day date, VARIADIC signals "any") (
    SFUNC = healthscore.hs_measure_accum,
    STYPE = healthscore.measure_state,
    SSPACE = 1024,
    COMBINEFUNC = healthscore.hs_measure_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE healthscore.measure_partial(healthscore.scorecard, date, date, VARIADIC "any") IS 'The state of measure(), for healthscore.measured(), which knows when the account began and what it means to have no row at all.';

CREATE FUNCTION healthscore.measured(card healthscore.scorecard, as_of date, partial healthscore.measure_state, since date) RETURNS double precision[]
AS 'MODULE_PATHNAME', 'hs_measured' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.measured(healthscore.scorecard, date, healthscore.measure_state, date) IS 'Measures of an account that began at since, from the state that measure_partial() gave. A NULL state is an account that was silent in every window; a NULL since counts the age from the earliest row; with both NULL no measure is known.';

CREATE FUNCTION healthscore.last_day(partial healthscore.measure_state) RETURNS date
AS 'MODULE_PATHNAME', 'hs_last_day' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.last_day(healthscore.measure_state) IS 'The latest day with a row among those that measure_partial() was given, up to as_of.';

-- score() and explain(): measures to a score

CREATE FUNCTION healthscore.score(card healthscore.scorecard, measures double precision[],
    peers healthscore.baseline DEFAULT NULL, facts jsonb DEFAULT NULL,
    OUT score double precision, OUT shown double precision, OUT band text, OUT band_rank integer,
    OUT coverage double precision, OUT points double precision[], OUT contributions double precision[],
    OUT before_rules double precision, OUT rules text[])
AS 'MODULE_PATHNAME', 'hs_score_row' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.score(healthscore.scorecard, double precision[], healthscore.baseline, jsonb) IS 'Score of measures. peers: baseline() of the same scorecard over the peers, for normalisers among peers, which are not known without it; facts: a JSON object of what rules ask for as "attribute". score: 0 to 100, higher is healthier; before_rules: the sum of the contributions; rules: names of the rules that changed score or band, in order, NULL if none; shown: score rounded to the decimals of the card; band: judged on score, an edge belongs to the upper band, "insufficient data" below the minimum coverage; band_rank: 1 is the lowest, NULL for insufficient data; coverage: share of the weight whose measures are known, 0 to 1; points: 0 to 100 for each measure. With no known measure score is NULL. NULL card or measures give NULL.';

CREATE FUNCTION healthscore.hs_score_brief(card healthscore.scorecard, measures double precision[],
    peers healthscore.baseline DEFAULT NULL, facts jsonb DEFAULT NULL,
    OUT score double precision, OUT shown double precision, OUT band text, OUT band_rank integer,
    OUT coverage double precision, OUT rules text[])
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_score_brief(healthscore.scorecard, double precision[], healthscore.baseline, jsonb) IS 'score() without what each measure gives, for a whole book that is only looked at.';

CREATE FUNCTION healthscore.explain(card healthscore.scorecard, measures double precision[],
    peers healthscore.baseline DEFAULT NULL, facts jsonb DEFAULT NULL)
RETURNS TABLE (pos integer, measure text, title text, measure_group text, value double precision, unit text,
    points double precision, weight double precision, contribution double precision, lost double precision,
    missing text, reason text, rule text, peer_median double precision, peer_percentile double precision)
AS 'MODULE_PATHNAME', 'hs_explain' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 12;
COMMENT ON FUNCTION healthscore.explain(healthscore.scorecard, double precision[], healthscore.baseline, jsonb) IS 'A row for each measure, and after them one for each rule that changed score or band. Of a measure: value; points 0 to 100; weight, the share of the score that it decides; contribution = points * weight; lost = what it is short of 100 points; missing: the policy that was applied to a value that is not known, or "carry" for a carried one; reason: one line for people; peer_median and peer_percentile (0 to 100) of the others among peers. Of a rule: rule, its name; contribution, what it added to the score; lost, the same with the other sign; measure and value are NULL. The contributions sum to the score, and lost to what it is short of 100. NULL card or measures give no rows.';

CREATE FUNCTION healthscore.risk_signals(usage double precision[], open_tickets bigint DEFAULT 0, days_to_renewal bigint DEFAULT 365,
    OUT risk_level text, OUT signals text[])
AS 'MODULE_PATHNAME', 'hs_risk_signals' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.risk_signals(double precision[], bigint, bigint) IS 'Fixed rules: usage_decline when the last of usage < 0.7 * the one before; high_support_volume when open_tickets > 5; renewal_risk when days_to_renewal < 60 and another signal fired. Three signals are critical, one or two a warning, none is stable. NULL tickets count as 0, NULL days as 365.';
