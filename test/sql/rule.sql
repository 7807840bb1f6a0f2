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
