--
-- What the nightly job reads and writes.
--
-- The tables belong to the role that CREATE EXTENSION runs as.  For a trusted
-- installation that is the bootstrap superuser; the role that installed gets
-- what it needs to load, publish, refresh and grant.  It does not get TRIGGER:
-- an update script of the extension must not run code of that role as a
-- superuser.
--

CREATE TABLE healthscore.accounts (
    account_id text PRIMARY KEY,
    name text,
    segment text,
    owner text,
    plan text,
    arr numeric CHECK (arr >= 0),
    started_on date CHECK (isfinite(started_on)),
    ended_on date CHECK (isfinite(ended_on)),
    attributes jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(attributes) = 'object')
);
COMMENT ON TABLE healthscore.accounts IS 'One row per account. An account is scored from started_on until the day before ended_on.';
COMMENT ON COLUMN healthscore.accounts.account_id IS 'The key that signals and billing use.';
COMMENT ON COLUMN healthscore.accounts.name IS 'For people.';
COMMENT ON COLUMN healthscore.accounts.segment IS 'Decides the scorecard, see healthscore.assignments.';
COMMENT ON COLUMN healthscore.accounts.owner IS 'Who looks after the account.';
COMMENT ON COLUMN healthscore.accounts.plan IS 'Plan or tier.';
COMMENT ON COLUMN healthscore.accounts.arr IS 'Annual recurring revenue, in one currency. Never a signal of health: it is an outcome.';
COMMENT ON COLUMN healthscore.accounts.started_on IS 'First day of the account: windows are divided by its age, and silence counts from here. NULL: its first day with signals.';
COMMENT ON COLUMN healthscore.accounts.ended_on IS 'First day on which it is no customer any more. NULL: it still is.';
COMMENT ON COLUMN healthscore.accounts.attributes IS 'Anything else, as a JSON object.';

-- What is read every night and known every night comes first: a row is read from
-- the left, and a NULL makes what is behind it slower to find.
CREATE TABLE healthscore.signals (
    account_id text NOT NULL,
    day date NOT NULL CHECK (isfinite(day)),
    logins integer,
    active_users integer,
    licensed_seats integer,
    features_used integer,
    features_available integer,
    tickets_opened integer,
    days_since_customer_contact integer,
    days_to_renewal integer,
    days_payment_overdue integer,
    sentiment double precision,
    active_users_7d integer,
    active_users_28d integer,
    workflows_completed integer,
    api_calls bigint,
    nps integer,
    core_features_used integer,
    workflows_started integer,
    help_doc_views integer,
    tickets_open integer,
    resolution_hours double precision,
    csat double precision,
    contract_age_days integer,
    contract_value_change double precision,
    days_since_our_outreach integer,
    qbr_prepared boolean,
    champion_active boolean,
    external_impact double precision,
    PRIMARY KEY (account_id, day)
);
CREATE INDEX signals_day ON healthscore.signals USING brin (day) WITH (pages_per_range = 32);
COMMENT ON TABLE healthscore.signals IS 'One row per account and day, loaded every night: INSERT ... ON CONFLICT (account_id, day) DO UPDATE makes the load of a day repeatable, and late or corrected days are welcome. NULL is not known.';
COMMENT ON COLUMN healthscore.signals.account_id IS 'As in accounts; an account without a row there is scored too.';
COMMENT ON COLUMN healthscore.signals.day IS 'The day that the row describes.';
COMMENT ON COLUMN healthscore.signals.logins IS 'Logins of the day.';
COMMENT ON COLUMN healthscore.signals.active_users IS 'Distinct users of the day.';
COMMENT ON COLUMN healthscore.signals.active_users_7d IS 'Distinct users of the 7 days that end here; daily counts cannot be added up to it.';
COMMENT ON COLUMN healthscore.signals.active_users_28d IS 'Distinct users of the 28 days that end here.';
COMMENT ON COLUMN healthscore.signals.licensed_seats IS 'Seats paid for on the day.';
COMMENT ON COLUMN healthscore.signals.features_used IS 'Distinct features used on the day.';
COMMENT ON COLUMN healthscore.signals.features_available IS 'Features of the plan.';
COMMENT ON COLUMN healthscore.signals.core_features_used IS 'Distinct core features used on the day.';
COMMENT ON COLUMN healthscore.signals.workflows_started IS 'Key workflows begun on the day.';
COMMENT ON COLUMN healthscore.signals.workflows_completed IS 'Key workflows completed on the day: activity that reached its aim.';
COMMENT ON COLUMN healthscore.signals.api_calls IS 'API calls of the day.';
COMMENT ON COLUMN healthscore.signals.help_doc_views IS 'Views of help pages on the day.';
COMMENT ON COLUMN healthscore.signals.tickets_opened IS 'Support tickets opened on the day.';
COMMENT ON COLUMN healthscore.signals.tickets_open IS 'Support tickets open at the end of the day.';
COMMENT ON COLUMN healthscore.signals.resolution_hours IS 'Mean hours to resolution of the tickets closed on the day.';
COMMENT ON COLUMN healthscore.signals.sentiment IS 'Mean sentiment of the exchanges of the day, -1 to 1.';
COMMENT ON COLUMN healthscore.signals.nps IS 'NPS answer given on the day, 0 to 10.';
COMMENT ON COLUMN healthscore.signals.csat IS 'CSAT answer given on the day.';
COMMENT ON COLUMN healthscore.signals.contract_age_days IS 'Days since the contract began.';
COMMENT ON COLUMN healthscore.signals.days_to_renewal IS 'Days until renewal, negative when past, NULL when unknown.';
COMMENT ON COLUMN healthscore.signals.days_payment_overdue IS 'Days that the oldest open invoice is overdue; 0 when none is.';
COMMENT ON COLUMN healthscore.signals.contract_value_change IS 'Upsell (positive) or downgrade (negative) of the day, in the currency of arr.';
COMMENT ON COLUMN healthscore.signals.days_since_customer_contact IS 'Days since the customer last called or wrote, by its own initiative.';
COMMENT ON COLUMN healthscore.signals.days_since_our_outreach IS 'Days since our own last call or e-mail.';
COMMENT ON COLUMN healthscore.signals.qbr_prepared IS 'Preparation of the next business review has begun.';
COMMENT ON COLUMN healthscore.signals.champion_active IS 'The champion is still there.';
COMMENT ON COLUMN healthscore.signals.external_impact IS 'Impact of a known external event, -1 to 1; absence is neutral.';

CREATE TABLE healthscore.scorecards (
    name text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    card healthscore.scorecard NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    published_by text NOT NULL DEFAULT session_user,
    note text,
    retired_at timestamptz,
    built_in boolean NOT NULL DEFAULT false,
    PRIMARY KEY (name, version),
    CHECK (healthscore.scorecard_name(card) = name)
);
COMMENT ON TABLE healthscore.scorecards IS 'Immutable versions of scorecards. Published by healthscore.publish_scorecard(); only retired_at and note ever change.';
COMMENT ON COLUMN healthscore.scorecards.name IS 'The name in the document.';
COMMENT ON COLUMN healthscore.scorecards.version IS '1, 2, ... for each name; the highest that is not retired is in force.';
COMMENT ON COLUMN healthscore.scorecards.card IS 'The scorecard value.';
COMMENT ON COLUMN healthscore.scorecards.published_at IS 'When it was published.';
COMMENT ON COLUMN healthscore.scorecards.published_by IS 'By which role.';
COMMENT ON COLUMN healthscore.scorecards.note IS 'Why.';
COMMENT ON COLUMN healthscore.scorecards.retired_at IS 'When it was retired; NULL while it may be used.';
COMMENT ON COLUMN healthscore.scorecards.built_in IS 'A template that comes with the extension, and is not dumped.';

CREATE TABLE healthscore.segments (
    segment text PRIMARY KEY CHECK (segment <> ''),
    parent text CHECK (parent <> '' AND parent <> segment),
    title text
);
COMMENT ON TABLE healthscore.segments IS 'Which segment is part of which: where a segment is too small to be its own peers, its parent''s accounts are, and in the end all. A segment without a row has no parent.';
COMMENT ON COLUMN healthscore.segments.segment IS 'As in accounts.segment.';
COMMENT ON COLUMN healthscore.segments.parent IS 'The wider segment; NULL for none.';
COMMENT ON COLUMN healthscore.segments.title IS 'For people.';

CREATE TABLE healthscore.assignments (
    segment text,
    scorecard text NOT NULL,
    priority integer NOT NULL DEFAULT 100,
    attributes jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(attributes) = 'object'),
    min_arr numeric,
    max_arr numeric,
    min_age integer,
    max_age integer,
    valid_from date NOT NULL DEFAULT '-infinity',
    valid_to date NOT NULL DEFAULT 'infinity',
    note text,
    assigned_at timestamptz NOT NULL DEFAULT now(),
    assigned_by text NOT NULL DEFAULT session_user,
    assignment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    CHECK (valid_from < valid_to),
    CONSTRAINT assignments_key UNIQUE NULLS NOT DISTINCT (priority, segment, attributes, min_arr, max_arr, min_age, max_age, valid_from)
);
COMMENT ON TABLE healthscore.assignments IS 'Ordered rules: which scorecard scores which accounts. Of the rows whose conditions an account meets on a night the one with the lowest priority holds, of equals the oldest. An account without any is scored by "core".';
COMMENT ON COLUMN healthscore.assignments.segment IS 'accounts.segment, or NULL for any.';
COMMENT ON COLUMN healthscore.assignments.scorecard IS 'Name of a published scorecard; the version in force when the job runs is used.';
COMMENT ON COLUMN healthscore.assignments.priority IS 'Lower is looked at first.';
COMMENT ON COLUMN healthscore.assignments.attributes IS 'What the account must contain: columns of its row or keys of its attributes, as {"plan": "enterprise"}.';
COMMENT ON COLUMN healthscore.assignments.min_arr IS 'Least arr, included; NULL for any.';
COMMENT ON COLUMN healthscore.assignments.max_arr IS 'Where arr is too much, not included; NULL for any.';
COMMENT ON COLUMN healthscore.assignments.min_age IS 'Least age in days on the night, included (1 on the first day); NULL for any.';
COMMENT ON COLUMN healthscore.assignments.max_age IS 'Age in days from which it does not hold any more; NULL for any.';
COMMENT ON COLUMN healthscore.assignments.valid_from IS 'First night on which it holds.';
COMMENT ON COLUMN healthscore.assignments.valid_to IS 'First night on which it does not hold any more.';
COMMENT ON COLUMN healthscore.assignments.note IS 'Why.';
COMMENT ON COLUMN healthscore.assignments.assigned_at IS 'When it was written.';
COMMENT ON COLUMN healthscore.assignments.assigned_by IS 'By which role.';
COMMENT ON COLUMN healthscore.assignments.assignment_id IS 'Number of the row.';

CREATE TABLE healthscore.runs (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('refresh', 'backfill')),
    from_day date NOT NULL,
    to_day date NOT NULL,
    every integer,
    done_to date,
    status text NOT NULL CHECK (status IN ('running', 'done', 'failed')),
    accounts bigint,
    feeds jsonb,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    run_by text NOT NULL DEFAULT session_user,
    sqlstate text,
    message text
);
COMMENT ON TABLE healthscore.runs IS 'The log of refresh() and backfill().';
COMMENT ON COLUMN healthscore.runs.run_id IS 'Number of the run.';
COMMENT ON COLUMN healthscore.runs.kind IS 'refresh or backfill.';
COMMENT ON COLUMN healthscore.runs.from_day IS 'First as_of of the run.';
COMMENT ON COLUMN healthscore.runs.to_day IS 'Last as_of of the run.';
COMMENT ON COLUMN healthscore.runs.every IS 'Days from one night of a backfill to the next; NULL for a refresh.';
COMMENT ON COLUMN healthscore.runs.done_to IS 'Last as_of whose scores are stored.';
COMMENT ON COLUMN healthscore.runs.status IS 'running, done or failed. A backfill that was cut off stays "running"; the next call with the same dates and step goes on from done_to.';
COMMENT ON COLUMN healthscore.runs.accounts IS 'Scores stored, over all dates.';
COMMENT ON COLUMN healthscore.runs.feeds IS 'Grade of the data of each scorecard, A to F, as data_quality() gave it to a refresh; NULL where it was not looked at.';
COMMENT ON COLUMN healthscore.runs.started_at IS 'Wall-clock time.';
COMMENT ON COLUMN healthscore.runs.finished_at IS 'Wall-clock time.';
COMMENT ON COLUMN healthscore.runs.run_by IS 'Session user.';
COMMENT ON COLUMN healthscore.runs.sqlstate IS 'Of the error that ended the run.';
COMMENT ON COLUMN healthscore.runs.message IS 'Of the error that ended the run.';

-- No foreign key to scorecards: a parallel restore would load scores first.  The
-- versions that are used here cannot be deleted, see 45_job.sql.
CREATE TABLE healthscore.scores (
    account_id text NOT NULL,
    as_of date NOT NULL,
    scorecard text NOT NULL,
    version integer NOT NULL,
    segment text,
    score double precision,
    band text NOT NULL,
    band_rank integer,
    coverage double precision NOT NULL,
    grade text,
    before_rules double precision,
    rules text[],
    last_day date,
    measures double precision[] NOT NULL,
    contributions double precision[],
    facts jsonb,
    run_id bigint NOT NULL,
    PRIMARY KEY (account_id, as_of)
);
CREATE INDEX scores_as_of ON healthscore.scores (as_of);
COMMENT ON TABLE healthscore.scores IS 'History: the score of each account on each night that was run, with all that is needed to explain it or compute it again.';
COMMENT ON COLUMN healthscore.scores.account_id IS 'The account, as text whatever its type in the source.';
COMMENT ON COLUMN healthscore.scores.as_of IS 'The last day whose signals count.';
COMMENT ON COLUMN healthscore.scores.scorecard IS 'Name of the scorecard that was in force.';
COMMENT ON COLUMN healthscore.scores.version IS 'Its version.';
COMMENT ON COLUMN healthscore.scores.segment IS 'Segment of the account on that night.';
COMMENT ON COLUMN healthscore.scores.score IS '0 to 100, higher is healthier, as computed, also where the data are insufficient (see band). NULL when no measure is known.';
COMMENT ON COLUMN healthscore.scores.band IS 'Band of the scorecard, or "insufficient data".';
COMMENT ON COLUMN healthscore.scores.band_rank IS '1 is the lowest band; NULL for insufficient data.';
COMMENT ON COLUMN healthscore.scores.coverage IS 'Share of the weight whose measures are known, 0 to 1.';
COMMENT ON COLUMN healthscore.scores.grade IS 'How far the data can be trusted, A to F: see healthscore.score_grade().';
COMMENT ON COLUMN healthscore.scores.before_rules IS 'The score before the rules of the scorecard: the sum of contributions.';
COMMENT ON COLUMN healthscore.scores.rules IS 'Names of the rules that changed it, in order; NULL for none.';
COMMENT ON COLUMN healthscore.scores.last_day IS 'Latest day with a row of signals, at most the longest window back; NULL for none.';
COMMENT ON COLUMN healthscore.scores.measures IS 'Values in the order of the scorecard; NULL is not known.';
COMMENT ON COLUMN healthscore.scores.contributions IS 'Points that each measure gives to before_rules, in the order of the scorecard.';
COMMENT ON COLUMN healthscore.scores.facts IS 'What the rules of the scorecard looked at besides measures: attributes of the account on that night, its age_days, and how old carried measures are. NULL when they look at nothing.';
COMMENT ON COLUMN healthscore.scores.run_id IS 'The run that last changed the row.';

CREATE TABLE healthscore.baselines (
    as_of date NOT NULL,
    scorecard text NOT NULL,
    version integer NOT NULL,
    segment text NOT NULL,
    baseline healthscore.baseline NOT NULL,
    PRIMARY KEY (as_of, scorecard, version, segment)
);
COMMENT ON TABLE healthscore.baselines IS 'The peers that each night was scored against, by scorecard and segment: to explain it, and to compare with. See healthscore.baseline_rows().';
COMMENT ON COLUMN healthscore.baselines.as_of IS 'The night.';
COMMENT ON COLUMN healthscore.baselines.scorecard IS 'Name of the scorecard.';
COMMENT ON COLUMN healthscore.baselines.version IS 'Its version.';
COMMENT ON COLUMN healthscore.baselines.segment IS 'The segment; empty for accounts without one.';
COMMENT ON COLUMN healthscore.baselines.baseline IS 'What is usual, for each measure.';

CREATE TABLE healthscore.nights (
    as_of date PRIMARY KEY,
    snapshot pg_snapshot NOT NULL,
    settings text NOT NULL
);
COMMENT ON TABLE healthscore.nights IS 'The last nights that were scored, and what was visible then: what came later has changed since. Not dumped.';
COMMENT ON COLUMN healthscore.nights.as_of IS 'The night.';
COMMENT ON COLUMN healthscore.nights.snapshot IS 'What was visible when it was last scored.';
COMMENT ON COLUMN healthscore.nights.settings IS 'Digest of the scorecards and assignments that it was scored with.';

CREATE TABLE healthscore.changes (
    account_id text,
    first_day date,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE healthscore.changes IS 'Accounts whose signals or whose row changed, while healthscore.track_changes() is on. Not dumped.';
COMMENT ON COLUMN healthscore.changes.account_id IS 'The account; NULL for all.';
COMMENT ON COLUMN healthscore.changes.first_day IS 'The earliest day that changed; NULL for the account itself.';
COMMENT ON COLUMN healthscore.changes.xid IS 'The transaction that changed it.';

SELECT pg_extension_config_dump('healthscore.accounts', '');
SELECT pg_extension_config_dump('healthscore.signals', '');
SELECT pg_extension_config_dump('healthscore.scorecards', 'WHERE NOT built_in');
SELECT pg_extension_config_dump('healthscore.segments', '');
SELECT pg_extension_config_dump('healthscore.assignments', '');
SELECT pg_extension_config_dump('healthscore.assignments_assignment_id_seq', '');
SELECT pg_extension_config_dump('healthscore.baselines', '');
SELECT pg_extension_config_dump('healthscore.nights', 'WHERE false');
SELECT pg_extension_config_dump('healthscore.changes', 'WHERE false');
SELECT pg_extension_config_dump('healthscore.runs', '');
SELECT pg_extension_config_dump('healthscore.runs_run_id_seq', '');
SELECT pg_extension_config_dump('healthscore.scores', '');

INSERT INTO healthscore.scorecards (name, version, card, published_by, note, built_in)
SELECT t, 1, healthscore.scorecard_template(t), 'healthscore', 'comes with the extension', true
FROM unnest(ARRAY['core', 'csm_skill']) AS t;
