--
-- Why did this score move: the change between two stored nights, taken apart
-- so that the parts sum to it; and any stored night computed again.
--

CREATE FUNCTION healthscore.hs_number(value double precision) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value IS NULL THEN 'not known'
            WHEN value = 0 THEN '0'
            WHEN abs(value) >= 1e15 OR abs(value) < 1e-15 THEN value::text
            ELSE trim_scale(round(value::numeric, greatest(2 - floor(log(abs(value)))::integer, 0)))::text END;
COMMENT ON FUNCTION healthscore.hs_number(double precision) IS 'A number for people: three significant digits, and all before the point; "not known" for NULL.';

-- The definition of each measure of a card, without what is made of its value.
CREATE FUNCTION healthscore.hs_measure_definitions(card healthscore.scorecard) RETURNS jsonb[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN (SELECT array_agg(jsonb_build_object('source', d -> 'source', 'minimum_age', coalesce(d -> 'minimum_age', '1'),
                   'signals', (SELECT jsonb_agg(s - 'description' ORDER BY s ->> 'name') FROM jsonb_array_elements(d -> 'signals') AS s
                               WHERE s ->> 'name' IN (m ->> 'signal', m ->> 'per', m #>> '{then,signal}')),
                   'measure', m - ARRAY['name', 'title', 'description', 'unit', 'normalise', 'weight', 'group', 'evidence', 'review_on']
                                - CASE WHEN m ->> 'missing' = 'carry' THEN '' ELSE 'missing' END) ORDER BY i)
        FROM (SELECT card::jsonb) AS x(d), jsonb_array_elements(d -> 'measures') WITH ORDINALITY AS e(m, i));
COMMENT ON FUNCTION healthscore.hs_measure_definitions(healthscore.scorecard) IS 'How each measure is computed, in the order of the card: equal definitions have equal values, in whatever card.';

CREATE FUNCTION healthscore.hs_measures_at(card healthscore.scorecard, account text, as_of date) RETURNS double precision[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    measures double precision[];
BEGIN
    EXECUTE format('WITH %s SELECT b.measures FROM book AS b', CASE WHEN healthscore.hs_carry_days(card) IS NULL
        -- as if all others were known
        THEN healthscore.hs_book_sql(healthscore.hs_source_sql(card, NULL), '$2', '$3', '', healthscore.scorecard_span(card),
            'e.account_id = $1[1]', 'SELECT NULL::text AS account_id, NULL::double precision[] AS measures, NULL::date AS last_day WHERE false')
        ELSE healthscore.hs_measured_sql(healthscore.hs_source_sql(card, NULL), card, '$2', '$3', '', 'e.account_id = $1[1]') END)
    INTO measures USING ARRAY[account], card, as_of;
    RETURN measures;
END
$$;
COMMENT ON FUNCTION healthscore.hs_measures_at(healthscore.scorecard, text, date) IS 'Measures of one account at as_of from its signals; NULL if it was none.';

CREATE FUNCTION healthscore.hs_peers_at(card healthscore.scorecard, name text, as_of date, segment text) RETURNS healthscore.baseline
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    baseline healthscore.baseline;
BEGIN
    EXECUTE format('WITH %s%s SELECT p.baseline FROM peers AS p WHERE p.segment = coalesce($3, '''')',
        healthscore.hs_measured_sql(healthscore.hs_source_sql(card, NULL), card, '$1', '$2', '',
            'e.account_id IN (SELECT s.account_id FROM healthscore.scores AS s WHERE s.as_of = $2 AND s.scorecard = $4)'),
        healthscore.hs_peers_sql(healthscore.hs_peers_minimum(card), ''))
    INTO baseline USING card, as_of, segment, name;
    RETURN baseline;
END
$$;
COMMENT ON FUNCTION healthscore.hs_peers_at(healthscore.scorecard, text, date, text) IS 'Peers of a segment at as_of, by the measures of a card, among the accounts that a scorecard of that name scored on that night.';

CREATE FUNCTION healthscore.explain_change(account_id text, from_day date, to_day date)
RETURNS TABLE (part text, measure text, title text, before double precision, after double precision, points double precision, reason text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    a healthscore.scores;
    b healthscore.scores;
    card_a healthscore.scorecard;
    card_b healthscore.scorecard;
    doc jsonb;
    peers_a healthscore.baseline;
    peers_b healthscore.baseline;
    had double precision[];
    begun double precision[];
    have double precision[];
    definitions jsonb[];
    s0 record;
    s1 record;
    i integer;
    j integer;
    over_a record;
    over_b record;
    same_card boolean;
BEGIN
    PERFORM healthscore.hs_check_date(from_day), healthscore.hs_check_date(to_day);
    SELECT * INTO a FROM healthscore.scores AS s WHERE s.account_id = explain_change.account_id AND s.as_of = from_day;
    SELECT * INTO b FROM healthscore.scores AS s WHERE s.account_id = explain_change.account_id AND s.as_of = to_day;
    IF a.as_of IS NULL OR b.as_of IS NULL THEN
        RAISE EXCEPTION 'account "%" has no score of %', account_id, CASE WHEN a.as_of IS NULL THEN from_day ELSE to_day END
            USING ERRCODE = 'no_data_found', HINT = 'healthscore.backfill() scores past nights.';
    END IF;
    SELECT e.* INTO over_a FROM healthscore.effective_scores AS e WHERE e.account_id = a.account_id AND e.as_of = from_day;
    SELECT e.* INTO over_b FROM healthscore.effective_scores AS e WHERE e.account_id = b.account_id AND e.as_of = to_day;
    -- an override too can leave nothing that is known
    IF num_nulls(a.score, b.score, over_a.effective_score, over_b.effective_score) > 0 THEN
        part := 'no score';
        before := over_a.effective_score;
        after := over_b.effective_score;
        reason := format('Nothing was known at %s', CASE WHEN num_nulls(a.score, over_a.effective_score) > 0 THEN from_day ELSE to_day END);
        RETURN NEXT;
        RETURN;
    END IF;
    card_a := (SELECT c.card FROM healthscore.scorecards AS c WHERE c.name = a.scorecard AND c.version = a.version);
    card_b := (SELECT c.card FROM healthscore.scorecards AS c WHERE c.name = b.scorecard AND c.version = b.version);
    same_card := (a.scorecard, a.version) = (b.scorecard, b.version);
    peers_a := (SELECT p.baseline FROM healthscore.baselines AS p
                WHERE p.as_of = from_day AND p.scorecard = a.scorecard AND p.version = a.version AND p.segment = coalesce(a.segment, ''));
    peers_b := (SELECT p.baseline FROM healthscore.baselines AS p
                WHERE p.as_of = to_day AND p.scorecard = b.scorecard AND p.version = b.version AND p.segment = coalesce(b.segment, ''));
    doc := card_b::jsonb -> 'measures';
    have := b.measures;

    -- the earlier night as the later card would have seen it
    had := a.measures;
    IF NOT same_card THEN
        definitions := healthscore.hs_measure_definitions(card_a);
        had := '{}';
        FOR i IN 1 .. cardinality(have) LOOP
            j := array_position(definitions, (healthscore.hs_measure_definitions(card_b))[i]);
            IF j IS NULL THEN
                had := healthscore.hs_measures_at(card_b, account_id, from_day);
                EXIT;
            END IF;
            had := had || a.measures[j];
        END LOOP;
        had := coalesce(had, array_fill(NULL::double precision, ARRAY[cardinality(have)]));

        s0 := healthscore.score(card_a, a.measures, peers_a, a.facts);
        IF NOT healthscore.hs_uses_peers(card_b) THEN
            peers_a := NULL;
        ELSIF peers_a IS NULL OR healthscore.hs_measures_key(card_a) <> healthscore.hs_measures_key(card_b)
            OR healthscore.hs_peers_minimum(card_a) <> healthscore.hs_peers_minimum(card_b) THEN
            peers_a := healthscore.hs_peers_at(card_b, a.scorecard, from_day, a.segment);
        END IF;
        s1 := healthscore.score(card_b, had, peers_a, a.facts);
        part := 'configuration';
        before := s0.before_rules;
        after := s1.before_rules;
        points := coalesce(s1.before_rules, 0) - s0.before_rules;
        title := format('%s, version %s', a.scorecard, a.version);
        reason := format('Scorecard %s, version %s, instead of %s, version %s: %s points', b.scorecard, b.version, a.scorecard, a.version, to_char(points::numeric, 'FMS999990.0'));
        RETURN NEXT;
    ELSE
        s1 := healthscore.score(card_b, had, peers_a, a.facts);
    END IF;

    -- what is usual among peers
    IF healthscore.hs_uses_peers(card_b) THEN
        s0 := s1;
        s1 := healthscore.score(card_b, had, peers_b, a.facts);
        part := 'peers';
        title := coalesce(b.segment, 'all accounts');
        before := s0.before_rules;
        after := s1.before_rules;
        points := coalesce(s1.before_rules, 0) - coalesce(s0.before_rules, 0);
        reason := format('What is usual among peers moved: %s points', to_char(points::numeric, 'FMS999990.0'));
        IF points <> 0 THEN
            RETURN NEXT;
        END IF;
    END IF;

    -- what was known on both nights, and changed
    begun := had;
    FOR i IN 1 .. cardinality(have) LOOP
        IF had[i] IS NOT NULL AND have[i] IS NOT NULL THEN
            had[i] := have[i];
        END IF;
    END LOOP;
    s0 := s1;
    s1 := healthscore.score(card_b, had, peers_b, a.facts);
    part := 'measure';
    FOR i IN 1 .. cardinality(have) LOOP
        points := coalesce(s1.contributions[i], 0) - coalesce(s0.contributions[i], 0);
        CONTINUE WHEN points = 0;
        measure := doc -> (i - 1) ->> 'name';
        title := coalesce(doc -> (i - 1) ->> 'title', measure);
        before := begun[i];
        after := have[i];
        reason := format('%s: %s%s%s, %s points', title, healthscore.hs_number(before) || ' to ', healthscore.hs_number(after),
            ' ' || (doc -> (i - 1) ->> 'unit'), to_char(points::numeric, 'FMS999990.0'));
        RETURN NEXT;
    END LOOP;

    -- what became known, or unknown: it moves the weight of the others too
    part := 'missing data';
    FOR i IN 1 .. cardinality(have) LOOP
        CONTINUE WHEN (had[i] IS NULL) = (have[i] IS NULL);
        measure := doc -> (i - 1) ->> 'name';
        title := coalesce(doc -> (i - 1) ->> 'title', measure);
        before := had[i];
        after := have[i];
        had[i] := have[i];
        s0 := s1;
        s1 := healthscore.score(card_b, had, peers_b, a.facts);
        points := coalesce(s1.before_rules, 0) - coalesce(s0.before_rules, 0);
        reason := format('%s %s: %s points', title, CASE WHEN have[i] IS NULL THEN 'is not known any more' ELSE 'became known' END, to_char(points::numeric, 'FMS999990.0'));
        RETURN NEXT;
    END LOOP;
    measure := NULL;

    -- rules and overrides act on the whole
    points := (b.score - b.before_rules) - (a.score - a.before_rules);
    IF points <> 0 OR a.rules IS DISTINCT FROM b.rules THEN
        part := 'rules';
        title := array_to_string(coalesce(b.rules, a.rules), ', ');
        before := a.score - a.before_rules;
        after := b.score - b.before_rules;
        reason := format('Rules: %s instead of %s: %s points', coalesce(array_to_string(b.rules, ', '), 'none'),
            coalesce(array_to_string(a.rules, ', '), 'none'), to_char(points::numeric, 'FMS999990.0'));
        RETURN NEXT;
    END IF;
    points := (over_b.effective_score - b.score) - (over_a.effective_score - a.score);
    IF points <> 0 OR over_a.override_ids IS DISTINCT FROM over_b.override_ids THEN
        part := 'override';
        title := coalesce(over_b.override_reason, over_a.override_reason);
        before := over_a.effective_score - a.score;
        after := over_b.effective_score - b.score;
        reason := format('Override: %s: %s points', coalesce(over_b.override_reason, 'ended: ' || over_a.override_reason), to_char(points::numeric, 'FMS999990.0'));
        RETURN NEXT;
    END IF;
END
$$;
COMMENT ON FUNCTION healthscore.explain_change(text, date, date) IS 'Why the effective score of an account moved between two stored nights: a row for each part of the change, which sum to it exactly (1e-9). part: configuration (another scorecard or version), peers (what is usual moved), measure (its value moved), missing data (a measure became known or unknown), rules, override. before and after are values of the measure, or points. If one of the nights has no score there is one row without points. A night that is not stored is error 02000.';

CREATE FUNCTION healthscore.recomputed_scores(as_of date)
RETURNS TABLE (account_id text, scorecard text, version integer, segment text, score double precision, band text, band_rank integer, coverage double precision,
    before_rules double precision, rules text[], last_day date, measures double precision[], contributions double precision[], facts jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    c healthscore.scorecards;
    night text := format('date %L', as_of::text);
BEGIN
    PERFORM healthscore.hs_check_date(as_of);
    FOR c IN SELECT k.* FROM healthscore.scorecards AS k
             WHERE (k.name, k.version) IN (SELECT s.scorecard, s.version FROM healthscore.scores AS s WHERE s.as_of = recomputed_scores.as_of)
    LOOP
        RETURN QUERY EXECUTE format(E'WITH %s,\nbook AS (SELECT b.account_id, s.segment, b.measures, s.facts, b.last_day FROM book_raw AS b\n'
            'JOIN healthscore.scores AS s ON s.account_id = b.account_id AND s.as_of = $1 AND s.scorecard = $2 AND s.version = $3)%s\n'
            'SELECT q.account_id, $2, $3, q.segment, q.score, q.band, q.band_rank, q.coverage, q.before_rules, q.rules, q.last_day, q.measures, q.contributions, q.facts FROM (%s) AS q',
            healthscore.hs_measured_sql(healthscore.hs_source_sql(c.card, NULL), c.card, '$4', night, '_raw'),
            CASE WHEN healthscore.hs_uses_peers(c.card) THEN healthscore.hs_peers_sql(healthscore.hs_peers_minimum(c.card), '') ELSE '' END,
            healthscore.hs_scored_sql(c.card, '$4', '', ', r.before_rules, r.rules, x.measures, r.contributions, x.facts, x.last_day'))
        USING as_of, c.name, c.version, c.card;
    END LOOP;
END
$$;
COMMENT ON FUNCTION healthscore.recomputed_scores(date) IS 'A stored night computed again from the signals, with the versions of the scorecards that scored it: the same rows as in healthscore.scores, bit for bit, unless signals or the dates of accounts were corrected since. Attributes and segments of accounts have no history and are taken from the stored rows.';
