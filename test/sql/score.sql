--
-- score() and explain(): normalisers and their edges, weights, groups, missing
-- values, coverage, bands; the compatible template and the fixed detector.
--
SET search_path = healthscore, public;
SET extra_float_digits = 0;

-- points of one value by one normaliser
CREATE FUNCTION points(how jsonb, x double precision) RETURNS double precision LANGUAGE sql AS $f$
SELECT (score(jsonb_build_object('scorecard', 'n', 'minimum_coverage', 0, 'signals', '[{"name": "s", "absent": "zero"}]'::jsonb,
    'measures', jsonb_build_array(jsonb_build_object('name', 'm', 'kind', 'sum', 'signal', 's', 'days', 1, 'normalise', how)),
    'bands', '[{"name": "all", "from": 0}]'::jsonb)::scorecard, ARRAY[x])).points[1]
$f$;
SELECT how, array_agg(points(how::jsonb, x) ORDER BY i) AS "at -1e300, -1, 0, 1, 2.5, 5, 7, 10, 12, 1e300"
FROM (VALUES (1, '{"linear": {"worst": 0, "best": 10}}'), (2, '{"linear": {"worst": 10, "best": 0}}'),
    (3, '{"piecewise": {"points": [[0, 20], [5, 100], [10, 40]]}}'),
    (4, '{"steps": {"below": 50, "at": [[1, 100], [5, 75], [10, 25]]}}'),
    (5, '{"target": {"low": 5, "high": 10, "tolerance": 5}}'),
    (6, '{"piecewise": {"points": [[-1e300, 0], [1e300, 100]]}}'), (7, '{"linear": {"worst": 0, "best": 10, "clamp": "ignore"}}'), (8, '{"linear": {"worst": 10, "best": 2.5, "clamp": "ignore"}}')) AS h(o, how),
    unnest(ARRAY[-1e300, -1, 0, 1, 2.5, 5, 7, 10, 12, 1e300]) WITH ORDINALITY AS x(x, i)
GROUP BY o, how ORDER BY o;

-- the logarithmic and the logistic one against their formulas, in either direction
SELECT how, max(abs(points(how::jsonb, x) - greatest(least(100 * (sign(x) * ln(1 + abs(x)) - sign(w) * ln(1 + abs(w))) / (sign(b) * ln(1 + abs(b)) - sign(w) * ln(1 + abs(w))), 100), 0))) < 1e-9 AS right_log
FROM (VALUES (1, '{"log": {"worst": 0, "best": 1000}}', 0, 1000), (2, '{"log": {"worst": 1e6, "best": 1}}', 1e6, 1), (3, '{"log": {"worst": -50, "best": 50}}', -50, 50)) AS v(i, how, w, b),
    unnest(ARRAY[-1e6, -60, -50, -1, -1e-9, 0, 1e-9, .5, 1, 9, 50, 999.5, 1000, 1e6, 1e9]::float8[]) AS x GROUP BY i, how ORDER BY i;
SELECT points('{"log": {"worst": 0, "best": 99}}', 9) AS half, points('{"log": {"worst": 0, "best": 99, "clamp": "ignore"}}', 99) AS edge, points('{"log": {"worst": 0, "best": 99, "clamp": "ignore"}}', 99.001) AS beyond,
       points('{"log": {"worst": 99, "best": 0, "clamp": "ignore"}}', -.001) AS below, points('{"log": {"worst": -1e300, "best": 1e300}}', 1.7e308) AS far;
SELECT how, max(abs(points(how::jsonb, x) - 100 / (1 + exp(greatest(least(-(x - m) / s, 700), -700))))) < 1e-9 AS right_logistic, points(how::jsonb, -1.7e308) AS far_below, points(how::jsonb, m) AS middle, points(how::jsonb, 1.7e308) AS far_above
FROM (VALUES (1, '{"logistic": {"midpoint": 10, "scale": 2}}', 10, 2), (2, '{"logistic": {"midpoint": 0, "scale": -0.5}}', 0, -.5), (3, '{"logistic": {"midpoint": -1e300, "scale": 1e290}}', -1e300, 1e290)) AS v(i, how, m, s),
    unnest(ARRAY[-1e6, -60, -50, -1, -1e-9, 0, 1e-9, .5, 1, 9, 10, 11, 50, 999.5]::float8[]) AS x GROUP BY i, how, m, s ORDER BY i;
-- ignored beyond the range: not known, and the policy decides
SELECT policy, x, s.score, s.coverage, s.points, e.missing, e.value, e.reason
FROM unnest(ARRAY['redistribute', 'neutral', 'worst']) AS policy, unnest(ARRAY[0, -0.1, 10.1]) AS x, LATERAL (SELECT ('{"scorecard": "i", "minimum_coverage": 0, "signals": [{"name": "s", "absent": "zero"}], "bands": [{"name": "all", "from": 0}],
    "measures": [{"name": "m", "kind": "sum", "signal": "s", "days": 1, "unit": "days", "missing": "' || policy || '", "normalise": {"linear": {"worst": 10, "best": 0, "clamp": "ignore"}}},
                 {"name": "n", "kind": "sum", "signal": "s", "days": 1, "normalise": {"linear": {"worst": 0, "best": 100}}}]}')::scorecard AS c) AS c, score(c, ARRAY[x, 20]) AS s, explain(c, ARRAY[x, 20]) AS e WHERE e.pos = 1 ORDER BY 1, 2;

-- a tree: u = min(a, b) weight 3, in g with c weight 1; d weight 2 beside g weight 2
CREATE FUNCTION tree(policy text DEFAULT 'redistribute', least_coverage float8 DEFAULT 0.5) RETURNS scorecard LANGUAGE sql IMMUTABLE AS $f$
SELECT jsonb_build_object('scorecard', 'tree', 'decimals', 2, 'minimum_coverage', least_coverage, 'signals', '[{"name": "s", "absent": "zero"}]'::jsonb,
    'groups', '[{"name": "g", "weight": 2}, {"name": "u", "parent": "g", "combine": "min", "weight": 3}]'::jsonb,
    'measures', (SELECT jsonb_agg(jsonb_build_object('name', n, 'kind', 'sum', 'signal', 's', 'days', 1, 'missing', policy, 'normalise', '{"linear": {"worst": 0, "best": 100}}'::jsonb, 'weight', w)
                                  || CASE WHEN g IS NULL THEN '{}' ELSE jsonb_build_object('group', g) END ORDER BY n)
                 FROM (VALUES ('a', 1, 'u'), ('b', 1, 'u'), ('c', 1, 'g'), ('d', 2, NULL), ('e', 0, NULL)) AS v(n, w, g)),
    'bands', '[{"name": "red", "from": 0}, {"name": "amber", "from": 40}, {"name": "green", "from": 70}]'::jsonb)::scorecard
$f$;
SELECT m, s.score, s.shown, s.band, s.band_rank, s.coverage, s.points, s.contributions,
       abs(s.score - (SELECT sum(x) FROM unnest(s.contributions) x)) < 1e-9 AS sums
FROM (VALUES (1, ARRAY[80, 40, 60, 100, 7]::float8[]), (2, ARRAY[80, NULL, 60, 100, NULL]), (3, ARRAY[NULL, NULL, 60, 100, 0]), (4, ARRAY[NULL, NULL, NULL, 30, 0]),
    (5, ARRAY[80, 40, NULL, NULL, 0]), (6, ARRAY[NULL, NULL, 10, NULL, 0]), (7, ARRAY[NULL, NULL, NULL, NULL, 5]), (8, ARRAY[70, 70, 70, 70, 0]), (9, ARRAY[39.999999, 40, 40, 40, 0])) AS v(i, m)
CROSS JOIN LATERAL score(tree(), m) AS s ORDER BY i;
-- the other policies: a NULL is 50 points, or 0
SELECT policy, m, s.score, s.band, s.coverage, s.contributions
FROM unnest(ARRAY['neutral', 'worst']) AS policy, (VALUES (1, ARRAY[80, NULL, 60, 100, 0]::float8[]), (2, ARRAY[NULL, NULL, NULL, NULL, 0])) AS v(i, m)
CROSS JOIN LATERAL score(tree(policy), m) AS s ORDER BY policy, i;
-- minimum coverage: exactly at it is enough
SELECT c, (score(tree('redistribute', c), ARRAY[NULL, NULL, NULL, 90, 0])).band FROM unnest(ARRAY[0.4, 0.5, 0.51]) AS c;
SELECT * FROM explain(tree('neutral'), ARRAY[80, NULL, 60, 100, 7]);
SELECT pos, points, weight, contribution, lost, missing, reason FROM explain(tree(), ARRAY[NULL, NULL, NULL, NULL, 1234567.891]);
-- weights of any scale, and thousands of measures, sum exactly
SELECT n, abs(s.score - (SELECT sum(x) FROM unnest(s.contributions) x)) < 1e-9 AS sums, s.score BETWEEN 0 AND 100 AS in_range, s.coverage
FROM unnest(ARRAY[1, 1000]) AS n CROSS JOIN LATERAL (
    SELECT jsonb_build_object('scorecard', 'w', 'signals', '[{"name": "s", "absent": "zero"}]'::jsonb, 'bands', '[{"name": "all", "from": 0}]'::jsonb,
        'measures', jsonb_agg(jsonb_build_object('name', 'm' || i, 'kind', 'sum', 'signal', 's', 'days', 1, 'weight', 10 ^ (i % 300 - 295), 'normalise', '{"linear": {"worst": 0, "best": 7}}'::jsonb)))::scorecard AS card,
        array_agg(i % 7 + 0.1::float8) AS m
    FROM generate_series(1, n) AS i) AS c CROSS JOIN LATERAL score(c.card, c.m) AS s;

-- the compatible template: every reference vector
SELECT i, v.m, round(s.score::numeric, 9) = total AS exact, s.shown, s.band = risk AS right_band
FROM (VALUES (1, ARRAY[20, 1.0, 0, 10], 100, 'healthy'), (2, ARRAY[0, 0, 10, 0], 0, 'high'), (3, ARRAY[0, 0, 0, 0], 20, 'high'), (4, ARRAY[10, .5, 5, 5], 50, 'medium'),
    (5, ARRAY[12, .6, 3, 7], 64, 'medium'), (6, ARRAY[16, .62, 4, 7], 69.5, 'medium'), (7, ARRAY[20, 1, 5, 0], 70, 'healthy'), (8, ARRAY[20, 1, 10, 5], 70, 'healthy'),
    (9, ARRAY[20, .1984, 10, 0], 39.96, 'high'), (10, ARRAY[20, .5984, 5, 5], 69.96, 'medium'), (11, ARRAY[25, 1.4, -2, 12], 104, 'healthy'), (12, ARRAY[20, 1, 0, -100], -120, 'high')) AS v(i, m, total, risk)
CROSS JOIN LATERAL score(scorecard_template('csm_skill'), v.m::float8[]) AS s ORDER BY i;
-- a native scorecard clamps the last two
SELECT s.score FROM (VALUES (1, ARRAY[25, 1.4, -2, 12]), (2, ARRAY[20, 1, 0, -100])) AS v(i, m),
    score(replace(replace(replace(scorecard_template('csm_skill')::text, ', "clamp": "best"', ''), ', "clamp": "worst"', ''), '"compatible": true, ', '')::scorecard, m::float8[]) AS s ORDER BY i;

-- the detector: every reference vector, and what is missing
SELECT i, r.risk_level, r.signals FROM (VALUES (1, ARRAY[100, 70], 0, 365), (2, ARRAY[100, 69], 0, 365), (3, ARRAY[]::int[], 5, 365), (4, '{}', 6, 365), (5, '{}', 0, 10),
    (6, ARRAY[100, 69], 0, 60), (7, ARRAY[100, 69], 0, 59), (8, ARRAY[100, 50], 9, 59), (9, NULL, NULL, NULL), (10, ARRAY[50], 6, NULL), (11, ARRAY[100, NULL], 0, 0), (12, ARRAY[0, -1], 0, -5),
    (13, ARRAY[100, 90, 80, 56], 0, 365), (14, ARRAY[100, 90, 80, 55.99], 0, 365)) AS v(i, usage, tickets, days)
CROSS JOIN LATERAL risk_signals(usage::float8[], tickets, days) AS r ORDER BY i;
SELECT * FROM risk_signals('[5:6]={100,60}');
SELECT * FROM risk_signals(ARRAY[100, 60]);

-- bad input
SELECT score(NULL, ARRAY[1::float8]), score(tree(), NULL);
SELECT count(*) FROM explain(tree(), NULL);
\set VERBOSITY sqlstate
SELECT score(tree(), ARRAY[1, 2]);
SELECT score(tree(), '{}');
SELECT score(tree(), ARRAY[[1, 2, 3, 4, 5]]);
SELECT score(tree(), ARRAY[1, 2, 3, 4, 'NaN']::float8[]);
SELECT explain(tree(), ARRAY[1, 2, 3, '-Infinity', 5]::float8[]);
SELECT score(scorecard_template('csm_skill'), ARRAY[-1e308, 0, 0, 0]);
SELECT risk_signals(ARRAY[1, 'NaN']::float8[]);
SELECT risk_signals(ARRAY[[1, 2], [3, 4]]);
\set VERBOSITY default
SELECT score(tree(), ARRAY[1, 2]);
SELECT score(tree(), ARRAY[1, 2, 3, 4, 'NaN']::float8[]);
