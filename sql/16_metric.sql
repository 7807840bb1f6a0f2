--
-- Metrics: how well predictions agree with outcomes, and what makes them agree.
--

CREATE TYPE healthscore.ranking;
CREATE FUNCTION healthscore.hs_ranking_in(cstring) RETURNS healthscore.ranking
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_ranking_out(healthscore.ranking) RETURNS cstring
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_ranking_recv(internal) RETURNS healthscore.ranking
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_ranking_send(healthscore.ranking) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE healthscore.ranking (
    INPUT = healthscore.hs_ranking_in,
    OUTPUT = healthscore.hs_ranking_out,
    RECEIVE = healthscore.hs_ranking_recv,
    SEND = healthscore.hs_ranking_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE healthscore.ranking IS 'Outcomes with their predictions: a multiset of rows (outcome, prediction, weight), 8 bytes for each row, 16 with weights. The result of the aggregate ranking(), from which all metrics and curves can be computed; rankings can be stored and combined. Text form: hexadecimal digits.';
COMMENT ON FUNCTION healthscore.hs_ranking_in(cstring) IS 'Input of ranking: hexadecimal digits of the binary form.';
COMMENT ON FUNCTION healthscore.hs_ranking_out(healthscore.ranking) IS 'Output of ranking: hexadecimal digits of the binary form.';
COMMENT ON FUNCTION healthscore.hs_ranking_recv(internal) IS 'Binary input of ranking: every field is checked.';
COMMENT ON FUNCTION healthscore.hs_ranking_send(healthscore.ranking) IS 'Binary output of ranking, sorted, in network byte order with a version byte.';

CREATE FUNCTION healthscore.hs_ranking_accum(healthscore.ranking, boolean, double precision) RETURNS healthscore.ranking
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_ranking_accum(healthscore.ranking, boolean, double precision) IS 'Transition of the metrics: adds a row; a NULL outcome or prediction is skipped.';
CREATE FUNCTION healthscore.hs_ranking_accum(healthscore.ranking, boolean, double precision, double precision) RETURNS healthscore.ranking
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_ranking_accum(healthscore.ranking, boolean, double precision, double precision) IS 'Transition of the metrics with a weight: adds a row; a row with a NULL or of weight 0 is skipped.';
CREATE FUNCTION healthscore.hs_ranking_accum_share(healthscore.ranking, boolean, double precision, double precision) RETURNS healthscore.ranking
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_ranking_accum_share(healthscore.ranking, boolean, double precision, double precision) IS 'Transition of lift(outcome, prediction, share), which keeps the share in the state.';
CREATE FUNCTION healthscore.hs_ranking_accum_share(healthscore.ranking, boolean, double precision, double precision, double precision) RETURNS healthscore.ranking
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_ranking_accum_share(healthscore.ranking, boolean, double precision, double precision, double precision) IS 'Transition of lift(outcome, prediction, share, weight), which keeps the share in the state.';
CREATE FUNCTION healthscore.hs_ranking_combine(healthscore.ranking, healthscore.ranking) RETURNS healthscore.ranking
AS 'MODULE_PATHNAME', 'hs_ranking_combine_sql' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_ranking_combine(healthscore.ranking, healthscore.ranking) IS 'The ranking of the rows of both; NULL is that of no rows.';
CREATE FUNCTION healthscore.hs_ranking_final(healthscore.ranking) RETURNS healthscore.ranking
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_ranking_final(healthscore.ranking) IS 'The ranking of a state: sorted, without spare room.';

CREATE AGGREGATE healthscore.ranking(outcome boolean, prediction double precision) (
    SFUNC = healthscore.hs_ranking_accum, STYPE = healthscore.ranking, SSPACE = 1024,
    FINALFUNC = healthscore.hs_ranking_final, COMBINEFUNC = healthscore.hs_ranking_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE healthscore.ranking(boolean, double precision) IS 'Outcomes with their predictions, to compute any number of metrics and curves from. Rows with a NULL are skipped: NULL is an outcome that is not known yet. NULL if there is no row.';
CREATE AGGREGATE healthscore.ranking(outcome boolean, prediction double precision, weight double precision) (
    SFUNC = healthscore.hs_ranking_accum, STYPE = healthscore.ranking, SSPACE = 1024,
    FINALFUNC = healthscore.hs_ranking_final, COMBINEFUNC = healthscore.hs_ranking_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE healthscore.ranking(boolean, double precision, double precision) IS 'Outcomes with their predictions and weights. Rows with a NULL or of weight 0 are skipped. NULL if there is no row.';
CREATE AGGREGATE healthscore.ranking(part healthscore.ranking) (
    SFUNC = healthscore.hs_ranking_combine, STYPE = healthscore.ranking, SSPACE = 8192,
    FINALFUNC = healthscore.hs_ranking_final, COMBINEFUNC = healthscore.hs_ranking_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE healthscore.ranking(healthscore.ranking) IS 'The ranking of the rows of all parts, such as of stored nights or segments. NULL parts are skipped; NULL if there is no other.';

-- Each metric as a function of a ranking, which is also the final function of
-- the aggregates of its name: (outcome, prediction) and with a weight.
DO $do$
DECLARE
    f record;
BEGIN
    FOR f IN SELECT * FROM (VALUES
        ('auc', 'Area under the ROC curve: probability that a row with the outcome has a higher prediction than one without, ties half. NULL unless both outcomes occur.'),
        ('average_precision', 'Sum over descending thresholds of precision times the recall that it adds, rows of equal prediction together, not interpolated. NULL if the outcome never occurs.'),
        ('ks', 'Largest distance of true and false positive rate over all thresholds (Kolmogorov, Smirnov), 0 to 1. NULL unless both outcomes occur.'),
        ('lift', 'Rate of the outcome among the tenth of rows with the highest predictions over the rate among all rows. Rows with the prediction at which the cut falls count in part, all alike. NULL if the outcome never occurs.'),
        ('base_rate', 'Share of rows with the outcome, 0 to 1, of all rows whose outcome and prediction are known.'),
        ('log_loss', 'Mean of -ln(probability given to what happened), 0 is best; probabilities are taken to be at least 1e-15 and at most 1 - 1e-15. A prediction below 0 or above 1 is an error.'),
        ('brier', 'Mean squared distance of probability and outcome, 0 is best, 1 worst. A prediction below 0 or above 1 is an error.'),
        ('calibration_slope', 'Slope of the logistic regression of the outcome on logit(prediction): 1 if probabilities are spread as they should be, less if they are too extreme. Probabilities are taken to be at least 1e-6 and at most 1 - 1e-6; one below 0 or above 1 is an error. NULL unless both outcomes occur and overlap.'),
        ('calibration_intercept', 'Intercept of the logistic regression of the outcome on logit(prediction), in log odds: 0, with a slope of 1, if probabilities are right. As calibration_slope().')) AS v(name, about)
    LOOP
        EXECUTE format($sql$
            CREATE FUNCTION healthscore.%1$I(r healthscore.ranking) RETURNS double precision
            AS 'MODULE_PATHNAME', %2$L LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
            COMMENT ON FUNCTION healthscore.%1$I(healthscore.ranking) IS %3$L;
            CREATE AGGREGATE healthscore.%1$I(outcome boolean, prediction double precision) (
                SFUNC = healthscore.hs_ranking_accum, STYPE = healthscore.ranking, SSPACE = 1024,
                FINALFUNC = healthscore.%1$I, COMBINEFUNC = healthscore.hs_ranking_combine, PARALLEL = SAFE);
            COMMENT ON AGGREGATE healthscore.%1$I(boolean, double precision) IS %4$L$sql$,
            f.name, 'hs_' || f.name, f.about,
            f.about || ' Rows with a NULL are skipped: NULL is an outcome that is not known yet. NULL if there is no row.');
        -- the third argument of lift() is the share
        CONTINUE WHEN f.name = 'lift';
        EXECUTE format($sql$
            CREATE AGGREGATE healthscore.%1$I(outcome boolean, prediction double precision, weight double precision) (
                SFUNC = healthscore.hs_ranking_accum, STYPE = healthscore.ranking, SSPACE = 1024,
                FINALFUNC = healthscore.%1$I, COMBINEFUNC = healthscore.hs_ranking_combine, PARALLEL = SAFE);
            COMMENT ON AGGREGATE healthscore.%1$I(boolean, double precision, double precision) IS %2$L$sql$,
            f.name,
            f.about || ' Rows count with their weight; those with a NULL or of weight 0 are skipped. NULL if there is no row.');
    END LOOP;
END
$do$;

CREATE FUNCTION healthscore.lift(r healthscore.ranking, share double precision) RETURNS double precision
AS 'MODULE_PATHNAME', 'hs_lift_share' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.lift(healthscore.ranking, double precision) IS 'Rate of the outcome among the share (greater than 0, at most 1) of rows with the highest predictions over the rate among all rows. Rows with the prediction at which the cut falls count in part, all alike. NULL if the outcome never occurs.';
CREATE AGGREGATE healthscore.lift(outcome boolean, prediction double precision, share double precision) (
    SFUNC = healthscore.hs_ranking_accum_share, STYPE = healthscore.ranking, SSPACE = 1024,
    FINALFUNC = healthscore.lift, COMBINEFUNC = healthscore.hs_ranking_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE healthscore.lift(boolean, double precision, double precision) IS 'Rate of the outcome among the share (greater than 0, at most 1; the same for all rows) of rows with the highest predictions over the rate among all rows. Rows with the prediction at which the cut falls count in part, all alike. Rows with a NULL outcome or prediction are skipped. NULL if the outcome never occurs.';
CREATE AGGREGATE healthscore.lift(outcome boolean, prediction double precision, share double precision, weight double precision) (
    SFUNC = healthscore.hs_ranking_accum_share, STYPE = healthscore.ranking, SSPACE = 1024,
    FINALFUNC = healthscore.lift, COMBINEFUNC = healthscore.hs_ranking_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE healthscore.lift(boolean, double precision, double precision, double precision) IS 'As lift(outcome, prediction, share), where rows count with their weight; those of a NULL weight or weight 0 are skipped.';

CREATE FUNCTION healthscore.ranking_counts(r healthscore.ranking, OUT n bigint, OUT positives bigint, OUT weight double precision, OUT positive_weight double precision)
AS 'MODULE_PATHNAME', 'hs_ranking_counts' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.ranking_counts(healthscore.ranking) IS 'n: rows of a ranking; positives: those with the outcome; weight, positive_weight: sums of their weights, which are 1 where none was given.';

CREATE FUNCTION healthscore.auc_interval(r healthscore.ranking, level double precision DEFAULT 0.95, OUT auc double precision, OUT stderr double precision, OUT low double precision, OUT high double precision)
AS 'MODULE_PATHNAME', 'hs_auc_interval' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.auc_interval(healthscore.ranking, double precision) IS 'AUC with its standard error after DeLong and the interval auc -+ z * stderr, cut at 0 and 1, that covers the true one with probability level. Weights are weights of a sample, not counts. auc is NULL unless both outcomes occur; the others also if one occurs less than twice, or the standard error is 0 (a perfect or a constant order), which tells nothing.';

CREATE FUNCTION healthscore.wilson_interval(successes double precision, trials double precision, level double precision DEFAULT 0.95, OUT rate double precision, OUT low double precision, OUT high double precision)
AS 'MODULE_PATHNAME', 'hs_wilson_interval' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.wilson_interval(double precision, double precision, double precision) IS 'rate = successes / trials, and its interval after Wilson that covers the true rate with probability level. Successes are between 0 and trials. All NULL without trials.';

CREATE FUNCTION healthscore.roc_curve(r healthscore.ranking, points integer DEFAULT 100)
RETURNS TABLE (threshold double precision, recall double precision, false_positive_rate double precision, true_positives double precision,
    false_positives double precision, true_negatives double precision, false_negatives double precision)
AS 'MODULE_PATHNAME', 'hs_roc_curve' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 100;
COMMENT ON FUNCTION healthscore.roc_curve(healthscore.ranking, integer) IS 'A row for each threshold, descending from infinity, where nothing is flagged, to the lowest prediction; a row is flagged if its prediction is at least the threshold. At most points + 2 rows, evenly over the share of rows flagged; all different predictions if points is NULL. recall: flagged share of the rows with the outcome, NULL if there are none; false_positive_rate: flagged share of those without, NULL if there are none; the others are sums of weights, or counts. No rows for a NULL ranking.';

CREATE FUNCTION healthscore.calibration_curve(r healthscore.ranking, bins integer DEFAULT 10, level double precision DEFAULT 0.95)
RETURNS TABLE (bin integer, n bigint, weight double precision, lowest double precision, highest double precision, mean_predicted double precision,
    positives double precision, observed_rate double precision, low double precision, high double precision)
AS 'MODULE_PATHNAME', 'hs_calibration_curve' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION healthscore.calibration_curve(healthscore.ranking, integer, double precision) IS 'Reliability table: at most bins bins of about the same number of rows (sum of weights), ascending; rows of equal prediction are never divided. n: rows; weight: their weights; lowest, highest: their predictions; mean_predicted: mean of them; positives: weight of rows with the outcome; observed_rate: positives / weight; low, high: Wilson interval of that rate, with weights for the effective number of rows. Predictions need not be probabilities.';

CREATE FUNCTION healthscore.lift_table(r healthscore.ranking, bins integer DEFAULT 10)
RETURNS TABLE (bin integer, share double precision, highest double precision, lowest double precision, weight double precision, positives double precision,
    rate double precision, lift double precision, captured double precision, cumulative_lift double precision)
AS 'MODULE_PATHNAME', 'hs_lift_table' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION healthscore.lift_table(healthscore.ranking, integer) IS 'Bins of exactly the same number of rows (sum of weights) from the highest predictions on. Rows with the prediction at which a cut falls count in part on either side, all alike, so that counts may be fractions. share: of all rows, in this bin and before; highest, lowest: predictions in the bin; weight: rows in the bin; positives: those with the outcome; rate: positives / weight; lift: rate over the rate among all rows; captured: share of all rows with the outcome that are in this bin or before; cumulative_lift: captured / share. The last three, of lift, captured and cumulative_lift, are NULL if the outcome never occurs.';

CREATE FUNCTION healthscore.threshold_metrics(r healthscore.ranking, thresholds double precision[])
RETURNS TABLE (threshold double precision, flagged double precision, flagged_share double precision, true_positives double precision, false_positives double precision,
    true_negatives double precision, false_negatives double precision, "precision" double precision, recall double precision, specificity double precision,
    f1 double precision, lift double precision)
AS 'MODULE_PATHNAME', 'hs_threshold_metrics' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION healthscore.threshold_metrics(healthscore.ranking, double precision[]) IS 'A row for each threshold; a row of the ranking is flagged if its prediction is at least the threshold. flagged and the four counts: sums of weights, or numbers of rows; flagged_share: of all rows; precision: share of the flagged that have the outcome; recall: share of those with the outcome that are flagged; specificity: share of those without it that are not; f1: harmonic mean of precision and recall; lift: precision over the rate among all rows. A share of nothing is NULL.';

CREATE FUNCTION healthscore.platt(r healthscore.ranking, OUT a double precision, OUT b double precision)
AS 'MODULE_PATHNAME', 'hs_platt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.platt(healthscore.ranking) IS 'Platt''s scaling: probability = 1 / (1 + exp(a * prediction + b)), fitted with targets (P + 1) / (P + 2) and 1 / (N + 2) for the weights P and N of rows with and without the outcome. a is negative if higher predictions mean a higher rate, 0 if all predictions are the same. NULL unless both outcomes occur.';

CREATE FUNCTION healthscore.isotonic(r healthscore.ranking)
RETURNS TABLE (step integer, lowest double precision, highest double precision, probability double precision, n bigint, weight double precision)
AS 'MODULE_PATHNAME', 'hs_isotonic' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 20;
COMMENT ON FUNCTION healthscore.isotonic(healthscore.ranking) IS 'Isotonic calibration: the least squares fit of the outcome that never falls as the prediction rises, by pooling adjacent violators. A row for each step, ascending: lowest, highest: its predictions; probability: share of its rows with the outcome; n: its rows; weight: their weights.';

CREATE FUNCTION healthscore.psi(expected double precision[], actual double precision[], least_share double precision DEFAULT 0.0001) RETURNS double precision
AS 'MODULE_PATHNAME', 'hs_psi' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.psi(double precision[], double precision[], double precision) IS 'Population stability index: sum over bins of (a - e) * ln(a / e), where e and a are the shares of a bin, none of them taken to be below least_share. The arrays are shares or counts of the same bins; each is divided by its sum. 0: the same; usual readings are below 0.1 no change, 0.25 and more a large one. NULL if one of them has no rows at all.';

CREATE FUNCTION healthscore.calibration_error(r healthscore.ranking, bins integer DEFAULT 10) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT sum(weight * abs(observed_rate - mean_predicted)) / sum(weight) FROM healthscore.calibration_curve(r, bins));
COMMENT ON FUNCTION healthscore.calibration_error(healthscore.ranking, integer) IS 'Expected calibration error: mean distance of observed rate and mean prediction over the bins of calibration_curve(), by weight; 0 is best. Of few rows it is above 0 even if probabilities are right. NULL for a ranking without rows.';
