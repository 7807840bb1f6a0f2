--
-- What the history teaches: observations of every account every two weeks,
-- labelled by who had left 60 days later, a model of the earlier ones, judged by
-- the later ones, and the same of all of them for the nightly job.
-- Without enough outcomes nothing is learned, and the report says why.
--
SELECT max(day) AS as_of, max(day) - 140 AS split_on, 60 AS horizon FROM healthscore.signals \gset
-- contracts say who was lost; without them the ends of accounts do
SELECT EXISTS (SELECT FROM healthscore.subscriptions) AS has_contracts,
       EXISTS (SELECT FROM healthscore.account_ends) AS has_ends \gset
\if :has_contracts
SELECT healthscore.store_outcomes('renewal', :'as_of');
SELECT 'healthscore.outcomes' AS labels \gset
\elif :has_ends
SELECT 'healthscore.account_ends' AS labels \gset
\else
\quit
\endif

-- Of accounts without contracts nothing is known, if the others have them.
CREATE TABLE churn_samples AS
SELECT t.account_id, t.observed_on, t.label, t.measures, t.measures[array_position(d.features, 'renewal')] BETWEEN 0 AND :horizon AS due,
       t.observed_on >= :'split_on' AS later,
       -- by then it was known who had been lost: the horizon, and the 30 days of grace, are over
       t.observed_on < :'split_on'::date - :horizon - 30 AS earlier
FROM healthscore.training_set(healthscore.published_scorecard('saas'), :'as_of', every => 14, horizon => :horizon, labels => :'labels',
                              from_day => (SELECT min(day) + 42 FROM healthscore.signals)) AS t
CROSS JOIN (SELECT healthscore.training_features(healthscore.published_scorecard('saas')) AS features) AS d
WHERE NOT :'has_contracts' OR EXISTS (SELECT FROM healthscore.subscriptions AS c WHERE c.account_id = t.account_id);

SELECT count(DISTINCT account_id) >= 300 AND count(DISTINCT account_id) FILTER (WHERE label) >= 30 AS enough FROM churn_samples WHERE earlier \gset
\if :enough
-- what everybody knows need not be learned from so few: more use is never worse
SELECT jsonb_object_agg(f, CASE WHEN f IN ('days_since_login', 'weekly_drops', 'customer_contact', 'ticket_load', 'payment') THEN 1 ELSE -1 END)
           FILTER (WHERE f NOT IN ('renewal', 'seats_in_use')) AS monotone,
       jsonb_agg(f ORDER BY i) AS features
FROM unnest(healthscore.training_features(healthscore.published_scorecard('saas'))) WITH ORDINALITY AS x(f, i) \gset
SELECT format('{"n_trees": 60, "eta": 0.1, "max_depth": 3, "min_child_weight": 3, "subsample": 0.8, "progress": 0, "monotone_constraints": %s, "features": %s}',
              :'monotone', :'features') AS trees,
       format('{"C": 0.1, "features": %s}', :'features') AS logistic \gset
\set rows 'SELECT account_id, label, measures FROM churn_samples'
SELECT healthscore.train('churn', :'rows' || ' WHERE earlier', 'label', 'trees', :'trees', account => 'account_id', horizon => :horizon,
                         as_of => :'split_on', note => 'earlier observations') AS judged \gset
SELECT healthscore.train('churn', :'rows' || ' WHERE earlier', 'label', 'logistic', :'logistic', account => 'account_id', horizon => :horizon,
                         as_of => :'split_on', note => 'is simpler enough?') AS simpler \gset
SELECT healthscore.train('churn', :'rows', 'label', 'trees', :'trees', account => 'account_id', horizon => :horizon,
                         as_of => :'as_of', note => 'all observations') AS used \gset
SELECT healthscore.deploy('churn', :used, reason => 'as version 1, which later nights confirm');
SELECT healthscore.assign_model('churn', 'saas');
\endif
