--
-- Metrics against hand-made examples, scikit-learn, and plain SQL.
--
SET search_path = healthscore, public;
SET extra_float_digits = 1;

--
-- By hand.  Ten accounts, three churned.
--
CREATE TEMP TABLE ten (id int, churned bool, risk float8);
INSERT INTO ten VALUES (1, true, 0.9), (2, true, 0.8), (3, false, 0.8), (4, false, 0.6), (5, true, 0.5), (6, false, 0.4), (7, false, 0.3), (8, false, 0.2), (9, false, 0.1), (10, false, 0),
    (11, NULL, 0.95), (12, true, NULL), (13, NULL, NULL);
-- of 21 pairs: 7 + 6.5 + 5 right; precision 1 at the first, 2/3 at the second, 3/5 at the third; of the tenth one churned of one: 1 / 0.3
SELECT auc(churned, risk) = 18.5 / 21 AS auc, round(average_precision(churned, risk)::numeric, 12) = round((1 + 2/3.0 + 3/5.0) / 3, 12) AS ap, round(lift(churned, risk)::numeric, 12) AS lift,
    base_rate(churned, risk), round(brier(churned, risk)::numeric, 12) AS brier, round(ks(churned, risk)::numeric, 12) = round(1 - 2/7.0, 12) AS ks FROM ten;
-- the cut through the tie at 0.8 takes half of each: 1.5 of 3 in 2 of 10, and the whole of both at 0.3
SELECT share, round(lift(churned, risk, share)::numeric, 12) AS lift FROM ten, unnest('{0.05,0.1,0.2,0.3,0.5,1}'::float8[]) share GROUP BY share ORDER BY share;
SELECT r.* FROM (SELECT ranking(churned, risk) AS r FROM ten) x, roc_curve(r, NULL) r;
SELECT r.* FROM (SELECT ranking(churned, risk) AS r FROM ten) x, roc_curve(r, 3) r;
SELECT threshold, flagged, flagged_share, true_positives AS tp, false_positives AS fp, true_negatives AS tn, false_negatives AS fn, round(precision::numeric, 4) AS precision, round(recall::numeric, 4) AS recall, round(specificity::numeric, 4) AS specificity, round(f1::numeric, 4) AS f1, round(lift::numeric, 4) AS lift
FROM (SELECT ranking(churned, risk) AS r FROM ten) x, threshold_metrics(r, '{0.5,0.8,0.81,-Infinity,Infinity,1}');
SELECT bin, share, highest, lowest, weight, positives, rate, round(lift::numeric, 4) AS lift, round(captured::numeric, 4) AS captured, round(cumulative_lift::numeric, 4) AS cumulative FROM (SELECT ranking(churned, risk) AS r FROM ten) x, lift_table(r, 5);
-- rows of a tie are not divided: its middle, 8 of 10, is where the last of five bins begins
SELECT bin, n, weight, lowest, highest, round(mean_predicted::numeric, 4) AS mean_predicted, positives, round(observed_rate::numeric, 4) AS observed, round(low::numeric, 4) AS low, round(high::numeric, 4) AS high FROM (SELECT ranking(churned, risk) AS r FROM ten) x, calibration_curve(r, 5);
SELECT s.* FROM (SELECT ranking(churned, risk) AS r FROM ten) x, isotonic(r) s;
SELECT ranking_counts(ranking(churned, risk)), ranking_counts(ranking(churned, risk, id)) FROM ten;
-- a textbook: Wilson of 8 in 10 is 0.490 to 0.943; of 0 in n the upper end is z^2 / (n + z^2)
SELECT * FROM wilson_interval(8, 10);
SELECT rate, low, round((high - 1.959963984540054 ^ 2 / (20 + 1.959963984540054 ^ 2))::numeric, 14) AS high FROM wilson_interval(0, 20);
SELECT level, round(z::numeric, 12) AS z FROM unnest('{0.5,0.6826894921370859,0.9,0.95,0.99,0.999999}'::float8[]) level, LATERAL (SELECT sqrt(high / (1 - high)) AS z FROM wilson_interval(0, 1, level)) w;
SELECT psi('{10,20,30}', '{1,2,3}') AS same, round(psi('{0.5,0.5}', '{0.9,0.1}')::numeric, 12) = round(0.4 * ln(1.8) - 0.4 * ln(0.2), 12) AS by_hand,
    round(psi('{1,0}', '{1,1}')::numeric, 12) = round(-0.5 * ln(0.5) + (0.5 - 0.0001) * ln(5000.0), 12) AS with_floor, psi('{1,0}', '{0,1}', 0.01) = psi('{0,1}', '{1,0}', 0.01) AS symmetric, psi('{1e308,1e308}', '{5e-324,5e-324}') AS far, psi('{0,0}', '{1,2}') AS nothing;

--
-- scikit-learn 1.2.1: test/tools/metric_golden.py made these
--
CREATE TEMP TABLE golden (name text, weighted bool, auc float8, ap float8, ks float8, log_loss float8, brier float8, intercept float8, slope float8, precision float8, recall float8, f1 float8, isotonic float8, a float8, b float8);
INSERT INTO golden VALUES
    ('smooth', false, 0.7807116527495676, 0.7569973189325668, 0.4524185661626419, 0.5768852434488483, 0.19342767522512397, -0.15405051801098008, 0.7205120798051327, 0.6782178217821783, 0.7248677248677249, 0.70076726342711, 1480.0469437206707, -3.9461498492804368, 2.1267549658788933),
    ('smooth', true, 0.7817893734812996, 0.7556364987966591, 0.4599814624614846, 0.5854976473645038, 0.1927072334341478, -0.11344758207675093, 0.6848915618769287, 0.6860759493670886, 0.7094240837696335, 0.6975546975546976, 1188.6205683442413, -3.9336363035810358, 2.0722694060787457),
    ('ties', false, 0.7479901517435434, 0.7138600864294254, 0.3766958094663853, 0.775469527183798, 0.2120875, -0.1634971260417657, 0.37040477748930933, 0.6220095693779905, 0.6989247311827957, 0.6582278481012658, 1476.7840755735492, -3.1788387171509047, 1.7572959744845627),
    ('ties', true, 0.7456906537433239, 0.7146865416994626, 0.3675388670786609, 0.8219679149651783, 0.2129375, -0.08781214921062025, 0.33000659498786233, 0.6363636363636364, 0.6945169712793734, 0.6641697877652933, 1201.8375413656995, -3.135425304294296, 1.6591198861172851),
    ('margin', false, 0.8373896025692492, 0.7971366668659335, 0.543054997992774, NULL, NULL, NULL, NULL, 0.7670454545454546, 0.7180851063829787, 0.7417582417582418, 1498.4301363077625, -0.6525364587993179, 0.1880999460901204),
    ('margin', true, 0.834677923702314, 0.8025880167922593, 0.5564102564102564, NULL, NULL, NULL, NULL, 0.7875354107648725, 0.7128205128205128, 0.7483176312247645, 1233.9857325550197, -0.6412250844172127, 0.07385956856118604);
CREATE TEMP VIEW sample AS
SELECT name, i, x, (i::bigint * i * 37 + i * 101) % 1009 / 1009.0::float8 < CASE name WHEN 'margin' THEN 1 / (1 + exp(-x)) ELSE x END * 0.8 + 0.1 AS y, CASE WHEN weighted THEN i * 13 % 5 / 2.0::float8 ELSE 1 END AS w, weighted
FROM generate_series(1, 400) i, (VALUES ('smooth'), ('ties'), ('margin')) n(name), unnest('{f,t}'::bool[]) weighted,
    LATERAL (SELECT CASE name WHEN 'smooth' THEN i * 7919 % 10007 / 10007.0::float8 WHEN 'ties' THEN i * 7919 % 21 / 20.0::float8 ELSE (i * 7919 % 401 - 200) / 50.0::float8 END AS x) l;
CREATE FUNCTION pg_temp.near(a float8, b float8, tolerance float8 DEFAULT 1e-12) RETURNS bool LANGUAGE sql IMMUTABLE
    RETURN (a IS NULL AND b IS NULL) OR coalesce(abs(a - b) <= tolerance * (1 + abs(b)), false);
SELECT name, weighted, pg_temp.near(auc(y, x, w), g.auc) AS auc, pg_temp.near(average_precision(y, x, w), g.ap) AS ap, pg_temp.near(ks(y, x, w), g.ks) AS ks,
    pg_temp.near(log_loss(y, x, w) FILTER (WHERE name <> 'margin'), g.log_loss) AS log_loss, pg_temp.near(brier(y, x, w) FILTER (WHERE name <> 'margin'), g.brier) AS brier,
    pg_temp.near(calibration_intercept(y, x, w) FILTER (WHERE name <> 'margin'), g.intercept, 1e-10) AS intercept, pg_temp.near(calibration_slope(y, x, w) FILTER (WHERE name <> 'margin'), g.slope, 1e-10) AS slope,
    (SELECT pg_temp.near(t.precision, g.precision) AND pg_temp.near(t.recall, g.recall) AND pg_temp.near(t.f1, g.f1) FROM threshold_metrics(ranking(y, x, w), '{0.5}') t) AS at_a_half,
    -- their minimiser stops at a gradient of 1e-5
    (SELECT pg_temp.near(p.a, g.a, 1e-5) AND pg_temp.near(p.b, g.b, 1e-5) FROM platt(ranking(y, x, w)) p) AS platt
FROM sample JOIN golden g USING (name, weighted) GROUP BY name, weighted, g.auc, g.ap, g.ks, g.log_loss, g.brier, g.intercept, g.slope, g.precision, g.recall, g.f1, g.a, g.b ORDER BY name, weighted;
CREATE TEMP TABLE fitted AS SELECT name, weighted, s.* FROM (SELECT name, weighted, ranking(y, x, w) AS r FROM sample GROUP BY 1, 2) k, isotonic(r) s;
SELECT name, weighted, count(*), pg_temp.near(sum(probability * (i % 17)), g.isotonic) AS isotonic FROM golden g JOIN sample s USING (name, weighted) JOIN fitted f USING (name, weighted)
WHERE w > 0 AND s.x BETWEEN f.lowest AND f.highest GROUP BY name, weighted, g.isotonic ORDER BY 1, 2;
SELECT pg_temp.near(calibration_error(r, 8), want) AS calibration_error FROM (SELECT ranking(y, x) AS r FROM sample WHERE name = 'smooth' AND NOT weighted) k, LATERAL (SELECT sum(abs(rate - mean)) / 8 AS want FROM (SELECT avg(y::int) AS rate, avg(x) AS mean FROM (SELECT y, x, ntile(8) OVER (ORDER BY x) AS bin FROM sample WHERE name = 'smooth' AND NOT weighted) n GROUP BY bin) b) w;
SELECT count(*) AS bins, bool_and(pg_temp.near(observed_rate, rate) AND pg_temp.near(mean_predicted, mean) AND c.n = 50) AS same
FROM (SELECT ranking(y, x) AS r FROM sample WHERE name = 'smooth' AND NOT weighted) k, calibration_curve(r, 8) c JOIN (VALUES
    (1, 0.12, 0.06438493054861598), (2, 0.18, 0.18980713500549612), (3, 0.32, 0.3161926651344059), (4, 0.46, 0.4409613270710503), (5, 0.54, 0.5654421904666733), (6, 0.66, 0.6902308384131107), (7, 0.58, 0.8132886979114617), (8, 0.92, 0.9387688617967425)) v(bin, rate, mean) USING (bin);

--
-- Plain SQL, over groups of all sizes with ties, weights and NULLs
--
-- a reproducible stand-in for random(): 0 <= u < 1
CREATE FUNCTION pg_temp.u(bigint, bigint) RETURNS float8 LANGUAGE sql IMMUTABLE
    RETURN (hashint8extended($1, $2) & 1048575) / 1048576.0::float8;
CREATE TEMP TABLE obs AS
SELECT id, g, CASE WHEN pg_temp.u(id, 1) < 0.05 THEN NULL ELSE pg_temp.u(id, 2) < 0.15 + 0.6 * x END AS y, CASE WHEN pg_temp.u(id, 3) >= 0.05 THEN x END AS x,
    CASE WHEN NOT weighted THEN 1 WHEN pg_temp.u(id, 4) < 0.05 THEN NULL ELSE floor(8 * pg_temp.u(id, 5)) / (1 + g % 3) END AS w
FROM (SELECT g, kind, weighted, 1000 * g + k AS id FROM (SELECT row_number() OVER () AS g, * FROM (VALUES (1), (2), (3), (4), (6), (9), (15), (40), (120)) s(n), (VALUES ('smooth'), ('ties'), ('few'), ('same')) k(kind), unnest('{f,t}'::bool[]) weighted) z, generate_series(1, n) k) ids,
    LATERAL (SELECT CASE kind WHEN 'smooth' THEN pg_temp.u(id, 6) WHEN 'ties' THEN floor(11 * pg_temp.u(id, 6)) / 10 WHEN 'few' THEN 0.1 + floor(3 * pg_temp.u(id, 6)) / 4 ELSE 0.3 END AS x) l;
CREATE TEMP VIEW known AS SELECT * FROM obs WHERE y IS NOT NULL AND x IS NOT NULL AND w > 0;
CREATE TEMP VIEW cut AS -- rows of one prediction, with what is at and above it
SELECT g, x, pos, neg, sum(pos) OVER w AS tp, sum(neg) OVER w AS fp, sum(pos) OVER (PARTITION BY g) AS p, sum(neg) OVER (PARTITION BY g) AS n
FROM (SELECT g, x, sum(w * y::int) AS pos, sum(w * (NOT y)::int) AS neg FROM known GROUP BY g, x) s WINDOW w AS (PARTITION BY g ORDER BY x DESC);
CREATE TEMP TABLE got AS SELECT g, auc(y, x, w), average_precision(y, x, w), ks(y, x, w), base_rate(y, x, w), log_loss(y, x, w), brier(y, x, w), calibration_intercept(y, x, w), calibration_slope(y, x, w), lift(y, x, 0.1, w), ranking(y, x, w) AS r FROM obs GROUP BY g;
SELECT count(*), count(*) FILTER (WHERE r IS NULL) AS nothing, count(got.auc) AS both, count(calibration_slope) AS overlap,
    count(*) FILTER (WHERE NOT pg_temp.near(got.auc, w.auc)) AS auc, count(*) FILTER (WHERE NOT pg_temp.near(got.base_rate, w.base_rate)) AS base_rate, count(*) FILTER (WHERE NOT pg_temp.near(got.brier, w.brier)) AS brier, count(*) FILTER (WHERE NOT pg_temp.near(got.log_loss, w.log_loss)) AS log_loss,
    count(*) FILTER (WHERE (c.n, c.positives) IS DISTINCT FROM (w.n, w.positives) OR NOT (pg_temp.near(c.weight, w.weight) AND pg_temp.near(c.positive_weight, w.positive_weight))) AS counts
FROM got LEFT JOIN ranking_counts(r) c ON true LEFT JOIN (SELECT g, (SELECT sum(a.w * b.w * CASE WHEN a.x > b.x THEN 1 WHEN a.x = b.x THEN 0.5 ELSE 0 END) / sum(a.w * b.w) FROM known a, known b WHERE a.g = k.g AND b.g = k.g AND a.y AND NOT b.y) AS auc,
        sum(w * y::int) / sum(w) AS base_rate, sum(w * (y::int - x) ^ 2) / sum(w) AS brier, -sum(w * ln(CASE WHEN y THEN q ELSE 1 - q END)) / sum(w) AS log_loss, count(*) AS n, count(*) FILTER (WHERE y) AS positives, sum(w) AS weight, sum(w * y::int) AS positive_weight
    FROM known k, LATERAL (SELECT greatest(least(x, 1 - 1e-15::float8), 1e-15) AS q) l GROUP BY g) w USING (g);
SELECT count(*) FILTER (WHERE NOT pg_temp.near(got.average_precision, w.ap)) AS ap, count(*) FILTER (WHERE NOT pg_temp.near(got.ks, w.ks)) AS ks, count(*) FILTER (WHERE NOT pg_temp.near(got.lift, w.lift)) AS lift
FROM got LEFT JOIN (SELECT g, sum(pos / nullif(p, 0) * tp / (tp + fp)) AS ap, max(abs(tp / nullif(p, 0) - fp / nullif(n, 0))) AS ks,
        sum(pos * greatest(least((0.1 * (p + n) - (tp + fp - pos - neg)) / (pos + neg), 1), 0)) / nullif(0.1 * max(p), 0) AS lift FROM cut GROUP BY g) w USING (g);
-- several shares, as an aggregate and of a ranking
SELECT count(*), count(*) FILTER (WHERE NOT pg_temp.near(a, w)) AS aggregate, count(*) FILTER (WHERE a IS DISTINCT FROM b) AS of_ranking
FROM (SELECT g, share, (SELECT lift(y, x, share, w) FROM obs WHERE obs.g = got.g) AS a, lift(r, share) AS b, (SELECT sum(pos * greatest(least((share * (p + n) - (tp + fp - pos - neg)) / (pos + neg), 1), 0)) / nullif(share * max(p), 0) FROM cut WHERE cut.g = got.g) AS w
    FROM got, unnest('{1e-9,0.01,0.25,0.333,0.75,1}'::float8[]) share) s;
-- the calibration line: at the maximum the weighted residuals sum to 0, also times the logit; there is none where the classes do not overlap
SELECT count(*) FILTER (WHERE calibration_slope IS NULL) AS none, count(*) FILTER (WHERE (calibration_slope IS NULL) <> NOT overlap) AS wrongly, count(*) FILTER (WHERE abs(residual) > 1e-9) AS residual, count(*) FILTER (WHERE abs(times_logit) > 1e-9) AS times_logit
FROM (SELECT g, calibration_slope, coalesce(max(z) FILTER (WHERE y) > min(z) FILTER (WHERE NOT y) AND max(z) FILTER (WHERE NOT y) > min(z) FILTER (WHERE y), false) AS overlap,
        sum(w * (y::int - 1 / (1 + exp(-(calibration_intercept + calibration_slope * z))))) / sum(w) AS residual, sum(w * z * (y::int - 1 / (1 + exp(-(calibration_intercept + calibration_slope * z))))) / sum(w) AS times_logit
    FROM got JOIN known USING (g), LATERAL (SELECT ln(q / (1 - q)) AS z FROM (SELECT greatest(least(x, 1 - 1e-6), 1e-6) AS q) q) z GROUP BY g, calibration_slope, calibration_intercept) s;
-- Platt: likewise, with his targets
SELECT count(*), count(*) FILTER (WHERE (a IS NULL) <> (p = 0 OR n = 0)) AS wrongly, count(*) FILTER (WHERE abs(residual) > 1e-9) AS residual, count(*) FILTER (WHERE abs(times_x) > 1e-9) AS times_x, count(*) FILTER (WHERE a = 0) AS flat
FROM (SELECT g, a, p, n, sum(w * (t - 1 / (1 + exp(a * x + b)))) / sum(w) AS residual, sum(w * x * (t - 1 / (1 + exp(a * x + b)))) / sum(w) AS times_x
    FROM got, platt(r), LATERAL (SELECT sum(w * y::int) AS p, sum(w * (NOT y)::int) AS n FROM known WHERE known.g = got.g) s, LATERAL (SELECT x, w, CASE WHEN y THEN (p + 1) / (p + 2) ELSE 1 / (n + 2) END AS t FROM known WHERE known.g = got.g) k GROUP BY g, a, b, p, n) s;
-- DeLong from the placement of every row
CREATE TEMP VIEW placement AS
SELECT a.g, a.y, a.w, (SELECT sum(b.w * CASE WHEN a.x = b.x THEN 0.5 WHEN (a.x > b.x) = a.y THEN 1 ELSE 0 END) / sum(b.w) FROM known b WHERE b.g = a.g AND b.y <> a.y) AS v FROM known a;
SELECT count(*), count(want) AS known, count(*) FILTER (WHERE NOT pg_temp.near(stderr, want)) AS stderr, count(*) FILTER (WHERE NOT pg_temp.near(low, (SELECT greatest(i.auc - 1.6448536269514722 * want, 0) WHERE want IS NOT NULL))) AS low, count(*) FILTER (WHERE NOT pg_temp.near(high, (SELECT least(i.auc + 1.6448536269514722 * want, 1) WHERE want IS NOT NULL))) AS high, count(*) FILTER (WHERE i.auc IS DISTINCT FROM got.auc) AS auc
FROM got, auc_interval(r, 0.9) i, LATERAL (SELECT CASE WHEN max(variance) > 1e-20 THEN sqrt(max(variance)) END AS want FROM (SELECT CASE WHEN count(*) > 1 AND min(m) > 1 THEN sum(variance) END AS variance
    FROM (SELECT sum((w * (v - got.auc)) ^ 2) / sum(w) ^ 2 * count(*) / nullif(count(*) - 1, 0) AS variance, count(*) AS m FROM placement WHERE placement.g = got.g GROUP BY y) c) s) l;
-- and for rows without weights the textbook's variances
SELECT count(*), bool_and(pg_temp.near(stderr ^ 2, want)) AS same FROM got, auc_interval(r), LATERAL (SELECT sum(s) AS want FROM (SELECT var_samp(v) / count(*) AS s FROM placement WHERE placement.g = got.g GROUP BY y) c) l WHERE stderr IS NOT NULL AND NOT EXISTS (SELECT FROM known WHERE known.g = got.g AND w <> 1);
-- isotonic: the greatest over all beginnings of the least over all ends of the mean between
SELECT count(*), count(*) FILTER (WHERE NOT pg_temp.near(probability, want)) AS differ FROM got, LATERAL (SELECT DISTINCT x FROM known WHERE known.g = got.g) d, isotonic(r) s,
    LATERAL (SELECT max(least) AS want FROM (SELECT min(mean) AS least FROM (SELECT a.x AS a, (SELECT sum(pos) / sum(pos + neg) FROM cut WHERE cut.g = got.g AND cut.x BETWEEN a.x AND b.x) AS mean FROM cut a, cut b WHERE a.g = got.g AND b.g = got.g AND a.x <= d.x AND b.x >= d.x) m GROUP BY a) n) l
WHERE d.x BETWEEN s.lowest AND s.highest AND (SELECT count(*) FROM known WHERE known.g = got.g) <= 40;
SELECT bool_and(rising) AS rising, bool_and(pg_temp.near(all_weight, sum_weight)) AS weight FROM (SELECT g, bool_and(coalesce(probability > before, true)) AS rising, sum(weight) AS sum_weight, (SELECT sum(w) FROM known WHERE known.g = s.g) AS all_weight
    FROM (SELECT g, s.*, lag(probability) OVER (PARTITION BY g ORDER BY step) AS before FROM got, isotonic(r) s) s GROUP BY g) t;
-- curves
SELECT count(*), count(*) FILTER (WHERE NOT coalesce(pg_temp.near(true_positives, tp) AND pg_temp.near(false_positives, fp) AND pg_temp.near(recall, tp / nullif(p, 0)) AND pg_temp.near(false_positive_rate, fp / nullif(n, 0)) AND pg_temp.near(true_negatives, n - fp) AND pg_temp.near(false_negatives, p - tp), false)) AS differ
FROM (SELECT g, c.* FROM got, roc_curve(r, NULL) c WHERE threshold <> 'Infinity') c FULL JOIN cut ON cut.g = c.g AND cut.x = c.threshold;
SELECT bool_and(n <= 12) AS few, bool_and(ends) AS ends FROM (SELECT g, count(*) AS n, max(threshold) = 'Infinity' AND min(threshold) = (SELECT min(x) FROM known WHERE known.g = got.g) AND pg_temp.near(max(true_positives + false_positives), max(weight)) AS ends FROM got, ranking_counts(r), roc_curve(r, 10) GROUP BY g) s;
SELECT count(*), count(*) FILTER (WHERE NOT (pg_temp.near(flagged, f) AND pg_temp.near(flagged_share, f / a) AND pg_temp.near(precision, tp / nullif(f, 0)) AND pg_temp.near(t.recall, tp / nullif(p, 0)) AND pg_temp.near(specificity, (a - p - (f - tp)) / nullif(a - p, 0)) AND pg_temp.near(f1, 2 * tp / nullif(p + f, 0)) AND pg_temp.near(t.lift, tp / nullif(f, 0) / nullif(p / a, 0)))) AS differ
FROM got, threshold_metrics(r, '{0,0.1,0.3,0.35,0.5,0.6,1,1.5}') t, LATERAL (SELECT sum(w) AS a, sum(w * y::int) AS p, coalesce(sum(w) FILTER (WHERE x >= threshold), 0) AS f, coalesce(sum(w * y::int) FILTER (WHERE x >= threshold), 0) AS tp FROM known WHERE known.g = got.g) w;
SELECT count(*), count(*) FILTER (WHERE NOT (pg_temp.near(cumulative_lift, lift(r, share)) AND pg_temp.near(captured, cumulative_lift * share) AND pg_temp.near(t.lift, t.rate / nullif(got.base_rate, 0), 1e-9) AND pg_temp.near(positives, rate * weight, 1e-9) AND highest >= lowest)) AS differ FROM got, lift_table(r, 7) t;
SELECT count(*), count(*) FILTER (WHERE NOT (pg_temp.near(sum, weight) AND bins = 7)) AS differ FROM (SELECT g, sum(t.weight), count(*) AS bins, max(c.weight) AS weight FROM got, lift_table(r, 7) t, ranking_counts(r) c GROUP BY g) s;
-- bins: ntile() where nothing is tied and it comes out even; where not, by the middle of the ties
SELECT count(*), count(*) FILTER (WHERE NOT (c.n = w.n AND pg_temp.near(mean_predicted, mean) AND pg_temp.near(observed_rate, rate))) AS differ FROM (SELECT c.* FROM (SELECT ranking(y, x) AS r FROM sample WHERE name = 'smooth' AND weighted) k, calibration_curve(r, 16) c) c
    FULL JOIN (SELECT bin, count(*) AS n, avg(x) AS mean, avg(y::int)::float8 AS rate FROM (SELECT *, ntile(16) OVER (ORDER BY x) AS bin FROM sample WHERE name = 'smooth' AND weighted) s GROUP BY bin) w USING (bin);
SELECT count(*), count(*) FILTER (WHERE NOT coalesce(c.n = w.n AND pg_temp.near(c.weight, w.weight) AND pg_temp.near(mean_predicted, mean) AND pg_temp.near(observed_rate, rate) AND lowest = least AND highest = most
    AND pg_temp.near(low, (rate + z2 / (2 * e) - sqrt(z2) * sqrt(rate * (1 - rate) / e + z2 / (4 * e ^ 2))) / (1 + z2 / e), 1e-12) AND pg_temp.near(high, (rate + z2 / (2 * e) + sqrt(z2) * sqrt(rate * (1 - rate) / e + z2 / (4 * e ^ 2))) / (1 + z2 / e), 1e-12), false)) AS differ
FROM (SELECT g, c.* FROM got, calibration_curve(r, 4) c) c FULL JOIN (SELECT g, row_number() OVER (PARTITION BY g ORDER BY b) AS bin, n, weight, mean, rate, least, most, e, z2 FROM (
    SELECT g, floor(4 * (p + n - tp - fp + (pos + neg) / 2) / (p + n)) AS b, count(*) AS n, sum(w) AS weight, sum(w * x) / sum(w) AS mean, sum(w * y::int) / sum(w) AS rate, min(x) AS least, max(x) AS most, sum(w) ^ 2 / sum(w ^ 2) AS e, 1.959963984540054 ^ 2 AS z2 FROM known JOIN cut USING (g, x) GROUP BY 1, 2) s) w USING (g, bin);

--
-- Any order, any split: the same bytes
--
CREATE AGGREGATE pg_temp.part(bool, float8, float8) (SFUNC = hs_ranking_accum, STYPE = ranking);
CREATE AGGREGATE pg_temp.part(bool, float8) (SFUNC = hs_ranking_accum, STYPE = ranking);
CREATE TEMP TABLE big AS SELECT id, pg_temp.u(id, 1) < 0.3 AS y, CASE WHEN id % 3 = 0 THEN pg_temp.u(id, 2) ELSE floor(100 * pg_temp.u(id, 2)) / 100 END * CASE WHEN id % 7 = 0 THEN -1 ELSE 1 END AS x, exp(5 * pg_temp.u(id, 3)) AS w FROM generate_series(1, 20000) id;
CREATE TEMP TABLE whole AS SELECT ranking(y, x) AS r, ranking(y, x, w) AS rw FROM big;
SELECT ranking_counts(r) FROM whole;
SELECT k, r::text = (SELECT r::text FROM whole) AS same, rw::text = (SELECT rw::text FROM whole) AS weighted FROM (
    SELECT k, ranking(p ORDER BY hashint8(part * k)) AS r, ranking(pw ORDER BY hashint8(part * k)) AS rw FROM (
        SELECT k, id % k AS part, pg_temp.part(y, x ORDER BY hashint8(id + k)) AS p, pg_temp.part(y, x, w ORDER BY hashint8(id + k)) AS pw FROM big, unnest('{1,2,3,10,500,20000}'::int[]) k GROUP BY 1, 2) s GROUP BY k) t ORDER BY k;
-- parts that were written and read, some of them empty; contiguous parts; rankings of rankings
SELECT size, ranking(p::text::ranking)::text = (SELECT r::text FROM whole) AS same, ranking(hs_ranking_combine(NULL, pw))::text = (SELECT rw::text FROM whole) AS weighted FROM (
    SELECT size, id / size, ranking(y, x) AS p, pg_temp.part(y, x, w) AS pw FROM big, unnest('{100,2500,9000}'::int[]) size GROUP BY 1, 2 UNION ALL SELECT size, -1, NULL, NULL FROM unnest('{100,2500,9000}'::int[]) size) s GROUP BY size ORDER BY 1;
-- of rows with weights and without, which then have the weight 1
SELECT auc(ranking(p))::numeric(20,15) = (SELECT auc(y, x, CASE WHEN id % 2 = 0 THEN 1 ELSE w END) FROM big)::numeric(20,15) AS mixed, ranking_counts(ranking(p)) = (SELECT ranking_counts(ranking(y, x, CASE WHEN id % 2 = 0 THEN 1 ELSE w END)) FROM big) AS counts
FROM (SELECT ranking(y, x) AS p FROM big WHERE id % 2 = 0 UNION ALL SELECT ranking(y, x, w) FROM big WHERE id % 2 = 1) s;
SELECT hs_ranking_combine(NULL, NULL), hs_ranking_combine(r, NULL)::text = r::text AS first, hs_ranking_combine(NULL, r)::text = r::text AS second, auc(hs_ranking_combine(r, r)) = auc(r) AS twice, r::text = (SELECT ranking(y, x)::text FROM big) AS unchanged FROM whole;
-- a state that is finished again and again, and grows in between
SELECT count(*), count(*) FILTER (WHERE (a, s, r::text) IS DISTINCT FROM (SELECT (auc(y, x), calibration_slope(y, abs(x)), ranking(y, x)::text) FROM big WHERE big.id <= f.id)) AS differ
FROM (SELECT id, auc(y, x) OVER w AS a, calibration_slope(y, abs(x)) OVER w AS s, ranking(y, x) OVER w AS r FROM big WHERE id <= 600 WINDOW w AS (ORDER BY id)) f WHERE id % 50 < 3;
-- metrics with the same arguments share one transition: each row is seen once
CREATE FUNCTION pg_temp.seen(y bool) RETURNS bool LANGUAGE plpgsql STABLE AS $$ BEGIN PERFORM set_config('test.seen', (current_setting('test.seen')::int + 1)::text, false); RETURN y; END $$;
SET test.seen = 0;
SELECT auc(pg_temp.seen(y), x) > 0 AS auc, average_precision(pg_temp.seen(y), x) > 0 AS ap, lift(pg_temp.seen(y), x) > 0 AS lift, ks(pg_temp.seen(y), x) > 0 AS ks, brier(pg_temp.seen(y), x) > 0 AS brier, log_loss(pg_temp.seen(y), x) > 0 AS log_loss, base_rate(pg_temp.seen(y), x) > 0 AS base_rate,
    calibration_slope(pg_temp.seen(y), x) < 5 AS slope, calibration_intercept(pg_temp.seen(y), x) < 5 AS intercept, auc(ranking(pg_temp.seen(y), x)) > 0 AS ranking FROM big WHERE x BETWEEN 0 AND 1 AND id <= 1000;
SELECT current_setting('test.seen')::int - count(*) AS too_often FROM big WHERE x BETWEEN 0 AND 1 AND id <= 1000;

--
-- From tables: compressed, out of line, short; a raw state
--
CREATE TEMP TABLE stored (what text, r ranking);
INSERT INTO stored SELECT 'compressed', ranking(y, round(x::numeric, 1)) FROM big UNION ALL SELECT 'short', ranking(churned, risk) FROM ten UNION ALL SELECT 'raw', pg_temp.part(y, round(x::numeric, 1)) FROM big;
ALTER TABLE stored ALTER r SET STORAGE EXTERNAL;
INSERT INTO stored SELECT 'external', ranking(y, round(x::numeric, 1)) FROM big;
SELECT what, pg_column_size(r) < 8 * n AS smaller, auc(r) = (CASE WHEN what = 'short' THEN (SELECT auc(churned, risk) FROM ten) ELSE (SELECT auc(y, round(x::numeric, 1)) FROM big) END) AS auc, r::text = CASE WHEN what = 'short' THEN (SELECT ranking(churned, risk)::text FROM ten) ELSE (SELECT ranking(y, round(x::numeric, 1))::text FROM big) END AS same FROM stored, ranking_counts(r) ORDER BY what COLLATE "C";

--
-- Far ends of double precision
--
SELECT what, auc(y, x), round(average_precision(y, x)::numeric, 12) AS ap, round(ks(y, x)::numeric, 12) AS ks, round(lift(y, x, 0.5)::numeric, 12) AS lift, platt(ranking(y, x)) IS NOT NULL AS platt, (SELECT array_agg(probability ORDER BY step) FROM isotonic(ranking(y, x))) AS isotonic
FROM (VALUES ('huge', '{1e308,-1.7976931348623157e308,1.7976931348623157e308,0}'::float8[]), ('denormal', '{1e-323,0,1.5e-323,5e-324}'), ('zeros', '{0,-0,0,-0}'), ('ordered', '{2,1,3,-4}'), ('close', '{1.0000000000000002,1,1.0000000000000004,0.9999999999999999}')) v(what, xs), unnest(xs, '{t,f,t,f}'::bool[]) u(x, y) WHERE what <> 'denormal' GROUP BY what ORDER BY what COLLATE "C";
SELECT auc(y, x), ks(y, x) FROM unnest('{1e-323,0,1.5e-323,5e-324}'::float8[], '{t,f,t,f}'::bool[]) u(x, y);
SELECT auc(y, x, w), base_rate(y, x, w), brier(y, x, w), log_loss(y, x, w), calibration_slope(y, x, w) IS NOT NULL AS slope FROM (VALUES (true, 0.5, 1e100), (false, 0.25, 1e-100), (true, 0.125, 1e-100), (false, 1, 1)) v(y, x, w);
SELECT auc(y, x, w), base_rate(y, x, w), average_precision(y, x, w), (auc_interval(ranking(y, x, w))).* FROM (VALUES (true, 0.5, 1e-100), (false, 0.25, 1e-100), (true, 0.125, 1e-100), (false, 1, 1e-100)) v(y, x, w);
SELECT mean_predicted, observed_rate FROM calibration_curve((SELECT ranking(y, x) FROM (VALUES (true, 1.7e308), (true, 1.5e308), (false, -1.5e308), (false, -1.7e308)) v(y, x)), 2);
-- certain and right, certain and wrong: the clips
SELECT round(log_loss(y, y::int)::numeric, 18) AS right, log_loss(NOT y, y::int) AS wrong, brier(y, y::int), brier(NOT y, y::int) AS brier_wrong, calibration_slope(y, CASE WHEN id % 3 = 0 THEN 1 - y::int ELSE y::int END) AS two_of_three, ln(2) / ln(999999) AS want FROM (SELECT id, id % 2 = 0 AS y FROM generate_series(1, 6) id) s;

--
-- One class, one row, none; NULL is neither
--
SELECT what, auc(y, x), average_precision(y, x) AS ap, ks(y, x), lift(y, x), base_rate(y, x), round(log_loss(y, x)::numeric, 6) AS log_loss, brier(y, x), calibration_slope(y, x) AS slope, calibration_intercept(y, x) AS intercept, platt(ranking(y, x)), auc_interval(ranking(y, x)) AS i
FROM (VALUES ('all', true, 0.5), ('all', true, 0.25), ('none', false, 0.5), ('none', false, 0.25), ('one', true, 1), ('unknown', NULL, 0.5), ('unknown', true, NULL), ('separated', true, 0.75), ('separated', true, 0.5), ('separated', false, 0.25), ('separated', false, 0.25), ('constant', true, 0.5), ('constant', false, 0.5), ('constant', true, 0.5), ('constant', false, 0.5)) v(what, y, x) GROUP BY what ORDER BY what COLLATE "C";
SELECT auc(y, x) IS NULL AS auc, ranking(y, x) IS NULL AS ranking, brier(y, x, x) IS NULL AS brier, lift(y, x, 0.5) IS NULL AS lift FROM big WHERE false;
SELECT count(*) AS roc FROM roc_curve(NULL);
SELECT auc(r), brier(r), lift(r), lift(r, 0.3) AS lift_3, ranking_counts(r), platt(r), (SELECT count(*) FROM roc_curve(r)) + (SELECT count(*) FROM calibration_curve(r)) + (SELECT count(*) FROM lift_table(r)) + (SELECT count(*) FROM isotonic(r)) AS rows, calibration_error(r) AS error, (SELECT t FROM threshold_metrics(r, '{0.5}') t)
FROM (SELECT '01000000000000000000'::ranking AS r) s;

--
-- Bad input
--
CREATE FUNCTION pg_temp.fails(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
    EXECUTE query;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT pg_temp.fails(q) FROM unnest(ARRAY[
    $$SELECT auc(y, 'NaN') FROM big$$, $$SELECT auc(y, CASE WHEN id = 20000 THEN '-Infinity' ELSE x END) FROM big$$, $$SELECT ranking(y, x, 'Infinity') FROM big$$, $$SELECT brier(y, x, 'NaN') FROM big$$,
    $$SELECT auc(y, x, -1) FROM big$$, $$SELECT auc(y, x, '-Infinity') FROM big$$, $$SELECT auc(y, x, 1e101) FROM big$$, $$SELECT auc(y, x, 1e-101) FROM big$$,
    $$SELECT log_loss(y, x) FROM big$$, $$SELECT brier(y, 1.0000000000000002) FROM big$$, $$SELECT brier(y, -5e-324) FROM big$$, $$SELECT calibration_slope(y, 1 + x) FROM big$$, $$SELECT calibration_intercept(y, -1) FROM big$$, $$SELECT log_loss(r) FROM whole$$,
    $$SELECT lift(y, x, 0) FROM big$$, $$SELECT lift(y, x, 1.1) FROM big$$, $$SELECT lift(y, x, 'NaN') FROM big$$, $$SELECT lift(y, x, NULL) FROM big$$, $$SELECT lift(y, x, x) FROM big WHERE x > 0$$, $$SELECT lift(NULL, x, 2) FROM big$$, $$SELECT lift(y, x, 0.1, -1) FROM big$$, $$SELECT lift(r, 0) FROM whole$$, $$SELECT lift(r, 1.5) FROM whole$$, $$SELECT lift(r, 'NaN') FROM whole$$,
    $$SELECT auc_interval(r, 0) FROM whole$$, $$SELECT auc_interval(r, 1) FROM whole$$, $$SELECT auc_interval(r, 'NaN') FROM whole$$, $$SELECT wilson_interval(3, 2)$$, $$SELECT wilson_interval(-1, 2)$$, $$SELECT wilson_interval('NaN', 2)$$, $$SELECT wilson_interval(1, 'Infinity')$$, $$SELECT wilson_interval(1, 2, 95)$$,
    $$SELECT roc_curve(r, 0) FROM whole$$, $$SELECT roc_curve(r, 10001) FROM whole$$, $$SELECT calibration_curve(r, 0) FROM whole$$, $$SELECT calibration_curve(r, -2147483648) FROM whole$$, $$SELECT calibration_curve(r, 10, 1) FROM whole$$, $$SELECT lift_table(r, 0) FROM whole$$, $$SELECT lift_table(r, 10001) FROM whole$$,
    $$SELECT threshold_metrics(r, '{0.5,NULL}') FROM whole$$, $$SELECT threshold_metrics(r, '{NaN}') FROM whole$$, $$SELECT platt(ranking(y, x * 5e-324)) FROM (VALUES (true, 1), (false, 2), (true, 3), (false, 1)) v(y, x)$$,
    $$SELECT psi('{1,2}', '{1,2,3}')$$, $$SELECT psi('{1,NULL}', '{1,2}')$$, $$SELECT psi('{1,NaN}', '{1,2}')$$, $$SELECT psi('{1,2}', '{1,-2}')$$, $$SELECT psi('{1,2}', '{1,2}', 0)$$, $$SELECT psi('{1,2}', '{1,2}', 1)$$, $$SELECT psi('{1,2}', '{Infinity,2}')$$,
    $$SELECT hs_ranking_combine(hs_ranking_accum_share(NULL, true, 1, 0.5), hs_ranking_accum(NULL, true, 1))$$, $$SELECT hs_ranking_combine(hs_ranking_accum_share(NULL, true, 1, 0.5), hs_ranking_accum_share(NULL, true, 1, 0.4))$$, $$SELECT hs_ranking_accum(hs_ranking_accum_share(NULL, true, 1, 0.5), true, 1)$$,
    $$SELECT ''::ranking$$, $$SELECT '0'::ranking$$, $$SELECT 'xx'::ranking$$, $$SELECT '02000000000000000000'::ranking$$, $$SELECT '01040000000000000000'::ranking$$, $$SELECT '0100ffffffffffffffff'::ranking$$, $$SELECT '0100000000010000000000'::ranking$$, $$SELECT '010200000000000000000000'::ranking$$, $$SELECT '0102000000000000000000000000000000000000'::ranking$$,
    $$SELECT '010000000001000000007ff0000000000000'::ranking$$, $$SELECT '010000000001000000008000000000000000'::ranking$$, $$SELECT '0100000000020000000040000000000000003ff0000000000000'::ranking$$, $$SELECT '010100000001000000003ff00000000000000000000000000000'::ranking$$]) q;

-- Every byte flipped in some ways, and every cut.  What is let through is used in every way.
CREATE FUNCTION pg_temp.used(r ranking) RETURNS void LANGUAGE sql AS $$
    SELECT auc(r), average_precision(r), ks(r), lift(r), lift(r, 0.3), base_rate(r), auc_interval(r), ranking_counts(r), (SELECT count(*) FROM roc_curve(r)), (SELECT count(*) FROM roc_curve(r, NULL)), (SELECT count(*) FROM calibration_curve(r)), (SELECT count(*) FROM lift_table(r)), (SELECT count(*) FROM threshold_metrics(r, '{0,0.5,1e300}')), (SELECT count(*) FROM isotonic(r)) $$;
CREATE FUNCTION pg_temp.attack(good text, byte int) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE bad text; x int; r ranking;
BEGIN
    FOREACH x IN ARRAY ARRAY[1, 2, 16, 64, 128, 127, 255, -1] LOOP
        IF x = -1 THEN
            bad := left(good, 2 * byte);
        ELSE
            bad := overlay(good PLACING lpad(to_hex(('x' || substr(good, 2 * byte + 1, 2))::bit(8)::int # x), 2, '0') FROM 2 * byte + 1 FOR 2);
        END IF;
        BEGIN
            r := bad::ranking;
            IF r::text <> bad THEN RETURN NEXT 'changed on the way'; END IF;
            PERFORM pg_temp.used(r), pg_temp.used(hs_ranking_combine(r, r)), pg_temp.used(CASE WHEN left(bad, 4) IN ('0100', '0101') THEN hs_ranking_accum(r, true, 0.5, 2) ELSE r END);
            BEGIN
                PERFORM log_loss(r), brier(r), calibration_slope(r), platt(r);
            EXCEPTION WHEN numeric_value_out_of_range THEN
                NULL;
            END;
            RETURN NEXT 'accepted';
        EXCEPTION WHEN OTHERS THEN
            RETURN NEXT SQLSTATE;
        END;
    END LOOP;
END $$;
SELECT what, outcome, count(*) > 0 AS seen FROM (SELECT 'plain' AS what, ranking(churned, risk)::text AS t FROM ten UNION ALL SELECT 'weighted', ranking(churned, risk, 1 + id % 3)::text FROM ten UNION ALL SELECT 'share', hs_ranking_accum_share(hs_ranking_accum_share(NULL, true, 0.25, 0.1, 3), false, 0.75, 0.1, 2)::text) v,
    generate_series(0, length(t) / 2 - 1) byte, pg_temp.attack(t, byte) outcome GROUP BY 1, 2 ORDER BY what, outcome COLLATE "C";
