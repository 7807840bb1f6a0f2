--
-- The part of the report on the risk that was learned; :color as in report.sql.
--
SELECT CASE WHEN EXISTS (SELECT FROM healthscore.subscriptions) THEN 'healthscore.outcomes' ELSE 'healthscore.account_ends' END AS labels,
       to_regclass('churn_samples') IS NOT NULL AS has_samples, EXISTS (SELECT FROM healthscore.deployed_models WHERE name = 'churn') AS has_model \gset
\if :has_model
\echo
SELECT pg_temp.bold('What the past teaches about who leaves', :'color') || ' (training_set(), train(), evaluate())';
\echo
SELECT format('  Learned from %s observations of %s accounts up to %s: %s were lost within 60 days.', to_char(count(*), 'FM999,999'), count(DISTINCT account_id), max(observed_on), count(*) FILTER (WHERE label))
FROM churn_samples WHERE earlier;
SELECT format('  Judged by %s observations from %s on, which it has not seen: %s were lost.', to_char(count(*), 'FM999,999'), min(observed_on), count(*) FILTER (WHERE label))
FROM churn_samples WHERE later;
\echo
SELECT CASE WHEN count(due) > 0 THEN 'those with a renewal in 60 days' ELSE 'the same, as no renewal is known' END AS due_title FROM churn_samples \gset
\echo '                            all later observations              ' :due_title
\echo '                            AUC [95 %]            log loss       AUC [95 %]            log loss'
CREATE TEMP TABLE judged AS
SELECT m.version, m.algorithm, n.only_due, e.metric, e.value, e.low, e.high, e.finding
FROM healthscore.models AS m
CROSS JOIN (VALUES (false, 'SELECT * FROM churn_samples WHERE later'), (true, 'SELECT * FROM churn_samples WHERE later AND due IS NOT FALSE')) AS n(only_due, query)
CROSS JOIN LATERAL healthscore.evaluate(m.model, n.query, 'label', account => 'account_id', features => 'measures') AS e
WHERE m.name = 'churn' AND m.version < 3;
SELECT rtrim(format('  %s  %s', pg_temp.fit(x.what, 24), string_agg(pg_temp.fit(x.auc, 22) || pg_temp.fit(x.loss, 15), '' ORDER BY x.only_due)))
FROM (SELECT j.version AS place, CASE j.algorithm WHEN 'trees' THEN 'trees' ELSE 'logistic regression' END AS what, j.only_due,
             max(format('%s [%s, %s]', to_char(value, 'FM0.000'), to_char(low, 'FM0.000'), to_char(high, 'FM0.000'))) FILTER (WHERE metric = 'auc') AS auc,
             max(to_char(value, 'FM0.000')) FILTER (WHERE metric = 'log_loss') AS loss
      FROM judged AS j GROUP BY 1, 2, 3
      UNION ALL
      SELECT 3, 'the score, unlearned', n.only_due, to_char(healthscore.auc(c.label, 100 - s.score), 'FM0.000'), ''
      FROM churn_samples AS c CROSS JOIN LATERAL healthscore.score(healthscore.published_scorecard('saas'), c.measures) AS s
      CROSS JOIN (VALUES (false), (true)) AS n(only_due) WHERE c.later AND (c.due IS NOT FALSE OR NOT n.only_due) GROUP BY 3
      UNION ALL
      SELECT 4, 'the rate alone', j.only_due, '0.500', to_char(-(j.value * ln(nullif(j.value, 0)) + (1 - j.value) * ln(nullif(1 - j.value, 0))), 'FM0.000')
      FROM judged AS j WHERE j.version = 1 AND j.metric = 'base_rate') AS x
GROUP BY x.place, x.what ORDER BY x.place;
\echo
SELECT format(E'  The trees are %s.\n  Of the latter %s %% were expected, %s %% lost: %s; calibration slope %s, %s.', max(finding) FILTER (WHERE metric = 'verdict'),
              to_char(100 * max(value) FILTER (WHERE metric = 'mean_prediction'), 'FM990.0'), to_char(100 * max(value) FILTER (WHERE metric = 'base_rate'), 'FM990.0'),
              max(finding) FILTER (WHERE metric = 'mean_prediction'), to_char(max(value) FILTER (WHERE metric = 'calibration_slope'), 'FM0.00'),
              max(finding) FILTER (WHERE metric = 'calibration_slope'))
FROM judged WHERE version = 1 AND only_due;

\echo
SELECT pg_temp.bold('Are its probabilities right?', :'color') || ' (calibration_curve(); later observations, ' || :'due_title' || ')';
\echo
\echo '  said       happened   [95 %]          observations'
SELECT rtrim(format('  %s    %s  %s  %s  %s', lpad(to_char(100 * c.mean_predicted, 'FM990.0') || ' %', 7), lpad(to_char(100 * c.observed_rate, 'FM990.0') || ' %', 7),
              pg_temp.fit(format('[%s, %s]', to_char(100 * c.low, 'FM990.0'), to_char(100 * c.high, 'FM990.0')), 14), lpad(c.n::text, 6), repeat('█', round(40 * c.observed_rate)::integer)))
FROM (SELECT healthscore.ranking(c.label, healthscore.predict(m.model, c.measures)) AS r FROM healthscore.models AS m, churn_samples AS c
      WHERE m.name = 'churn' AND m.version = 1 AND c.later AND c.due IS NOT FALSE) AS j
CROSS JOIN LATERAL healthscore.calibration_curve(j.r, 5) AS c ORDER BY c.bin;

\echo
SELECT pg_temp.bold('What flags would have been worth', :'color') || format(' (backtest(); every week from %s to %s, lost within 60 days)', d.from_day, d.to_day)
FROM (SELECT min(observed_on) AS from_day, max(observed_on) AS to_day FROM churn_samples WHERE later) AS d;
\echo
\echo '  flag                       flagged  right    found   lift   lost accounts foreseen   half of them ahead'
SELECT format('  %s  %s  %s  %s  %s   %s %s', pg_temp.fit(b.what, 25), lpad(b.flagged::text, 7), lpad(to_char(100 * b."precision", 'FM990') || ' %', 5), lpad(to_char(100 * b.recall, 'FM990') || ' %', 6),
              lpad(to_char(b.lift, 'FM990.0'), 5), pg_temp.fit(format('%s of %s', b.foreseen, b.outcomes), 24), b.lead_days || ' days')
FROM (SELECT min(observed_on) AS from_day, max(observed_on) AS to_day, (SELECT max(as_of) FROM healthscore.scores) AS as_of FROM churn_samples WHERE later) AS d
CROSS JOIN LATERAL (
    SELECT 1 AS place, 'risk of 20 % or more' AS what, t.* FROM healthscore.models AS m, healthscore.backtest(m.model, d.from_day, d.to_day, d.as_of, healthscore.published_scorecard('saas'), threshold => 0.2, horizon => 60, labels => :'labels') AS t
    WHERE m.name = 'churn' AND m.version = 1
    UNION ALL
    SELECT 2, 'score in the lowest band', t.* FROM healthscore.backtest(healthscore.published_scorecard('saas'), d.from_day, d.to_day, d.as_of, horizon => 60, labels => :'labels') AS t) AS b
ORDER BY b.place;

\echo
SELECT pg_temp.bold('Most likely to leave within 60 days', :'color') || format(' (view risk; version %s, trained on all; of %s accounts %s are expected to)', max(version), count(*), round(sum(probability)))
FROM healthscore.risk;
\echo
\echo 'account                   segment     band     score   risk  renewal in      ARR  what moves it most'
\echo '────────────────────────  ──────────  ───────  ─────  ─────  ──────────  ───────  ─────────────────────────────────────'
CREATE TEMP TABLE moved AS
SELECT * FROM healthscore.prediction_drivers WHERE as_of = (SELECT max(as_of) FROM book) AND outcome = 'churn' AND role = 'champion';
SELECT rtrim(format('%s  %s  %s  %s  %s  %s  %s  %s', pg_temp.fit(b.who, 24), pg_temp.fit(b.segment, 10),
              pg_temp.paint(pg_temp.fit(b.band, 7), b.band_rank, (SELECT max(band_rank) FROM book), :'color'), lpad(b.score_shown, 5),
              lpad(to_char(100 * r.probability, 'FM990') || ' %', 5), lpad(coalesce(s.value::text || ' days', ''), 10), lpad(pg_temp.money(b.arr), 7),
              pg_temp.fit((SELECT string_agg(m.title || CASE WHEN m.contribution < 0 THEN ' (lowers)' ELSE '' END, ', ' ORDER BY m.rank) FROM moved AS m WHERE m.account_id = r.account_id AND m.title <> 'Renewal' AND m.rank <= 3), 37)))
FROM (SELECT * FROM healthscore.risk ORDER BY probability DESC, account_id LIMIT 8) AS r
JOIN book AS b ON b.account_id = r.account_id
LEFT JOIN healthscore.score_drivers AS s ON s.account_id = r.account_id AND s.as_of = r.as_of AND s.measure = 'renewal'
ORDER BY r.probability DESC, r.account_id;

SELECT (array_agg(account_id ORDER BY probability DESC, account_id))[1] AS riskiest FROM healthscore.risk \gset
\echo
SELECT pg_temp.bold(format('Why %s has a risk of %s %%', pg_temp.plain(b.who), to_char(100 * r.probability, 'FM990')), :'color')
    || ' (view prediction_drivers; exact: the log-odds sum to the prediction)'
FROM healthscore.risk AS r JOIN book AS b USING (account_id) WHERE r.account_id = :'riskiest';
\echo
\echo 'measure               value  unit                                            log-odds'
\echo '─────────────────  ────────  ──────────────────────────────────────────────  ────────'
SELECT rtrim(format('%s  %s  %s  %s  %s', pg_temp.fit(title, 17), lpad(shown, 8), pg_temp.fit(coalesce(unit, ''), 46), lpad(to_char(log_odds, 'FMSG990.00'), 8), repeat('█', least(round(10 * abs(log_odds)), 30)::integer)))
FROM (SELECT m.rank AS place, m.title, pg_temp.figure(m.value) AS shown, m.unit, m.contribution AS log_odds FROM moved AS m WHERE m.account_id = :'riskiest'
      UNION ALL SELECT 6, 'all others', '', '', (r.drivers ->> 'others')::double precision FROM healthscore.risk AS r WHERE r.account_id = :'riskiest'
      UNION ALL SELECT 7, 'the usual account', '', '', (r.drivers ->> 'baseline')::double precision FROM healthscore.risk AS r WHERE r.account_id = :'riskiest') AS x
ORDER BY place;
SELECT format('%s  %s  %s', pg_temp.fit('', 75), lpad(to_char((drivers ->> 'margin')::double precision, 'FMSG990.00'), 8), format('1 / (1 + exp(-x)) = %s', to_char(probability, 'FM0.000'))) FROM healthscore.risk WHERE account_id = :'riskiest';
\elif :has_samples
\echo
SELECT format('No model: %s accounts were observed long enough ago, %s of them were lost; 300, and 30 of each kind, are needed to learn from.', count(DISTINCT account_id) FILTER (WHERE earlier), count(DISTINCT account_id) FILTER (WHERE earlier AND label))
FROM churn_samples;
\else
\echo
\echo 'No model: nothing is known of contracts, or of accounts that ended.'
\endif
