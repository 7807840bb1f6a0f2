--
-- Rules: cap, floor and forced band, by measures and by facts of the account;
-- what is not known, what is hostile; and who decides in groups.
--
SET search_path = healthscore, public;
SET extra_float_digits = 0;
-- a is the score where it is known, b is looked at and never scored
CREATE FUNCTION rule_card(rules jsonb, more jsonb DEFAULT '{}') RETURNS scorecard LANGUAGE sql IMMUTABLE AS $f$
SELECT ('{"scorecard": "r", "signals": [{"name": "s", "absent": "zero"}],
    "measures": [{"name": "a", "kind": "sum", "signal": "s", "days": 1, "normalise": {"linear": {"worst": 0, "best": 100}}},
                 {"name": "b", "kind": "sum", "signal": "s", "days": 2}],
    "bands": [{"name": "red", "from": 0}, {"name": "amber", "from": 40}, {"name": "green", "from": 70}]}'::jsonb || jsonb_build_object('rules', rules) || more)::scorecard
$f$;

-- each comparison, at its edge and beside it
CREATE FUNCTION rule_holds(condition text, b double precision, facts jsonb DEFAULT NULL) RETURNS boolean LANGUAGE sql AS $f$
SELECT (score(rule_card(format('[{"name": "r", "when": [%s], "cap": 10}]', condition)::jsonb), ARRAY[90, b], facts => facts)).rules IS NOT NULL
$f$;
SELECT c, array_agg(coalesce(x::text, 'NULL') ORDER BY x) FILTER (WHERE rule_holds(format('{"measure": "b", %s}', c), x)) AS "holds of -1, 0, 1, 2, 3, NULL"
FROM (VALUES (1, '"below": 2'), (2, '"at_most": 2'), (3, '"above": 1'), (4, '"at_least": 1'), (5, '"is": 1'), (6, '"is": [0, 3, 7.5]'), (7, '"above": 0, "below": 3'),
    (8, '"at_least": 0, "at_most": 2, "is": [-1, 0, 2]'), (9, '"known": true'), (10, '"known": false'), (11, '"known": true, "below": 1'), (12, '"above": 3, "below": -1'), (13, '"is": -0')) AS v(i, c),
    unnest(ARRAY[-1, 0, 1, 2, 3, NULL]) AS x
GROUP BY i, c ORDER BY i;
-- the same of a fact: number, text, truth; a missing key, null and no facts at all are not known
SELECT c, array_agg(left(f ->> 'k', 6) ORDER BY i) FILTER (WHERE f ? 'k' AND f -> 'k' <> 'null' AND h) AS holds_of, bool_or(h) FILTER (WHERE f -> 'k' = 'null') AS of_null,
       bool_or(h) FILTER (WHERE NOT f ? 'k') AS of_no_key, bool_or(h) FILTER (WHERE f IS NULL) AS of_no_facts
FROM (SELECT n, c, i, f, rule_holds(format('{"attribute": "k", %s}', c), NULL, f) AS h
      FROM (VALUES (1, '"below": 60'), (2, '"at_least": 60'), (3, '"is": "free"'), (4, '"is": ["free", "Trial", 60, true]'), (5, '"is": false'), (6, '"is": 1'), (7, '"known": true'), (8, '"known": false'), (9, '"is": ""')) AS v(n, c),
           (VALUES (1, '{"k": 59.9}'::jsonb), (2, '{"k": 60}'), (3, '{"k": 1e3000}'), (4, '{"k": -1e3000}'), (5, '{"k": "free"}'), (6, '{"k": "trial"}'), (7, '{"k": ""}'), (8, '{"k": "60"}'), (9, '{"k": true}'), (10, '{"k": false}'),
                   (11, '{"k": [60]}'), (12, '{"k": {"k": 60}}'), (13, '{"k": []}'), (14, '{"k": null}'), (15, '{"K": 60, "kk": "free"}'), (16, '{}'), (17, NULL)) AS w(i, f)) AS all_of
GROUP BY n, c ORDER BY n;
-- all conditions of a rule must hold
SELECT a, b, (score(rule_card('[{"name": "r", "when": [{"measure": "a", "above": 50}, {"measure": "b", "known": true}, {"attribute": "plan", "is": "free"}], "cap": 10}]'), ARRAY[a, b], facts => f)).rules
FROM (VALUES (1, 60, 1, '{"plan": "free"}'::jsonb), (2, 50, 1, '{"plan": "free"}'), (3, 60, NULL, '{"plan": "free"}'), (4, 60, 1, '{"plan": "paid"}')) AS v(i, a, b, f) ORDER BY i;

-- what a rule does: at, below and above its limit.  The oracle is least() and
-- greatest(); the displayed edge of amber is 69.9, of green at 2 decimals 69.99
SELECT effect, decimals, array_agg(round(s.score::numeric, 6)::text || ' ' || s.band ORDER BY a) AS "at 0, 39.9, 40, 69.95, 70, 100",
       bool_and((s.rules IS NOT NULL) = (s.score <> a)) AS named, bool_and(s.before_rules = a AND s.contributions[1] = a) AS before,
       bool_and(abs((SELECT sum(e.contribution) FROM explain(c, ARRAY[a, 0]) AS e) - s.score) < 1e-9 AND abs((SELECT sum(e.lost) FROM explain(c, ARRAY[a, 0]) AS e) - (100 - s.score)) < 1e-9) AS sums,
       bool_and(s.shown = round(s.score::numeric, decimals)) AS shown
FROM (VALUES (1, '"cap": 50', 1), (2, '"cap": "red"', 1), (3, '"cap": "amber"', 1), (4, '"cap": "amber"', 2), (5, '"cap": "amber"', 0), (6, '"cap": "green"', 1),
    (7, '"floor": 50', 1), (8, '"floor": "red"', 1), (9, '"floor": "amber"', 1), (10, '"floor": "green"', 1),
    (11, '"band": "red"', 1), (12, '"band": "amber"', 1), (13, '"band": "green"', 3), (14, '"cap": 0', 1), (15, '"floor": 100', 1)) AS v(i, effect, decimals),
    unnest(ARRAY[0, 39.9, 40, 69.95, 70, 100]::float8[]) AS a,
    rule_card(format('[{"name": "r", "when": [{"measure": "b", "known": true}], %s}]', effect)::jsonb, jsonb_build_object('decimals', decimals)) AS c, score(c, ARRAY[a, 0]) AS s
GROUP BY i, effect, decimals ORDER BY i;
-- the greatest displayed score of a band whose neighbour begins off the grid, and of one narrower than a step
SELECT decimals, f, s.score, s.shown, s.band FROM (VALUES (1, 69.95), (2, 1.1), (0, 40.5), (6, 70.1)) AS v(decimals, f),
    score(rule_card('[{"name": "r", "when": [{"measure": "b", "known": true}], "cap": "low"}]', jsonb_build_object('decimals', decimals, 'bands', jsonb_build_array('{"name": "none", "from": 0}'::jsonb,
        jsonb_build_object('name', 'low', 'from', f - .2), jsonb_build_object('name', 'high', 'from', f)))), ARRAY[100, 0]) AS s;

-- the order decides: each sees what the ones before left, and only those that changed something are named
SELECT which, s.score, s.band, s.before_rules, s.rules AS changed, (SELECT array_agg(e.rule || ' ' || round(e.contribution::numeric, 3)) FROM explain(rule_card(r), ARRAY[55, 0]) AS e WHERE e.rule IS NOT NULL) AS by_rule
FROM (VALUES (1, 'fc', '[{"name": "f", "when": [{"measure": "b", "is": 0}], "floor": 80}, {"name": "c", "when": [{"measure": "b", "is": 0}], "cap": 60}]'::jsonb),
    (2, 'cf', '[{"name": "c", "when": [{"measure": "b", "is": 0}], "cap": 60}, {"name": "f", "when": [{"measure": "b", "is": 0}], "floor": 80}]'),
    (3, 'ccf', '[{"name": "c", "when": [{"measure": "b", "is": 0}], "cap": "red"}, {"name": "same", "when": [{"measure": "b", "is": 0}], "cap": 39.9}, {"name": "f", "when": [{"measure": "b", "is": 0}], "floor": 55}]'),
    (4, 'bb', '[{"name": "one", "when": [{"measure": "b", "is": 0}], "band": "green"}, {"name": "two", "when": [{"measure": "b", "is": 0}], "band": "red"}]'),
    (5, 'not', '[{"name": "n", "when": [{"measure": "b", "is": 1}], "band": "green"}]'), (6, 'none', '[]')) AS v(i, which, r), score(rule_card(r), ARRAY[55, 0]) AS s ORDER BY i;

-- insufficient data: a cap moves the score and makes no band; a forced band is one, with or without a score
SELECT i, a, s.score, s.band, s.band_rank, s.before_rules, s.coverage, s.rules, s.contributions, (SELECT array_agg(e.reason || ' = ' || coalesce(e.contribution::text, 'NULL') ORDER BY e.pos) FROM explain(c, ARRAY[a, NULL]) AS e WHERE e.rule IS NOT NULL) AS why
FROM (VALUES (1, '"cap": 20'), (2, '"floor": "green"'), (3, '"band": "amber"'), (4, '"band": "green"}, {"name": "q", "when": [{"measure": "b", "known": false}], "cap": "red"')) AS v(i, effect),
    unnest(ARRAY[50, NULL]::float8[]) AS a,
    rule_card(format('[{"name": "r", "when": [{"measure": "b", "known": false}], %s}]', effect)::jsonb,
        '{"measures": [{"name": "a", "kind": "sum", "signal": "s", "days": 1, "normalise": {"linear": {"worst": 0, "best": 100}}},
                       {"name": "b", "kind": "sum", "signal": "s", "days": 2, "weight": 2, "normalise": {"linear": {"worst": 0, "best": 100}}}]}') AS c,
    score(c, ARRAY[a, NULL]) AS s ORDER BY i, a;

-- explain: rules come after the measures
SELECT * FROM explain(rule_card('[{"name": "gone", "title": "Champion gone", "when": [{"attribute": "champion", "is": false}], "cap": "amber"}, {"name": "quiet", "when": [{"measure": "b", "above": 5}], "floor": 10},
    {"name": "legal", "title": "In dispute", "when": [{"attribute": "dispute", "known": true}], "band": "red"}]'), ARRAY[90.25, 0], NULL, '{"champion": false, "dispute": "D-1"}');
-- it sums to the score: random rules, measures and facts
SELECT count(*), count(s.rules) > 500 AS many_fire, max(abs(s.score - (SELECT sum(e.contribution) FROM explain(c, m, facts => f) AS e))) < 1e-9 AS contributions, max(abs(100 - s.score - (SELECT sum(e.lost) FROM explain(c, m, facts => f) AS e))) < 1e-9 AS lost,
       max(abs(s.before_rules - (SELECT sum(x) FROM unnest(s.contributions) AS x))) < 1e-9 AS before, bool_and(s.rules IS NOT DISTINCT FROM (SELECT array_agg(e.rule ORDER BY e.pos) FROM explain(c, m, facts => f) AS e WHERE e.rule IS NOT NULL)) AS rules,
       bool_and(s.score = (SELECT least(greatest(r.x, CASE WHEN (f ->> 'k')::int < 50 THEN 60 ELSE 0 END), CASE WHEN m[2] > 500 THEN 45.5 ELSE 100 END) FROM (SELECT s.before_rules AS x) AS r)) AS oracle
FROM generate_series(1, 2000) AS i, LATERAL (SELECT ARRAY[(hashint4(i) & 1023) / 10.23, hashint4(-i) & 1023]::float8[] AS m, jsonb_build_object('k', hashint4(i * 7) & 127) AS f) AS x,
    rule_card('[{"name": "up", "when": [{"attribute": "k", "below": 50}], "floor": 60}, {"name": "down", "when": [{"measure": "b", "above": 500}], "cap": 45.5}]') AS c, score(c, m, facts => f) AS s;

-- carry: the value is as good as known, explain says how old it is; nothing carried gives the weight away
SELECT m, f, s.score, s.coverage, e.missing, e.reason
FROM rule_card('[]', '{"measures": [{"name": "a", "kind": "sum", "signal": "s", "days": 1, "missing": "carry", "carry_days": 30, "title": "Seats", "unit": "seats", "normalise": {"linear": {"worst": 0, "best": 100}}},
                                {"name": "b", "kind": "sum", "signal": "s", "days": 2, "normalise": {"linear": {"worst": 0, "best": 100}}}]}') AS c,
    (VALUES (1, ARRAY[80, 40]::float8[], NULL::jsonb), (2, ARRAY[80, 40], '{"carried": {"a": 5}}'), (3, ARRAY[80, 40], '{"carried": {"a": 1, "b": 1}}'), (4, ARRAY[NULL, 40], '{"carried": {"a": 5}}'), (5, ARRAY[80, 40], '{"carried": {"b": 5}}'),
        (6, ARRAY[80, 40], '{"carried": {"a": "5"}}'), (7, ARRAY[80, 40], '{"carried": [5]}'), (8, ARRAY[80, 40], '{"carried": {"a": -1}}'), (9, ARRAY[80, 40], '{"carried": null}'), (10, ARRAY[80, 40], '{"carried": {"a": {"days": 5}}}'), (11, ARRAY[80, 40], '{}'),
        (12, ARRAY[80, 40], '{"carried": 3}'), (13, ARRAY[80, 40], '{"carried": {"a": 3661}}'), (14, ARRAY[80, 40], '{"carried": {"a": 0}}')) AS v(i, m, f), score(c, m, facts => f) AS s, explain(c, m, facts => f) AS e WHERE e.measure = 'a' ORDER BY i;

-- groups of least and greatest, nested in a mean: who decides, and for whom
CREATE FUNCTION rule_groups(combine text) RETURNS scorecard LANGUAGE sql IMMUTABLE AS $f$
SELECT rule_card('[]', jsonb_build_object('minimum_coverage', 0, 'groups', jsonb_build_array('{"name": "all_use", "title": "Use", "weight": 3}'::jsonb || jsonb_build_object('combine', combine), '{"name": "deep", "title": "Depth", "parent": "all_use"}'::jsonb, '{"name": "rest"}'::jsonb),
    'measures', (SELECT jsonb_agg(jsonb_build_object('name', n, 'title', initcap(n), 'kind', 'sum', 'signal', 's', 'days', 1, 'group', g, 'normalise', '{"linear": {"worst": 0, "best": 100}}'::jsonb) ORDER BY i)
                 FROM (VALUES (1, 'logins', 'all_use'), (2, 'api', 'all_use'), (3, 'breadth', 'deep'), (4, 'depth', 'deep'), (5, 'tickets', 'rest')) AS v(i, n, g))))
$f$;
-- the oracle spells the tree out: (3 * extreme(logins, api, mean(breadth, depth)) + tickets) / 4
SELECT combine, m, s.score, s.contributions, s.score = (3 * CASE combine WHEN 'min' THEN least(m[1], m[2], (m[3] + m[4]) / 2) WHEN 'max' THEN greatest(m[1], m[2], (m[3] + m[4]) / 2) END + m[5]) / 4 AS oracle
FROM unnest(ARRAY['min', 'max']) AS combine, (VALUES (1, ARRAY[10, 90, 40, 60, 100]::float8[]), (2, ARRAY[50, 90, 10, 20, 100]), (3, ARRAY[70, 60, 100, 80, 0]), (4, ARRAY[50, 50, 50, 50, 50])) AS v(i, m), score(rule_groups(combine), m) AS s ORDER BY combine DESC, i;
-- what is not known is not in the group; a group with nothing known gives its weight away
SELECT combine, m, s.score, s.coverage FROM unnest(ARRAY['min', 'max']) AS combine,
    (VALUES (1, ARRAY[NULL, 90, 40, 60, 100]::float8[]), (2, ARRAY[NULL, NULL, NULL, 30, 100]), (3, ARRAY[NULL, NULL, NULL, NULL, 100]), (4, ARRAY[NULL, NULL, NULL, NULL, NULL]::float8[])) AS v(i, m), score(rule_groups(combine), m) AS s ORDER BY combine DESC, i;
SELECT combine, e.weight, e.lost, e.reason FROM unnest(ARRAY['min', 'max']) AS combine, (VALUES (1, ARRAY[10, 90, 40, 60, 100]::float8[]), (2, ARRAY[5, 10, 30, 20, NULL]), (3, ARRAY[NULL, 10, NULL, NULL, 0])) AS v(i, m), explain(rule_groups(combine), m) AS e ORDER BY combine DESC, i, e.pos;

-- bad input
SELECT * FROM score(NULL, NULL);
SELECT * FROM score(rule_card('[]'), NULL, NULL, '{}');
SELECT count(*) FROM explain(NULL, ARRAY[1, 2]);
SELECT count(*) FROM explain(rule_card('[]'), NULL);
SELECT s.score, s.band, s.before_rules, s.rules FROM score(rule_card('[{"name": "r", "when": [{"measure": "b", "below": 5}], "band": "red"}]'), ARRAY[NULL, NULL]::float8[]) AS s;
\set VERBOSITY sqlstate
SELECT score(rule_card('[]'), ARRAY[1, 'NaN']::float8[]);
SELECT score(rule_card('[{"name": "r", "when": [{"attribute": "k", "below": 5}], "cap": 5}]'), ARRAY[1, 1], facts => '[]');
SELECT score(rule_card('[{"name": "r", "when": [{"attribute": "k", "below": 5}], "cap": 5}]'), ARRAY[1, 1], facts => '"k"');
SELECT explain(rule_card('[]'), ARRAY[1, 1], facts => 'null');
\set VERBOSITY default
SELECT explain(rule_card('[]'), ARRAY[1, 1], facts => '17');
-- nothing asks for facts: they are not read
SELECT (score(rule_card('[]'), ARRAY[1, 1], facts => '[]')).score;
-- mistakes, with their path
CREATE FUNCTION rule_try(rules text, more jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE hint text;
BEGIN
    RETURN 'fine: ' || (rule_card(rules::jsonb, more)::jsonb ->> 'rules');
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || SQLERRM || coalesce(' / ' || nullif(hint, ''), '');
END $$;
\t
\a
SELECT rule_try(r) FROM (VALUES ('{}'), ('[]'), ('["r"]'), ('[{}]'), ('[{"name": "Bad Name"}]'), ('[{"name": "r"}]'), ('[{"name": "r", "when": []}]'), ('[{"name": "r", "when": {}}]'), ('[{"name": "r", "when": [{}], "cap": 1}]'),
    ('[{"name": "r", "when": [{"measure": "nope", "below": 1}], "cap": 1}]'), ('[{"name": "r", "when": [{"measure": "a", "attribute": "a", "below": 1}], "cap": 1}]'), ('[{"name": "r", "when": [{"below": 1}], "cap": 1}]'),
    ('[{"name": "r", "when": [{"attribute": "", "below": 1}], "cap": 1}]'), ('[{"name": "r", "when": [{"attribute": 7, "below": 1}], "cap": 1}]'), ('[{"name": "r", "when": [{"measure": "a"}], "cap": 1}]'),
    ('[{"name": "r", "when": [{"measure": "a", "below": "1"}], "cap": 1}]'), ('[{"name": "r", "when": [{"measure": "a", "below": 1e301}], "cap": 1}]'), ('[{"name": "r", "when": [{"measure": "a", "below": null}], "cap": 1}]'),
    ('[{"name": "r", "when": [{"measure": "a", "is": "x"}], "cap": 1}]'), ('[{"name": "r", "when": [{"measure": "a", "is": [1, true]}], "cap": 1}]'), ('[{"name": "r", "when": [{"measure": "a", "is": []}], "cap": 1}]'),
    ('[{"name": "r", "when": [{"attribute": "k", "is": null}], "cap": 1}]'), ('[{"name": "r", "when": [{"attribute": "k", "is": [["x"]]}], "cap": 1}]'), ('[{"name": "r", "when": [{"attribute": "k", "is": {}}], "cap": 1}]'),
    ('[{"name": "r", "when": [{"measure": "a", "known": 1}], "cap": 1}]'), ('[{"name": "r", "when": [{"measure": "a", "known": false, "below": 1}], "cap": 1}]'), ('[{"name": "r", "when": [{"measure": "a", "beneath": 1}], "cap": 1}]'),
    ('[{"name": "r", "when": [{"measure": "a", "below": 1}]}]'), ('[{"name": "r", "when": [{"measure": "a", "below": 1}], "cap": 1, "floor": 0}]'), ('[{"name": "r", "when": [{"measure": "a", "below": 1}], "cap": 101}]'),
    ('[{"name": "r", "when": [{"measure": "a", "below": 1}], "cap": "purple"}]'), ('[{"name": "r", "when": [{"measure": "a", "below": 1}], "floor": "insufficient data"}]'), ('[{"name": "r", "when": [{"measure": "a", "below": 1}], "floor": true}]'),
    ('[{"name": "r", "when": [{"measure": "a", "below": 1}], "band": 50}]'), ('[{"name": "r", "when": [{"measure": "a", "below": 1}], "cap": null}]'), ('[{"name": "r", "when": [{"measure": "a", "below": 1}], "cap": 1, "review_on": "soon"}]'),
    ('[{"name": "r", "when": [{"measure": "a", "below": 1}], "cap": 1}, {"name": "r", "when": [{"measure": "a", "below": 1}], "cap": 1}]'),
    ('[{"review_on": "2027-01-31", "evidence": "Seen twice.", "cap": 1.50, "when": [{"below": 1, "measure": "a"}, {"is": ["x", 2.0], "attribute": "k"}], "title": "T", "name": "r"}]')) AS v(r);
\a
\t
SELECT left(rule_try((SELECT jsonb_agg(jsonb_build_object('name', 'r' || i, 'when', '[{"measure": "a", "below": 1}]'::jsonb, 'cap', 1)) FROM generate_series(1, n) i)::text), 70) FROM unnest(ARRAY[100, 101]) AS n;
SELECT left(rule_try(jsonb_build_array(jsonb_build_object('name', 'r', 'cap', 1, 'when', (SELECT jsonb_agg(jsonb_build_object('attribute', 'k' || i, 'is', 1)) FROM generate_series(1, n) i)))::text), 80) FROM unnest(ARRAY[20, 21]) AS n;
SELECT left(rule_try(jsonb_build_array(jsonb_build_object('name', 'r', 'cap', 1, 'when', jsonb_build_array(jsonb_build_object('attribute', 'k', 'is', (SELECT jsonb_agg(i) FROM generate_series(1, n) i)))))::text), 90) FROM unnest(ARRAY[100, 101]) AS n;
-- all of the rules at once
SELECT s.score, array_length(s.rules, 1) AS changed FROM score(rule_card((SELECT jsonb_agg(jsonb_build_object('name', 'r' || i, 'when', jsonb_build_array(jsonb_build_object('attribute', 'k' || i, 'known', true)), 'cap', 100 - i / 2.0) ORDER BY i) FROM generate_series(1, 100) i)),
    ARRAY[99, 0], facts => (SELECT jsonb_object_agg('k' || i, i) FROM generate_series(1, 100) i)) AS s;

-- among peers: against plain SQL over the others.  40 accounts in two segments,
-- some values not known; the third segment is too small
CREATE TABLE peer AS SELECT i, CASE WHEN i > 38 THEN 'tiny' WHEN i % 3 = 0 THEN 'large' ELSE 'small' END AS segment,
    ARRAY[(i * 37) % 23, CASE WHEN i % 5 > 0 THEN (i * 11) % 17 / 4.0 END, i * i, 7]::float8[] AS m FROM generate_series(1, 40) AS i;
CREATE FUNCTION rule_peers(how text, best float8, worst float8, minimum integer) RETURNS scorecard LANGUAGE sql IMMUTABLE AS $f$
SELECT rule_card('[]', jsonb_build_object('minimum_coverage', 0, 'peers', jsonb_build_object('minimum', minimum), 'measures',
    (SELECT jsonb_agg(jsonb_build_object('name', 'm' || i, 'kind', 'sum', 'signal', 's', 'days', 1, 'normalise', jsonb_build_object(how, jsonb_build_object('worst', worst, 'best', best)))) FROM generate_series(1, 4) AS i)))
$f$;
CREATE TEMP TABLE by_sql AS
SELECT p.i, k, count(o.m[k]) AS others,
       (p.m[k] - avg(o.m[k])) / nullif(stddev_samp(o.m[k]), 0) AS z,
       (p.m[k] - percentile_cont(.5) WITHIN GROUP (ORDER BY o.m[k])) / nullif(1.4826 * (SELECT percentile_cont(.5) WITHIN GROUP (ORDER BY abs(q.m[k] - (SELECT percentile_cont(.5) WITHIN GROUP (ORDER BY r.m[k]) FROM peer AS r WHERE r.segment = p.segment AND r.i <> p.i))) FROM peer AS q WHERE q.segment = p.segment AND q.i <> p.i), 0) AS robust_z,
       100 * (count(*) FILTER (WHERE o.m[k] < p.m[k]) + .5 * count(*) FILTER (WHERE o.m[k] = p.m[k])) / nullif(count(o.m[k]), 0)::float8 AS percentile,
       percentile_cont(.5) WITHIN GROUP (ORDER BY o.m[k]) AS median
FROM peer AS p CROSS JOIN generate_series(1, 4) AS k LEFT JOIN peer AS o ON o.segment = p.segment AND o.i <> p.i GROUP BY p.i, p.m, p.segment, k;
SELECT how, count(*) AS values, count(s.points[k]) AS known, count(*) FILTER (WHERE (s.points[k] IS NULL) <> (v.expected IS NULL)) AS wrongly_null, max(abs(s.points[k] - v.expected)) < 1e-6 AS right_points
FROM (VALUES (1, 'peer_z', -2, 2), (2, 'peer_robust_z', 3, -3), (3, 'peer_percentile', 10, 90)) AS h(n, how, worst, best)
CROSS JOIN peer AS p JOIN (SELECT segment, baseline(m) AS b FROM peer GROUP BY segment) AS g USING (segment)
CROSS JOIN LATERAL score(rule_peers(how, best, worst, 5), p.m, b) AS s JOIN by_sql AS y USING (i)
CROSS JOIN LATERAL (SELECT least(greatest(100 * (CASE how WHEN 'peer_z' THEN CASE WHEN k = 4 THEN 0 ELSE z END WHEN 'peer_robust_z' THEN CASE WHEN k = 4 THEN 0 ELSE robust_z END ELSE percentile END - worst) / (best - worst), 0), 100) AS expected
    WHERE y.others >= 5 AND p.m[k] IS NOT NULL) AS v
GROUP BY n, how ORDER BY n;
SELECT count(*), count(e.peer_median), count(e.peer_percentile), count(*) FILTER (WHERE e.peer_median IS DISTINCT FROM y.median AND p.m[k] IS NOT NULL) AS wrong_median,
       count(*) FILTER (WHERE abs(e.peer_percentile - y.percentile) > 1e-9 OR (e.peer_percentile IS NULL) <> (y.others < 5 OR p.m[k] IS NULL)) AS wrong_percentile
FROM peer AS p JOIN (SELECT segment, baseline(m) AS b FROM peer GROUP BY segment) AS g USING (segment) CROSS JOIN LATERAL explain(rule_peers('peer_z', 2, -2, 5), p.m, b) AS e JOIN by_sql AS y ON y.i = p.i AND y.k = e.pos;
-- without peers, with too few, with the default minimum of ten
SELECT what, s.score, s.coverage, s.points, (SELECT array_agg(e.reason) FROM explain(c, p.m, b) AS e WHERE e.pos <= 2) AS reasons
FROM peer AS p CROSS JOIN (VALUES (1, 'none', NULL, rule_peers('peer_z', 2, -2, 5)), (2, 'tiny', 'tiny', rule_peers('peer_percentile', 100, 0, 5)), (3, 'tiny, 1', 'tiny', rule_peers('peer_percentile', 100, 0, 1)),
    (4, 'large, 11', 'large', rule_peers('peer_robust_z', 2, -2, 11)), (5, 'large, 12', 'large', rule_peers('peer_robust_z', 2, -2, 12))) AS v(n, what, g, c)
LEFT JOIN (SELECT segment, baseline(m) AS b FROM peer GROUP BY segment) AS x ON x.segment = g CROSS JOIN LATERAL score(c, p.m, b) AS s WHERE p.i = CASE WHEN g = 'tiny' THEN 39 ELSE 3 END ORDER BY n;
SELECT n, (score(rule_card('[]', '{"measures": [{"name": "a", "kind": "sum", "signal": "s", "days": 1, "normalise": {"peer_percentile": {"worst": 0, "best": 100}}}]}'), ARRAY[5], (SELECT baseline(ARRAY[i]) FROM generate_series(1, n) AS i))).score
FROM unnest(ARRAY[10, 11]) AS n;
-- a policy decides what is not known among peers
SELECT policy, (score(rule_card('[]', ('{"minimum_coverage": 0, "measures": [{"name": "a", "kind": "sum", "signal": "s", "days": 1, "missing": "' || policy || '", "normalise": {"peer_z": {"worst": -1, "best": 1}}}, {"name": "b", "kind": "sum", "signal": "s", "days": 1, "normalise": {"linear": {"worst": 0, "best": 100}}}]}')::jsonb), ARRAY[5, 80])).score
FROM unnest(ARRAY['redistribute', 'neutral', 'worst']) AS policy ORDER BY policy;
-- a baseline of another card, stored and plain
CREATE TABLE kept_baseline AS SELECT baseline(m) AS b FROM peer;
SELECT score(rule_card('[]'), ARRAY[1, 2], b) FROM kept_baseline;
SELECT explain(rule_card('[]'), ARRAY[1, 2], (SELECT baseline(m) FROM peer));
SELECT (score(rule_peers('peer_z', 2, -2, 5), m, b)).score = (score(rule_peers('peer_z', 2, -2, 5), m, (SELECT baseline(m) FROM peer))).score AS same FROM kept_baseline, peer WHERE i = 7;

-- the template core: each rule, with what fires it and what is just short of it.
-- The order is that of the card; an account that is well, unless said otherwise
CREATE FUNCTION rule_core(changes jsonb, facts jsonb DEFAULT NULL, OUT before text, OUT score text, OUT band text, OUT rules text[]) LANGUAGE sql AS $f$
SELECT round(s.before_rules::numeric, 1), round(s.score::numeric, 1), s.band, s.rules
FROM score(scorecard_template('core'), (SELECT array_agg((CASE WHEN changes ? (m ->> 'name') THEN changes ->> (m ->> 'name') ELSE well ->> (m ->> 'name') END)::float8 ORDER BY i)
    FROM jsonb_array_elements(scorecard_template('core')::jsonb -> 'measures') WITH ORDINALITY AS e(m, i),
         (SELECT '{"login_rate": 6, "days_since_login": 0, "seat_utilisation": 0.5, "weekly_active_per_seat": 0.7, "feature_breadth": 0.5, "adoption_trend": 0, "support_load": 0.01, "sentiment_trend": 0, "days_since_touch": 10,
                   "renewal_proximity": 200, "payment": 0, "api_call_rate": 0, "best_workflow_day": 3, "champion": 1}'::jsonb AS well) AS w), NULL, facts) AS s
$f$;
SELECT what, r.* FROM (VALUES
    (1, 'well', '{}'::jsonb, '{"age_days": 400}'::jsonb),
    (2, 'quiet', '{"login_rate": 0.1, "days_since_login": 60, "seat_utilisation": 0, "weekly_active_per_seat": 0.02, "adoption_trend": -0.5, "days_since_touch": 120}', '{"age_days": 400}'),
    (3, 'quiet, much API', '{"login_rate": 0.1, "days_since_login": 60, "seat_utilisation": 0, "weekly_active_per_seat": 0.02, "adoption_trend": -0.5, "days_since_touch": 120, "api_call_rate": 100}', '{"age_days": 400}'),
    (4, 'quiet, some API', '{"login_rate": 0.1, "days_since_login": 60, "seat_utilisation": 0, "weekly_active_per_seat": 0.02, "adoption_trend": -0.5, "days_since_touch": 120, "api_call_rate": 99}', '{"age_days": 400}'),
    (5, 'quiet, API not known', '{"login_rate": 0.1, "days_since_login": 60, "seat_utilisation": 0, "weekly_active_per_seat": 0.02, "adoption_trend": -0.5, "days_since_touch": 120, "api_call_rate": null}', '{"age_days": 400}'),
    (6, 'busy', '{"best_workflow_day": 0}', '{"age_days": 400}'), (7, 'busy, workflows not known', '{"best_workflow_day": null}', '{"age_days": 400}'),
    (8, 'seldom, no workflow', '{"login_rate": 0.99, "best_workflow_day": 0}', '{"age_days": 400}'),
    (9, 'champion gone', '{"champion": 0}', '{"age_days": 400}'), (10, 'champion not known', '{"champion": null}', '{"age_days": 400}'),
    (11, 'tickets, new', '{"login_rate": 0.5, "seat_utilisation": 0.02, "weekly_active_per_seat": 0.05, "feature_breadth": 0.05, "adoption_trend": -0.5, "support_load": 0.3, "sentiment_trend": -0.01, "days_since_touch": 100, "renewal_proximity": null, "payment": 45}', '{"age_days": 59}'),
    (12, 'tickets, old', '{"login_rate": 0.5, "seat_utilisation": 0.02, "weekly_active_per_seat": 0.05, "feature_breadth": 0.05, "adoption_trend": -0.5, "support_load": 0.3, "sentiment_trend": -0.01, "days_since_touch": 100, "renewal_proximity": null, "payment": 45}', '{"age_days": 60}'),
    (13, 'tickets, age not known', '{"login_rate": 0.5, "seat_utilisation": 0.02, "weekly_active_per_seat": 0.05, "feature_breadth": 0.05, "adoption_trend": -0.5, "support_load": 0.3, "sentiment_trend": -0.01, "days_since_touch": 100, "renewal_proximity": null, "payment": 45}', NULL),
    (14, 'no tickets, new', '{"login_rate": 0.5, "seat_utilisation": 0.02, "weekly_active_per_seat": 0.05, "feature_breadth": 0.05, "adoption_trend": -0.5, "support_load": 0.01, "sentiment_trend": -0.01, "days_since_touch": 100, "renewal_proximity": null, "payment": 45}', '{"age_days": 59}'),
    (15, 'tickets, new, gone quiet', '{"login_rate": 0.5, "days_since_login": 8, "seat_utilisation": 0.02, "weekly_active_per_seat": 0.05, "feature_breadth": 0.05, "adoption_trend": -0.5, "support_load": 0.3, "sentiment_trend": -0.01, "days_since_touch": 100, "renewal_proximity": null, "payment": 45}', '{"age_days": 59}'),
    (16, 'all of it', '{"login_rate": 0.5, "api_call_rate": 5000, "champion": 0}', '{"age_days": 59}')) AS v(i, what, m, f), rule_core(m, f) AS r ORDER BY i;
-- from signals: the measures that the rules look at
SELECT m[13:15], s.rules FROM (SELECT measured(scorecard_template('core'), '2026-06-30', measure_partial(scorecard_template('core'), '2026-06-30', d, 3, 2, NULL::int, 10, 2, 8, 0, NULL::float8, NULL::int, NULL::int, NULL::int, 250, workflows, champion), '2025-01-01') AS m
    FROM (VALUES (date '2026-06-30', NULL::int, NULL::bool), ('2026-06-29', 0, false), ('2026-06-10', 0, true), ('2026-05-20', 4, true)) AS v(d, workflows, champion)) AS x, score(scorecard_template('core'), m) AS s;
