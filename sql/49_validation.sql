--
-- Does a scorecard tell who leaves?  Its validations, and its state.
--

CREATE TABLE healthscore.validations (
    validation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scorecard text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    validated_on date NOT NULL CHECK (isfinite(validated_on)),
    valid_until date NOT NULL CHECK (isfinite(valid_until)),
    passed boolean NOT NULL,
    accounts bigint NOT NULL CHECK (accounts >= 0),
    churned bigint NOT NULL CHECK (churned >= 0 AND churned <= accounts),
    excluded bigint CHECK (excluded >= 0),
    auc double precision CHECK (auc >= 0 AND auc <= 1),
    auc_se double precision CHECK (auc_se >= 0 AND auc_se <= 1),
    lift double precision CHECK (lift >= 0 AND lift <= 10),
    lead_days integer CHECK (lead_days > 0),
    horizon_days integer CHECK (horizon_days >= lead_days),
    judged_by text,
    forced boolean NOT NULL DEFAULT false,
    note text,
    validated_by text NOT NULL DEFAULT session_user,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (valid_until > validated_on)
);
CREATE INDEX validations_card ON healthscore.validations (scorecard, version, validated_on, validation_id);
COMMENT ON TABLE healthscore.validations IS 'Checks of a version of a scorecard against who left. The latest one decides the state of the version. Never changed or deleted. Made by healthscore.validate_scorecard(), or by healthscore.record_validation() for a check made elsewhere.';
COMMENT ON COLUMN healthscore.validations.validation_id IS 'Number of the check.';
COMMENT ON COLUMN healthscore.validations.scorecard IS 'Name of the scorecard.';
COMMENT ON COLUMN healthscore.validations.version IS 'Its version.';
COMMENT ON COLUMN healthscore.validations.validated_on IS 'The as_of of the check: nothing later was looked at.';
COMMENT ON COLUMN healthscore.validations.valid_until IS 'First day on which it is out of date.';
COMMENT ON COLUMN healthscore.validations.passed IS 'Does the score tell who leaves?';
COMMENT ON COLUMN healthscore.validations.accounts IS 'Accounts that were compared: those that left and those that stayed.';
COMMENT ON COLUMN healthscore.validations.churned IS 'Those of them that left.';
COMMENT ON COLUMN healthscore.validations.excluded IS 'Accounts left out: no score of this version at the night that counts, insufficient data, pending or not yet known whether they stay. NULL where not stated.';
COMMENT ON COLUMN healthscore.validations.auc IS 'Probability that an account that left was scored below one that stayed, ties counting half; 0.5 is chance, 1 is perfect.';
COMMENT ON COLUMN healthscore.validations.auc_se IS 'Its standard error after Hanley and McNeil (1982).';
COMMENT ON COLUMN healthscore.validations.lift IS 'Share that left of the tenth with the lowest scores / share that left of all; 1 is chance, 10 the most there is. Accounts with the same score at the edge of the tenth count in part.';
COMMENT ON COLUMN healthscore.validations.lead_days IS 'Days before the end at which the score of an account that left was taken.';
COMMENT ON COLUMN healthscore.validations.horizon_days IS 'Days that an account had to stay after its score to count as one that stayed.';
COMMENT ON COLUMN healthscore.validations.judged_by IS 'The table or view that said who left, as healthscore.account_ends. NULL where not stated.';
COMMENT ON COLUMN healthscore.validations.forced IS 'Made with fewer accounts than are needed.';
COMMENT ON COLUMN healthscore.validations.note IS 'For people.';
COMMENT ON COLUMN healthscore.validations.validated_by IS 'The session user who made the check, as in healthscore.overrides.';
COMMENT ON COLUMN healthscore.validations.created_at IS 'Wall-clock time.';
SELECT pg_extension_config_dump('healthscore.validations', '');
SELECT pg_extension_config_dump('healthscore.validations_validation_id_seq', '');

CREATE TRIGGER kept BEFORE INSERT OR UPDATE OR DELETE ON healthscore.validations
    FOR EACH ROW EXECUTE FUNCTION healthscore.hs_kept('validation', 'validation_id', 'validated_by', 'created_at', 'Make another one: the latest decides.');
COMMENT ON TRIGGER kept ON healthscore.validations IS 'What was found, and by whom, stays as it was.';

CREATE FUNCTION healthscore.hs_card_state(name text, version integer, as_of date) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((
    SELECT CASE WHEN NOT v.passed THEN 'failed' WHEN hs_card_state.as_of >= v.valid_until THEN 'expired' ELSE 'validated' END
    FROM healthscore.validations AS v
    WHERE v.scorecard = hs_card_state.name AND v.version = hs_card_state.version AND v.validated_on <= hs_card_state.as_of
    ORDER BY v.validated_on DESC, v.validation_id DESC LIMIT 1), 'unvalidated');
COMMENT ON FUNCTION healthscore.hs_card_state(text, integer, date) IS 'healthscore.scorecard_state() without its checks.';

CREATE FUNCTION healthscore.hs_card_version(name text, version integer) RETURNS healthscore.scorecards
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_card healthscore.scorecards;
BEGIN
    IF name IS NULL OR version IS NULL THEN
        RETURN healthscore.hs_published(name);
    END IF;
    SELECT * INTO found_card FROM healthscore.scorecards AS c WHERE c.name = hs_card_version.name AND c.version = hs_card_version.version;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'scorecard "%" has no version %', name, version USING ERRCODE = 'undefined_object',
            HINT = 'The table healthscore.scorecards lists them.';
    END IF;
    RETURN found_card;
END
$$;
COMMENT ON FUNCTION healthscore.hs_card_version(text, integer) IS 'A version of a scorecard, retired or not; NULL version is the one in force. None is error 42704.';

CREATE FUNCTION healthscore.scorecard_state(name text, as_of date, version integer DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    card healthscore.scorecards := healthscore.hs_card_version(name, version);
BEGIN
    RETURN healthscore.hs_card_state(card.name, card.version, healthscore.hs_check_date(as_of));
END
$$;
COMMENT ON FUNCTION healthscore.scorecard_state(text, date, integer) IS 'What is known at as_of of whether a version of a scorecard (NULL: the one in force) tells who leaves: "unvalidated", never checked; "validated"; "expired", the check is out of date, from its valid_until on; "failed", the latest check was not passed.';

CREATE FUNCTION healthscore.record_validation(name text, version integer, validated_on date, valid_until date, passed boolean,
    accounts bigint, churned bigint, auc double precision DEFAULT NULL, lift double precision DEFAULT NULL,
    lead_days integer DEFAULT NULL, horizon_days integer DEFAULT NULL, note text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id bigint;
    card healthscore.scorecards := healthscore.hs_card_version(name, version);
BEGIN
    PERFORM healthscore.hs_check_date(validated_on), healthscore.hs_check_date(valid_until);
    IF valid_until <= validated_on THEN
        RAISE EXCEPTION 'validation of % would be out of date on %', validated_on, valid_until USING ERRCODE = 'invalid_parameter_value',
            HINT = 'valid_until is the first day on which it is out of date.';
    ELSIF passed IS NULL OR accounts IS NULL OR churned IS NULL THEN
        RAISE EXCEPTION 'passed, accounts and churned must not be null' USING ERRCODE = 'null_value_not_allowed';
    ELSIF churned < 0 OR churned > accounts OR auc NOT BETWEEN 0 AND 1 OR lift NOT BETWEEN 0 AND 10 OR lead_days < 1
        OR horizon_days < coalesce(lead_days, 1) THEN
        RAISE EXCEPTION 'validation does not add up' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'churned is a part of accounts, auc is from 0 to 1, lift from 0 to 10, lead_days at least 1, horizon_days not less than that.';
    END IF;
    INSERT INTO healthscore.validations AS v (scorecard, version, validated_on, valid_until, passed, accounts, churned, auc, lift, lead_days, horizon_days, note)
    VALUES (card.name, card.version, record_validation.validated_on, record_validation.valid_until, record_validation.passed,
        record_validation.accounts, record_validation.churned, record_validation.auc, record_validation.lift,
        record_validation.lead_days, record_validation.horizon_days, record_validation.note)
    RETURNING v.validation_id INTO id;
    RETURN id;
END
$$;
COMMENT ON FUNCTION healthscore.record_validation(text, integer, date, date, boolean, bigint, bigint, double precision, double precision, integer, integer, text) IS 'Records a check of a version of a scorecard (NULL: the one in force) that was made elsewhere; the columns are those of healthscore.validations. Returns its number.';

CREATE FUNCTION healthscore.validate_scorecard(name text, as_of date, version integer DEFAULT NULL, lead integer DEFAULT 30, horizon integer DEFAULT 90,
    valid_for integer DEFAULT 180, minimum_auc double precision DEFAULT 0.6, minimum_churned bigint DEFAULT 30, minimum_accounts bigint DEFAULT 300,
    force boolean DEFAULT false, note text DEFAULT NULL, outcome text[] DEFAULT '{churned}', kind text DEFAULT NULL, labels regclass DEFAULT NULL) RETURNS healthscore.validations
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    card healthscore.scorecards := healthscore.hs_card_version(name, version);
    v healthscore.validations;
    rel regclass := healthscore.hs_labels(labels, kind);
    ends boolean := rel = 'healthscore.account_ends'::regclass;
    n_left bigint;
    n_stayed bigint;
    n_out bigint;
    above double precision;
    caught double precision;
    area double precision;
    se double precision;
    short boolean;
BEGIN
    PERFORM healthscore.hs_check_date(as_of);
    IF lead IS NULL OR lead < 1 OR horizon IS NULL OR horizon < lead OR horizon > 3660 OR valid_for IS NULL OR valid_for < 1 OR valid_for > 3660 THEN
        RAISE EXCEPTION 'lead must be from 1 to horizon, horizon at most 3660, valid_for from 1 to 3660' USING ERRCODE = 'invalid_parameter_value';
    ELSIF minimum_auc IS NULL OR minimum_auc = 'NaN' OR minimum_auc < 0.5 OR minimum_auc > 1 OR minimum_churned IS NULL OR minimum_churned < 1
        OR minimum_accounts IS NULL OR minimum_accounts < 2 OR force IS NULL THEN
        RAISE EXCEPTION 'minimum_auc must be from 0.5 to 1, minimum_churned at least 1, minimum_accounts at least 2' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'To check with fewer accounts, use force => true, which is recorded.';
    END IF;

    IF NOT ends THEN
        PERFORM healthscore.hs_check_labels(rel, outcome, coalesce(kind, 'renewal'));
    END IF;

    -- One computed score per account, never what people made of it.  Of one that
    -- had left by as_of: that of lead days before its end.  Of one that had not,
    -- or that was back before the others are looked at: that of horizon days
    -- before as_of, or of the time until answers are in before that.  A night
    -- stands in for the six after it.
    EXECUTE format(E'WITH %s, account AS (\n'
        '    SELECT c.account_id, g.happened IS NOT NULL AS gone, coalesce(g.happened - $5, b.last) AS night,\n'
        '           g.happened IS NULL AND (coalesce(u.open, false) OR coalesce(u.decided, false)) AS unknown\n'
        '    FROM (%s) AS c CROSS JOIN bound AS b LEFT JOIN event AS v ON v.account_id = c.account_id\n'
        '    CROSS JOIN LATERAL (\n'
        '        SELECT max(e.happened) AS happened FROM unnest(v.happened, v.wanted, v.returned, v.open) AS e(happened, wanted, returned, open)\n'
        '        WHERE e.wanted AND NOT e.open AND (e.returned IS NULL OR e.returned > b.last)) AS g\n'
        '    CROSS JOIN LATERAL (%s) AS u\n'
        '), judged AS (\n'
        '    SELECT a.account_id, a.gone, CASE WHEN NOT a.unknown THEN s.score END AS score\n'
        '    FROM account AS a\n'
        '    LEFT JOIN LATERAL (\n'
        '        SELECT CASE WHEN h.band_rank IS NOT NULL THEN h.score END AS score\n'
        '        FROM healthscore.scores AS h\n'
        '        WHERE h.account_id = a.account_id AND h.as_of > a.night - 7 AND h.as_of <= a.night AND h.scorecard = $6 AND h.version = $7\n'
        '        ORDER BY h.as_of DESC LIMIT 1) AS s ON true\n'
        '), ranked AS (\n'
        -- tied scores share the mean of their ranks
        '    SELECT j.gone, j.score, rank() OVER (ORDER BY j.score) + (count(*) OVER (PARTITION BY j.score) - 1) / 2.0 AS midrank\n'
        '    FROM judged AS j WHERE j.score IS NOT NULL\n'
        '), step AS (\n'
        '    SELECT count(*) AS n, count(*) FILTER (WHERE r.gone) AS n_gone, sum(count(*)) OVER (ORDER BY r.score) AS upto, sum(count(*)) OVER () AS total\n'
        '    FROM ranked AS r GROUP BY r.score\n'
        ')\n'
        'SELECT (SELECT count(*) FROM ranked AS r WHERE r.gone), (SELECT count(*) FROM ranked AS r WHERE NOT r.gone),\n'
        '       (SELECT sum(r.midrank) FROM ranked AS r WHERE NOT r.gone),\n'
        '       (SELECT sum(t.n_gone * greatest(least(t.n, 0.1 * t.total - (t.upto - t.n)), 0) / t.n) FROM step AS t),\n'
        '       (SELECT count(*) FROM judged AS j WHERE j.score IS NULL AND EXISTS (\n'
        '            SELECT FROM healthscore.scores AS h WHERE h.account_id = j.account_id AND h.as_of <= $1 AND h.scorecard = $6 AND h.version = $7))',
        healthscore.hs_events_sql(rel, '$1', '$2', '$3', '$4'),
        -- of an account that nobody lists, nobody could have said that it ended
        CASE WHEN ends THEN 'SELECT a.account_id FROM healthscore.accounts AS a'
             ELSE 'SELECT DISTINCT h.account_id FROM healthscore.scores AS h WHERE h.scorecard = $6 AND h.version = $7 AND h.as_of <= $1' END,
        healthscore.hs_fate_sql('b.last', '$2'))
    INTO n_left, n_stayed, above, caught, n_out
    USING as_of, horizon, outcome, coalesce(kind, 'renewal'), lead, card.name, card.version;

    short := n_left < minimum_churned OR n_left + n_stayed < minimum_accounts;
    IF short AND NOT force THEN
        RAISE EXCEPTION 'scorecard "%" version % cannot be validated at %', card.name, card.version, as_of USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('%s accounts that left have a score of %s days before their end (%s are needed); with those that stayed for %s days they are %s (%s are needed).',
                n_left, lead, minimum_churned, horizon, n_left + n_stayed, minimum_accounts),
            HINT = CASE WHEN ends THEN 'Fill ended_on of healthscore.accounts' ELSE 'Store what became of accounts, see healthscore.store_outcomes(),' END
                || ' and CALL healthscore.backfill() over the past, or wait. force => true checks what there is, and records that it was forced.';
    ELSIF n_left = 0 OR n_stayed = 0 THEN
        RAISE EXCEPTION 'scorecard "%" version % cannot be validated at %', card.name, card.version, as_of USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('%s scored accounts left, %s stayed: there is nothing to compare.', n_left, n_stayed);
    END IF;

    -- Mann-Whitney: of all pairs, those in which the one that stayed scored more
    area := (above - n_stayed * (n_stayed + 1) / 2.0) / (n_left::double precision * n_stayed);
    -- Hanley and McNeil, Radiology 143 (1982)
    se := sqrt(greatest(0, area * (1 - area) + (n_left - 1) * (area / (2 - area) - area ^ 2) + (n_stayed - 1) * (2 * area ^ 2 / (1 + area) - area ^ 2))
        / (n_left::double precision * n_stayed));
    INSERT INTO healthscore.validations AS w (scorecard, version, validated_on, valid_until, passed, accounts, churned, excluded, auc, auc_se, lift,
        lead_days, horizon_days, judged_by, forced, note)
    VALUES (card.name, card.version, as_of, as_of + valid_for, area >= minimum_auc AND area - 1.96 * se > 0.5, n_left + n_stayed, n_left, n_out,
        area, se, least(caught / (0.1 * n_left), 10), lead, horizon, rel::text, short, validate_scorecard.note)
    RETURNING w.* INTO v;
    RETURN v;
END
$$;
COMMENT ON FUNCTION healthscore.validate_scorecard(text, date, integer, integer, integer, integer, double precision, bigint, bigint, boolean, text, text[], text, regclass) IS 'Checks a version of a scorecard (NULL: the one in force) against who left, by the stored history of computed scores, records the check and returns it. Who left is said by outcomes of the kind (NULL: renewal) and among "outcome", as for backtest(): labels is a table or view of outcomes, NULL is healthscore.outcomes, or healthscore.account_ends (accounts.ended_on) if that has none of renewals and no kind is given. Compared are the score of each account that left by as_of, lead days before its end, and the score, horizon days before as_of, of each that had not, nor may have in the meantime: what is pending is no sign that it stayed. Where answers take time, so much earlier. Each is the last of the 7 nights that end there. Passed: auc at least minimum_auc, and its lower 95 % bound (1.96 standard errors) above 0.5. Fewer than minimum_churned that left or minimum_accounts in all are an error (55000), unless forced. The check is out of date valid_for days later.';
