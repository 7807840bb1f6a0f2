--
-- Training into the registry, drift, and when to train again.
--

-- No SET: the query is looked up in the path of the caller.
CREATE FUNCTION healthscore.train(name text, query text, label text DEFAULT 'label', algorithm text DEFAULT 'trees', params jsonb DEFAULT '{}',
    account text DEFAULT NULL, "time" text DEFAULT NULL, split text DEFAULT NULL, weight text DEFAULT NULL,
    ignore text[] DEFAULT '{}', base healthscore.model DEFAULT NULL, force boolean DEFAULT false,
    as_of date DEFAULT NULL, horizon integer DEFAULT NULL, note text DEFAULT NULL) RETURNS integer
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 1000000
BEGIN ATOMIC
    SELECT healthscore.hs_store_model(train.name, t.model, 'native', train.query, train.label,
        jsonb_strip_nulls(jsonb_build_object('account', train.account, 'time', train."time", 'split', train.split, 'weight', train.weight,
            'ignore', CASE WHEN train.ignore <> '{}' THEN to_jsonb(train.ignore) END)),
        t.report, NULL, NULL, train.as_of, train.horizon, train.note)
    FROM healthscore.train_model(CASE WHEN healthscore.hs_check_new_model(train.name, train.as_of, train.horizon) THEN train.query END, train.label, train.algorithm, train.params,
        train.account, train."time", train.split, train.weight, train.ignore, train.base, train.force) AS t;
END;
COMMENT ON FUNCTION healthscore.train(text, text, text, text, jsonb, text, text, text, text, text[], healthscore.model, boolean, date, integer, text) IS 'Trains as healthscore.train_model() does and stores the model as the next version of a name, which it returns. It is a candidate: healthscore.deploy() puts it to use. as_of: the last day that the rows know of, from which the age of the model counts; horizon: the outcome is the end of the account at most so many days after a night. Both may be left out; calibration is watched only of models whose horizon is known.';

CREATE FUNCTION healthscore.hs_in_use(name text, version integer) RETURNS healthscore.models
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    champion integer := (healthscore.hs_deployment(name, 'champion')).version;
    m healthscore.models := healthscore.hs_model_version(name, coalesce(version, champion, 1));
BEGIN
    IF version IS NULL AND champion IS NULL THEN
        RAISE EXCEPTION 'model "%" has no champion', name USING ERRCODE = 'undefined_object', HINT = 'Name a version, or healthscore.deploy() one.';
    END IF;
    RETURN m;
END
$$;
COMMENT ON FUNCTION healthscore.hs_in_use(text, integer) IS 'A version of a model; NULL is the champion. None is error 42704.';

CREATE FUNCTION healthscore.hs_model_nights_sql(model healthscore.models) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    card record;
    parts text;
BEGIN
    FOR card IN
        SELECT c.name, c.version, healthscore.hs_measure_names(c.card) AS measures
        FROM healthscore.scorecards AS c
        WHERE c.name IN (SELECT a.scorecard FROM healthscore.model_assignments AS a WHERE a.model = (hs_model_nights_sql.model).name)
        ORDER BY c.name, c.version
    LOOP
        CONTINUE WHEN NOT healthscore.model_features(model.model) <@ card.measures;
        parts := concat_ws(E'\nUNION ALL\n', parts, format('SELECT s.account_id, s.as_of, %s AS features FROM healthscore.scores AS s WHERE s.scorecard = %L AND s.version = %s',
            healthscore.hs_features_sql(model, card.name, card.version, card.measures), card.name, card.version));
    END LOOP;
    -- the last stored night of each week that ends with the window
    RETURN format('SELECT n.* FROM (%s) AS n WHERE n.as_of IN (SELECT max(w.as_of) FROM (SELECT DISTINCT s.as_of FROM healthscore.scores AS s WHERE s.as_of BETWEEN $1 AND $2) AS w GROUP BY ($2 - w.as_of) / 7)',
        coalesce(parts, 'SELECT NULL::text AS account_id, NULL::date AS as_of, NULL::double precision[] AS features WHERE false'));
END
$$;
COMMENT ON FUNCTION healthscore.hs_model_nights_sql(healthscore.models) IS 'SQL for the features of a model on stored nights from $1 to $2, one a week, of accounts that a scorecard scored to which the model is assigned.';

CREATE FUNCTION healthscore.model_drift(name text, as_of date, days integer DEFAULT 30, version integer DEFAULT NULL, reference_from date DEFAULT NULL, reference_to date DEFAULT NULL)
RETURNS TABLE (part text, feature text, psi double precision, by_chance double precision, reading text, accounts bigint, rows_before double precision, rows_now bigint,
    unknown_before double precision, unknown_now double precision, edges double precision[], before double precision[], now double precision[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    m healthscore.models := healthscore.hs_in_use(name, version);
    nights text;
    histograms jsonb := m.model::jsonb -> 'histograms';
    names text[] := healthscore.model_features(m.model) || NULL::text;
    -- trees see values in single precision, and so were they counted
    single boolean := m.algorithm = 'trees';
    values_sql text;
    first_day date;
    last_day date;
BEGIN
    PERFORM healthscore.hs_check_date(as_of);
    IF days IS NULL OR days < 1 OR days > 3660 THEN
        RAISE EXCEPTION 'days must be from 1 to 3660' USING ERRCODE = 'invalid_parameter_value';
    ELSIF reference_from > reference_to OR NOT isfinite(reference_from) OR NOT isfinite(reference_to) THEN
        RAISE EXCEPTION 'reference_from must not be after reference_to, and both finite' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    nights := healthscore.hs_model_nights_sql(m);
    values_sql := format($q$
        SELECT n.account_id, v.i::integer AS i, CASE WHEN v.value IS NULL OR v.i > %1$s OR NOT %2$L THEN v.value
            WHEN abs(v.value) < 1.2e-38 THEN 0 ELSE greatest(least(v.value, 3.4e38), -3.4e38)::real END::double precision AS value
        FROM (%3$s) AS n, (SELECT x.model FROM healthscore.models AS x WHERE x.name = %4$L AND x.version = %5$s) AS k,
             LATERAL unnest(n.features || 1 / (1 + exp(-least(greatest(healthscore.predict_margin(k.model, n.features), -700), 700)))) WITH ORDINALITY AS v(value, i)$q$,
        cardinality(names) - 1, single, nights, m.name, m.version);

    -- what it is compared with: the histograms of the training, or stored nights
    IF histograms IS NULL OR reference_from IS NOT NULL OR reference_to IS NOT NULL THEN
        last_day := coalesce(reference_to, m.as_of, reference_from + days - 1);
        first_day := coalesce(reference_from, last_day - days + 1);
        EXECUTE format($q$
            WITH x AS MATERIALIZED (%s),
            e AS (
                SELECT t.i, ARRAY(SELECT DISTINCT u FROM unnest(t.tenths) AS u WHERE u > t.least ORDER BY u) AS edges
                FROM (SELECT x.i, percentile_disc(ARRAY[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) WITHIN GROUP (ORDER BY x.value) AS tenths, min(x.value) AS least
                      FROM x GROUP BY x.i) AS t
            ), c AS MATERIALIZED (
                SELECT x.i, CASE WHEN x.value IS NULL THEN cardinality(e.edges) + 1 ELSE width_bucket(x.value, e.edges) END AS bin, count(*) AS n
                FROM x JOIN e ON e.i = x.i GROUP BY 1, 2
            ), h AS (
                SELECT e.i, jsonb_build_object('edges', e.edges,
                    'counts', ARRAY(SELECT coalesce(c.n, 0) FROM generate_series(0, cardinality(e.edges)) AS b LEFT JOIN c ON c.i = e.i AND c.bin = b ORDER BY b),
                    'unknown', coalesce((SELECT c.n FROM c WHERE c.i = e.i AND c.bin = cardinality(e.edges) + 1), 0)) AS h
                FROM e
            )
            SELECT jsonb_build_object('features', jsonb_agg(h.h ORDER BY h.i) FILTER (WHERE h.i < $3), 'score', (jsonb_agg(h.h) FILTER (WHERE h.i = $3)) -> 0) FROM h$q$, values_sql)
        INTO histograms USING first_day, last_day, cardinality(names);
    END IF;

    RETURN QUERY EXECUTE format($q$
        WITH h AS (
            SELECT i, CASE WHEN i = $3 THEN $4 -> 'score' ELSE $4 -> 'features' -> (i - 1) END AS h FROM generate_series(1, $3) AS i
        ), e AS (
            SELECT h.i, h.h, CASE WHEN jsonb_typeof(h.h) = 'object' THEN ARRAY(SELECT t::double precision FROM jsonb_array_elements_text(h.h -> 'edges') WITH ORDINALITY AS j(t, k) ORDER BY k) END AS edges,
                   CASE WHEN jsonb_typeof(h.h) = 'object' THEN ARRAY(SELECT t::double precision FROM jsonb_array_elements_text(h.h -> 'counts') WITH ORDINALITY AS j(t, k) ORDER BY k)
                       || (h.h ->> 'unknown')::double precision END AS before
            FROM h
        ), x AS MATERIALIZED (
            %s
        ), c AS MATERIALIZED (
            SELECT x.i, CASE WHEN x.value IS NULL THEN cardinality(e.edges) + 1 ELSE width_bucket(x.value, e.edges) END AS bin, count(*) AS n
            FROM x JOIN e ON e.i = x.i WHERE e.edges IS NOT NULL GROUP BY 1, 2
        ), r AS MATERIALIZED (
            SELECT e.i, e.edges, e.before, (SELECT sum(b) FROM unnest(e.before) AS b) AS rows_before,
                   ARRAY(SELECT coalesce(c.n, 0)::double precision FROM generate_series(0, cardinality(e.edges) + 1) AS b LEFT JOIN c ON c.i = e.i AND c.bin = b ORDER BY b) AS now
            FROM e
        ), s AS MATERIALIZED (
            SELECT r.*, a.accounts, a.rows_now, -- an empty bin counts as half a row of the smaller side
                   CASE WHEN a.rows_now > 0 THEN healthscore.psi(r.before, r.now, least(0.5 / greatest(least(r.rows_before, a.rows_now), 1), 0.1)) END AS psi,
                   (SELECT count(*) - 1 FROM unnest(r.before, r.now) AS u(b, n) WHERE u.b > 0 OR u.n > 0)::double precision AS free
            FROM r, (SELECT count(DISTINCT x.account_id) AS accounts, count(*) AS rows_now FROM x WHERE x.i = $3) AS a
        ), t AS (
            -- n * PSI is about chi-squared (Yurdakul, 2018); its 95th percentile after Wilson and Hilferty
            SELECT s.*, CASE WHEN s.psi IS NULL THEN NULL WHEN s.free < 1 THEN 0
                ELSE s.free * (1 - 2 / (9 * s.free) + 1.6449 * sqrt(2 / (9 * s.free))) ^ 3 * (1 / s.rows_before + 1.0 / s.accounts) END AS by_chance
            FROM s
        )
        SELECT CASE WHEN t.i = $3 THEN 'score' ELSE 'feature' END, $5[t.i], t.psi, t.by_chance,
               CASE WHEN t.psi IS NULL THEN 'unknown' WHEN t.psi <= t.by_chance OR t.psi < 0.1 THEN 'none' WHEN t.psi < 0.25 THEN 'moderate' ELSE 'large' END,
               t.accounts, t.rows_before, t.rows_now, t.before[cardinality(t.before)] / nullif(t.rows_before, 0),
               CASE WHEN t.before IS NOT NULL THEN t.now[cardinality(t.now)] / nullif(t.rows_now, 0) END, t.edges, t.before, CASE WHEN t.before IS NOT NULL THEN t.now END
        FROM t ORDER BY t.i$q$, values_sql)
    USING as_of - days + 1, as_of, cardinality(names), histograms, names;
END
$$;
COMMENT ON FUNCTION healthscore.model_drift(text, date, integer, integer, date, date) IS 'Have the features of a model (version NULL: the champion) and its score before calibration moved since its training? A row for each feature, in the order of the model, and one for the score: population stability index (PSI) of the accounts of the scorecards that it is assigned to, on stored nights of the days that end at as_of, the last of each week, against the histograms of its training; against stored nights from reference_from to reference_to if given, or, of a model without histograms, of the days up to its as_of. A bin that is empty on a side counts there as half a row of the smaller side. by_chance: what 95 of 100 samples of so many accounts stay below though nothing moved. reading: none (below 0.1, or not above by_chance), moderate, large (0.25 and more), or unknown without nights or anything to compare with. before, now: rows in each bin edges[k - 1] <= value < edges[k], and last those that are not known.';

CREATE FUNCTION healthscore.model_calibration(name text, as_of date, days integer DEFAULT 90, version integer DEFAULT NULL, level double precision DEFAULT 0.95,
    outcome text[] DEFAULT '{churned}', kind text DEFAULT NULL, labels regclass DEFAULT NULL,
    OUT model_version integer, OUT horizon integer, OUT from_night date, OUT to_night date, OUT accounts bigint, OUT mean_predicted double precision,
    OUT observed bigint, OUT observed_rate double precision, OUT low double precision, OUT high double precision, OUT reading text, OUT judged_by text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    m healthscore.models := healthscore.hs_in_use(name, version);
    rel regclass := healthscore.hs_labels(labels, kind);
    ends boolean := rel = 'healthscore.account_ends'::regclass;
BEGIN
    PERFORM healthscore.hs_check_date(as_of);
    IF days IS NULL OR days < 1 OR days > 3660 THEN
        RAISE EXCEPTION 'days must be from 1 to 3660' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    kind := coalesce(kind, 'renewal');
    IF NOT ends THEN
        PERFORM healthscore.hs_check_labels(rel, outcome, kind);
    END IF;
    judged_by := rel;
    model_version := m.version;
    horizon := m.horizon;
    -- one prediction of each account, so that they are independent; of an account
    -- that nobody lists, nobody could have said that it ended
    EXECUTE format(E'WITH %s\n'
        'SELECT min(x.as_of), max(x.as_of), count(*), avg(x.probability), count(x.happened)\n'
        'FROM (SELECT DISTINCT ON (p.account_id) p.as_of, p.probability, u.happened\n'
        '      FROM healthscore.predictions AS p CROSS JOIN bound AS b LEFT JOIN event AS v ON v.account_id = p.account_id\n'
        '      CROSS JOIN LATERAL (%s) AS u\n'
        '      WHERE p.outcome = ''churn'' AND p.model = $5 AND p.version = $6 AND p.as_of > coalesce($7, ''-infinity'') AND p.as_of <= b.last AND p.as_of > b.last - $8\n'
        '        AND u.open IS NOT TRUE AND u.decided IS NOT TRUE%s\n'
        '      ORDER BY p.account_id, p.as_of DESC) AS x',
        healthscore.hs_events_sql(rel, '$1', '$2', '$3', '$4'), healthscore.hs_fate_sql('p.as_of', '$2'),
        CASE WHEN ends THEN ' AND EXISTS (SELECT FROM healthscore.accounts AS a WHERE a.account_id = p.account_id)' ELSE '' END)
    INTO from_night, to_night, accounts, mean_predicted, observed
    USING as_of, m.horizon, outcome, kind, m.name, m.version, m.as_of, days;
    SELECT w.rate, w.low, w.high INTO observed_rate, low, high FROM healthscore.wilson_interval(observed, accounts, level) AS w;
    reading := CASE WHEN accounts = 0 THEN 'unknown' WHEN mean_predicted < low THEN 'too low' WHEN mean_predicted > high THEN 'too high' ELSE 'right' END;
END
$$;
COMMENT ON FUNCTION healthscore.model_calibration(text, date, integer, integer, double precision, text[], text, regclass) IS 'Did what a version of a model (NULL: the champion) predicted happen as often? What happened are outcomes of the kind (NULL: renewal) and among "outcome", as for backtest(): labels is a table or view of outcomes, NULL is healthscore.outcomes, or healthscore.account_ends (accounts.ended_on) if that has none of renewals and no kind is given; judged_by tells which. Of each account its last prediction of churn among the nights of the given number of days that were decided by as_of, that is horizon days before it or more, and the time until answers are in before that, and after the model was trained: mean_predicted against the share of accounts to which it happened at most horizon days after their night, with its interval after Wilson. A night on which something is pending that could be one does not count, nor does one by which the account had been lost. reading: right (mean_predicted is in low to high, the edges included), too low, too high, or unknown where no night is decided or the horizon is not stated.';

CREATE FUNCTION healthscore.retrain_due(as_of date, max_age integer DEFAULT 180, max_psi double precision DEFAULT 0.25, days integer DEFAULT 30, calibration_days integer DEFAULT 90,
    outcome text[] DEFAULT '{churned}', kind text DEFAULT NULL, labels regclass DEFAULT NULL)
RETURNS TABLE (name text, role text, version integer, due boolean, reasons text[], unknown text[], age integer, worst_feature text, worst_psi double precision, score_psi double precision,
    mean_predicted double precision, observed_rate double precision)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    m healthscore.models;
    known boolean;
    moved text[];
    score_moved boolean;
    cal record;
BEGIN
    PERFORM healthscore.hs_check_date(as_of);
    IF max_age IS NULL OR max_age < 1 OR max_psi IS NULL OR max_psi = 'NaN' OR max_psi <= 0 THEN
        RAISE EXCEPTION 'max_age must be at least 1, max_psi above 0' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR name, role, version IN SELECT d.name, d.role, d.version FROM healthscore.deployed_models AS d ORDER BY 1, 2 LOOP
        m := healthscore.hs_model_version(name, version);
        age := retrain_due.as_of - coalesce(m.as_of, (m.trained_at AT TIME ZONE 'UTC')::date);
        SELECT (array_agg(d.feature ORDER BY d.psi DESC, d.feature) FILTER (WHERE d.part = 'feature' AND d.psi IS NOT NULL))[1], max(d.psi) FILTER (WHERE d.part = 'feature'),
               max(d.psi) FILTER (WHERE d.part = 'score'),
               array_agg(d.feature ORDER BY d.psi DESC, d.feature) FILTER (WHERE d.part = 'feature' AND d.psi >= max_psi AND d.psi > d.by_chance),
               bool_or(d.psi >= max_psi AND d.psi > d.by_chance) FILTER (WHERE d.part = 'score')
        INTO worst_feature, worst_psi, score_psi, moved, score_moved
        FROM healthscore.model_drift(name, retrain_due.as_of, days, version) AS d;
        SELECT c.* INTO cal FROM healthscore.model_calibration(name, retrain_due.as_of, calibration_days, version, 0.95, outcome, kind, labels) AS c;
        mean_predicted := cal.mean_predicted;
        observed_rate := cal.observed_rate;
        reasons := array_remove(ARRAY[
            CASE WHEN age >= max_age THEN format('%s days old', age) END,
            'moved: ' || array_to_string(moved, ', '),
            CASE WHEN score_moved THEN 'its score moved' END,
            CASE WHEN cal.reading IN ('too low', 'too high') THEN format('predictions are %s: %s of accounts, where it was %s', cal.reading, round(cal.mean_predicted::numeric, 3), round(cal.observed_rate::numeric, 3)) END], NULL);
        unknown := array_remove(ARRAY[CASE WHEN worst_psi IS NULL THEN 'features' END, CASE WHEN score_psi IS NULL THEN 'score' END, CASE WHEN cal.reading = 'unknown' THEN 'calibration' END], NULL);
        due := reasons <> '{}';
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION healthscore.retrain_due(date, integer, double precision, integer, integer, text[], text, regclass) IS 'Of each deployed model, whether it is to be trained again at as_of: it is max_age days old or more, counted from its as_of, or else from the day it was stored (UTC); the PSI of a feature or of its score is max_psi or more, and above by_chance (see healthscore.model_drift() over days); its predictions are too low or too high (see healthscore.model_calibration() over calibration_days, whose arguments outcome, kind and labels are). unknown: what could not be judged; it is no reason.';

CREATE VIEW healthscore.model_health WITH (security_invoker = true) AS
SELECT r.name, r.role, r.version, n.as_of, r.due, r.reasons, r.unknown, r.age, r.worst_feature, r.worst_psi, r.score_psi, r.mean_predicted, r.observed_rate
FROM (SELECT max(s.as_of) AS as_of FROM healthscore.scores AS s) AS n
CROSS JOIN LATERAL healthscore.retrain_due(n.as_of) AS r
WHERE n.as_of IS NOT NULL;
COMMENT ON VIEW healthscore.model_health IS 'Drift of every deployed model at the latest night that was scored, and whether it is to be trained again: healthscore.retrain_due() with its defaults.';
COMMENT ON COLUMN healthscore.model_health.name IS 'Name of the model.';
COMMENT ON COLUMN healthscore.model_health.role IS 'champion or challenger.';
COMMENT ON COLUMN healthscore.model_health.version IS 'Its version.';
COMMENT ON COLUMN healthscore.model_health.as_of IS 'The latest night.';
COMMENT ON COLUMN healthscore.model_health.due IS 'Is it to be trained again?';
COMMENT ON COLUMN healthscore.model_health.reasons IS 'Why; {} if it is not.';
COMMENT ON COLUMN healthscore.model_health.unknown IS 'What could not be judged: features, score, calibration.';
COMMENT ON COLUMN healthscore.model_health.age IS 'Days since its training.';
COMMENT ON COLUMN healthscore.model_health.worst_feature IS 'The feature that moved most; NULL where not known.';
COMMENT ON COLUMN healthscore.model_health.worst_psi IS 'Its PSI.';
COMMENT ON COLUMN healthscore.model_health.score_psi IS 'PSI of the score.';
COMMENT ON COLUMN healthscore.model_health.mean_predicted IS 'Mean probability of the predictions that are decided; NULL where not known.';
COMMENT ON COLUMN healthscore.model_health.observed_rate IS 'Share of them that happened.';
