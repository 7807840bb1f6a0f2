--
-- Peers: what is normal in a group of accounts, and how far one is from it.
--

CREATE TYPE healthscore.baseline;
CREATE FUNCTION healthscore.hs_baseline_in(cstring) RETURNS healthscore.baseline
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_baseline_out(healthscore.baseline) RETURNS cstring
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_baseline_recv(internal) RETURNS healthscore.baseline
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_baseline_send(healthscore.baseline) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE healthscore.baseline (
    INPUT = healthscore.hs_baseline_in,
    OUTPUT = healthscore.hs_baseline_out,
    RECEIVE = healthscore.hs_baseline_recv,
    SEND = healthscore.hs_baseline_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE healthscore.baseline IS 'What is normal among peers: for each measure the distribution of its known values. The result of the aggregate baseline(). Text form: hexadecimal digits.';
COMMENT ON FUNCTION healthscore.hs_baseline_in(cstring) IS 'Input of baseline: hexadecimal digits of the binary form.';
COMMENT ON FUNCTION healthscore.hs_baseline_out(healthscore.baseline) IS 'Output of baseline: hexadecimal digits of the binary form.';
COMMENT ON FUNCTION healthscore.hs_baseline_recv(internal) IS 'Binary input of baseline: every field is checked.';
COMMENT ON FUNCTION healthscore.hs_baseline_send(healthscore.baseline) IS 'Binary output of baseline, in network byte order with a version byte.';

CREATE TYPE healthscore.baseline_state;
CREATE FUNCTION healthscore.hs_baseline_state_in(cstring) RETURNS healthscore.baseline_state
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_baseline_state_out(healthscore.baseline_state) RETURNS cstring
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_baseline_state_recv(internal) RETURNS healthscore.baseline_state
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_baseline_state_send(healthscore.baseline_state) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE healthscore.baseline_state (
    INPUT = healthscore.hs_baseline_state_in,
    OUTPUT = healthscore.hs_baseline_state_out,
    RECEIVE = healthscore.hs_baseline_state_recv,
    SEND = healthscore.hs_baseline_state_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE healthscore.baseline_state IS 'What baseline() has seen so far: at most 64 kB for each measure and a quarter in reserve, combinable, independent of the order of rows. Text form: hexadecimal digits.';
COMMENT ON FUNCTION healthscore.hs_baseline_state_in(cstring) IS 'Input of baseline_state: hexadecimal digits of the binary form.';
COMMENT ON FUNCTION healthscore.hs_baseline_state_out(healthscore.baseline_state) IS 'Output of baseline_state: hexadecimal digits of the binary form.';
COMMENT ON FUNCTION healthscore.hs_baseline_state_recv(internal) IS 'Binary input of baseline_state: every field is checked.';
COMMENT ON FUNCTION healthscore.hs_baseline_state_send(healthscore.baseline_state) IS 'Binary output of baseline_state, in network byte order with a version byte.';

CREATE FUNCTION healthscore.hs_baseline_accum(healthscore.baseline_state, double precision[]) RETURNS healthscore.baseline_state
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_baseline_accum(healthscore.baseline_state, double precision[]) IS 'Transition of baseline(): adds the measures of one account.';
CREATE FUNCTION healthscore.hs_baseline_combine(healthscore.baseline_state, healthscore.baseline_state) RETURNS healthscore.baseline_state
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_baseline_combine(healthscore.baseline_state, healthscore.baseline_state) IS 'Combines two states of baseline() of the same number of measures.';
CREATE FUNCTION healthscore.hs_baseline_final(healthscore.baseline_state) RETURNS healthscore.baseline
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_baseline_final(healthscore.baseline_state) IS 'The baseline of a state.';

CREATE AGGREGATE healthscore.baseline(measures double precision[]) (
    SFUNC = healthscore.hs_baseline_accum,
    STYPE = healthscore.baseline_state,
    SSPACE = 4096,
    FINALFUNC = healthscore.hs_baseline_final,
    COMBINEFUNC = healthscore.hs_baseline_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE healthscore.baseline(double precision[]) IS 'What is normal for each measure among the accounts of a group, one row each. A NULL array is skipped, a NULL element is not known and does not count; all arrays have the same length, at most 1000. Exact up to 2048 different values of a measure, beyond that median, MAD, deciles and percentiles are of a sketch, whose relative error baseline_rows() tells. NULL if there is no row.';

CREATE FUNCTION healthscore.baseline_fallback(own healthscore.baseline, wider healthscore.baseline, minimum integer) RETURNS healthscore.baseline
AS 'MODULE_PATHNAME', 'hs_baseline_fallback' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.baseline_fallback(healthscore.baseline, healthscore.baseline, integer) IS 'For each measure the own baseline if at least minimum + 1 accounts are known in it, so that minimum others are, else the wider one; its level counts the steps. NULL own gives the wider one, NULL wider the own, both NULL give NULL. Nest it for segment, parent segment, all.';

CREATE FUNCTION healthscore.baseline_rows(b healthscore.baseline)
RETURNS TABLE (pos integer, n bigint, mean double precision, sd double precision, median double precision, mad double precision,
    deciles double precision[], exact boolean, level integer, relative_error double precision)
AS 'MODULE_PATHNAME', 'hs_baseline_rows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 12;
COMMENT ON FUNCTION healthscore.baseline_rows(healthscore.baseline) IS 'A row for each measure, pos from 1. n: accounts whose value is known; mean; sd: of a sample, NULL for fewer than 2; median; mad: median absolute deviation from the median, not scaled; deciles: 10 to 90 per cent, interpolated as by percentile_cont(); exact: false if there were more than 2048 different values, then median, mad and deciles are of a sketch, while n, mean and sd are not; level: steps of baseline_fallback(); relative_error: most that a value of the sketch can be off, as a share of the value, 0 if exact. With no known value all but n, exact, level and relative_error are NULL.';

CREATE FUNCTION healthscore.baseline_z(b healthscore.baseline, pos integer, value double precision, minimum integer DEFAULT 1) RETURNS double precision
AS 'MODULE_PATHNAME', 'hs_peer_z' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.baseline_z(healthscore.baseline, integer, double precision, integer) IS '(value - mean) / sd of the others, for measure pos from 1. One account at the value, if there is one, is the account itself and left out. NULL: fewer than minimum others are known, or they are all alike and value differs; 0 if it does not.';
CREATE FUNCTION healthscore.baseline_robust_z(b healthscore.baseline, pos integer, value double precision, minimum integer DEFAULT 1) RETURNS double precision
AS 'MODULE_PATHNAME', 'hs_peer_robust_z' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.baseline_robust_z(healthscore.baseline, integer, double precision, integer) IS '(value - median) / (1.4826 * MAD) of the others, for measure pos from 1. One account at the value, if there is one, is the account itself and left out. NULL: fewer than minimum others are known, or their MAD is 0 and value is not their median; 0 if it is.';
CREATE FUNCTION healthscore.baseline_percentile(b healthscore.baseline, pos integer, value double precision, minimum integer DEFAULT 1) RETURNS double precision
AS 'MODULE_PATHNAME', 'hs_peer_percentile' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.baseline_percentile(healthscore.baseline, integer, double precision, integer) IS '0 to 100: share of the others below value, half of those equal to it, for measure pos from 1. One account at the value, if there is one, is the account itself and left out. NULL: fewer than minimum others are known.';
CREATE FUNCTION healthscore.baseline_median(b healthscore.baseline, pos integer, value double precision, minimum integer DEFAULT 1) RETURNS double precision
AS 'MODULE_PATHNAME', 'hs_peer_median' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.baseline_median(healthscore.baseline, integer, double precision, integer) IS 'Median of the others, for measure pos from 1. One account at the value, if there is one, is the account itself and left out. NULL: fewer than minimum others are known.';
