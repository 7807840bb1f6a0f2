--
-- An invented portfolio of a SaaS vendor: 600 accounts, 365 nights that end on
-- 2026-06-30.  Fills healthscore.accounts, healthscore.signals and
-- healthscore.subscriptions, which must be empty.  Everything follows from
-- hashes of account, day and column, so every run on every server gives the
-- same rows.
--
-- Six accounts have a story, which accounts.attributes tells.  Of the accounts
-- from number 121 on some leave at a renewal: most of those that are in trouble
-- by then, and a few that never showed any.
--

-- a number in [0, 1)
CREATE FUNCTION pg_temp.u(account integer, day integer, col integer) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashint8extended(account::bigint * 1000000 + day, col) & 9007199254740991) / 9007199254740992::double precision;

-- about normal, mean 0 and standard deviation 1, never beyond 3
CREATE FUNCTION pg_temp.n(account integer, day integer, col integer) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 2 * (pg_temp.u(account, day, col) + pg_temp.u(account, day, col + 1000) + pg_temp.u(account, day, col + 2000) - 1.5);

-- a count with the given mean: 0, 1, 2 ... as a geometric distribution has them
CREATE FUNCTION pg_temp.count_of(mean double precision, u double precision) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN mean <= 0 THEN 0 ELSE floor(ln(1 - u) / ln(mean / (1 + mean)))::integer END;

CREATE TEMP TABLE demo_segment AS
SELECT * FROM (VALUES
    --  segment       plan           seats       price  share  features  api     tickets  owners
    ('enterprise',  'Enterprise',   180, 620,    540,   0.42,  42,       3000,   0.004,   ARRAY['Ines Duarte', 'Tom Okafor']),
    ('mid-market',  'Business',      45, 160,    480,   0.47,  34,        900,   0.006,   ARRAY['Lena Brandt', 'Samir Haddad', 'Grace Liu']),
    ('small',       'Team',           8,  40,    360,   0.54,  26,        250,   0.008,   ARRAY['Pooled Team']),
    ('startup',     'Starter',        3,  18,    290,   0.58,  18,        400,   0.008,   ARRAY['Pooled Team', 'Jo Whitfield'])
) AS s(segment, plan, seats_from, seats_to, price, share, features, api, tickets, owners);

CREATE TEMP TABLE demo_account AS
WITH named AS (
    SELECT no::integer, name
    FROM regexp_split_to_table($names$Halvorsen Freight|Bluepeak Robotics|Marrow & Finch Legal|Tidewell Insurance|Pennygate Foods|Quillon Payments
Alderbrook Clinics|Brackenridge Steel|Cobaltine Labs|Dunmere Brewing|Eastholm Energy|Fenwick & Rae|Gablestone Homes|Hartwood Hotels
Irongate Security|Junipero Travel|Kestrelway Air|Larkspur Media|Mossbank Pharma|Northquay Shipping|Orchardine Dairy|Pallister Group
Quarryside Cement|Ravenshaw Books|Silverfen Water|Thornbury Motors|Umberfield Farms|Valemont Studios|Westerhaul|Yarrowdale Schools
Zephyrine Yachts|Ambercote Textiles|Birchline Paper|Cinderhill Grill|Driftmark Games|Elmsworth Bank|Foxglade Pets|Glintworks
Hollowbrook Audio|Inkwell & Sons|Jasperine Gems|Kilnhaven Ceramics|Lowmarsh Seeds|Millrace Cycles|Nettlefold Tools|Oakhurst Dental
Pinecrest Logistics|Quietwater Spas|Redfern Optics|Saltmarsh Seafood|Tamarin Software|Upperdale Dairy|Violetta Fashion|Windrose Charter
Yewtree Advisory|Zinnia Cosmetics|Ashgrove Rail|Beaconfield TV|Copperleaf Wines|Dovetail Joinery|Emberly Heating|Flintridge Mining
Greywater Labs|Hazelmere Care|Islesworth Foods|Jetstream Parcel|Kingsmere Courts|Lanternfish AI|Maplethorpe Toys|Nimbusbay Cloud
Opaline Lighting|Peregrine Maps|Quincewood Jam|Rookery Capital|Sandpiper Resorts|Tallowgate Soap|Underhill Caves|Verdancy Solar
Wrenfield Health|Xanthe Florals|Yonderly Travel|Zircon Analytics|Applecross Labs|Bramblewick Tea|Causeway Bridges|Daleforth Plastics
Everstead Homes|Fernhollow Spa|Gullwing Coaches|Hopsack Apparel|Ivorybridge Law|Jackdaw Press|Knotwork Rope|Lindenau Piano
Meadowlark Radio|Nightjar Films|Otterburn Mills|Pebblewise|Quaystone Ports|Rushlight Power|Sorrel & Thyme|Ternhaven Marine
Ullswater Boats|Vixen Outdoor|Whinstone Build|Yardarm Sails|Zestora Juice|Auburnet|Brightmoor Glass|Cloverfield Eggs
Dapplegrey Stables|Elderflow|Frostfern Ice|Gorsebank Wind|Harrowgate Bikes|Ivywell Tutors|Juncture Rail IT|Kelpwright
Loamstead Garden|Merrowby Fish$names$, '[|\n]') WITH ORDINALITY AS x(name, no)
    UNION ALL
    SELECT 121 + 15 * (x.i - 1)::integer + (y.i - 1)::integer, x.place || ' ' || y.trade
    FROM unnest('{Aldermoor,Barrowfield,Coldstream,Dunstan,Easterby,Farleigh,Glenholt,Hallowmere,Ingleby,Jarrowby,Kelsall,Longridge,Marchwood,Norbury,Oxley,Penrose,
                  Quenby,Rothwell,Stanwick,Tideswell,Ulverton,Vauxley,Wetherby,Yeovale,Ashcombe,Birkdale,Chalfont,Denholme,Elstow,Frampton,Garswood,Haverley}'::text[])
             WITH ORDINALITY AS x(place, i),
         unnest('{Analytics,Bakeries,Ceramics,Dental,Engineering,Freight,Gardens,Housing,Insurance,Joinery,Learning,Motors,Optics,Pharmacy,Robotics}'::text[])
             WITH ORDINALITY AS y(trade, i)
), shaped AS (
    SELECT a.no, a.name,
           -- the stories need a size of their own, the others get theirs by number
           CASE a.no WHEN 1 THEN 'mid-market' WHEN 2 THEN 'enterprise' WHEN 3 THEN 'mid-market'
                     WHEN 4 THEN 'enterprise' WHEN 5 THEN 'small' WHEN 6 THEN 'mid-market'
                     ELSE CASE WHEN a.no % 20 < 3 THEN 'enterprise' WHEN a.no % 20 < 9 THEN 'mid-market'
                               WHEN a.no % 20 < CASE WHEN a.no > 120 THEN 19 ELSE 15 END THEN 'small' ELSE 'startup' END END AS segment,
           CASE WHEN a.no <= 6 THEN (ARRAY['slow fade', 'sudden drop', 'champion left', 'busy but not successful',
                                           'seat overage', 'silent API customer'])[a.no] END AS story,
           -- ordinary trouble of about every third of the others, and of half of those from 121 on
           CASE WHEN a.no <= 6 THEN ''
                WHEN dice.u < 0.08 THEN 'fading'
                WHEN dice.u < 0.15 THEN 'never adopted'
                WHEN dice.u < 0.20 THEN 'late payer'
                WHEN dice.u < 0.25 THEN 'many tickets'
                WHEN dice.u < 0.31 THEN 'no champion'
                WHEN dice.u < 0.37 THEN 'stalled'
                ELSE '' END AS trouble,
           CASE WHEN a.no = 53 THEN date '2026-06-22'
                WHEN a.no > 6 AND a.no % 9 = 4 THEN date '2026-06-10' - floor(300 * pg_temp.u(a.no, 0, 2))::integer
                ELSE date '2025-06-20' - floor(1800 * pg_temp.u(a.no, 0, 2))::integer END AS started_on,
           CASE a.no WHEN 38 THEN date '2026-02-16' WHEN 83 THEN date '2026-05-11' END AS cancelled_on
    FROM named AS a
    CROSS JOIN LATERAL (SELECT pg_temp.u(a.no, 0, 1) * CASE WHEN a.no > 120 THEN 0.75 ELSE 1 END AS u) AS dice
), decided AS (
    -- the renewal that the history shows, and whether it is the last day
    SELECT r.*, CASE WHEN r.cancelled_on IS NOT NULL THEN r.cancelled_on
                     WHEN r.no > 120 AND r.segment <> 'startup' AND r.renewal_date <= date '2026-06-30' AND r.renewal_date - r.started_on >= 365
                          AND pg_temp.u(r.no, 0, 36) < CASE r.trouble WHEN 'fading' THEN 0.8 WHEN 'never adopted' THEN 0.6 WHEN 'no champion' THEN 0.5
                              WHEN 'stalled' THEN 0.4 WHEN 'many tickets' THEN 0.4 WHEN 'late payer' THEN 0.35 ELSE 0.06 END
                     THEN r.renewal_date END AS ended_on
    FROM (SELECT s.*, s.started_on + 365 * greatest(ceil((date '2025-09-01' - s.started_on) / 365.0), 1)::integer AS renewal_date FROM shaped AS s) AS r
)
SELECT a.no, 'A' || lpad((1000 + a.no * 7)::text, 5, '0') AS account_id, a.name, a.segment, a.story, a.trouble, a.started_on, a.renewal_date, a.ended_on,
       s.plan, s.price, s.features, s.tickets,
       s.owners[1 + floor(pg_temp.u(a.no, 0, 3) * cardinality(s.owners))::integer] AS owner,
       CASE a.no WHEN 6 THEN 50 ELSE round(s.seats_from + (s.seats_to - s.seats_from) * pg_temp.u(a.no, 0, 4))::integer END AS seats,
       -- share of the seats that works on a weekday
       CASE WHEN a.no = 4 THEN 0.62 WHEN a.no = 5 THEN 1.0 WHEN a.no = 6 THEN 0.03
            WHEN a.trouble = 'never adopted' THEN 0.3 * s.share
            ELSE s.share * (0.7 + 0.6 * pg_temp.u(a.no, 0, 5)) END AS share,
       -- growth of use over the year, in logarithms
       CASE WHEN a.no = 5 THEN 0.45 WHEN a.no <= 4 THEN 0.05 WHEN a.no = 6 THEN 0
            ELSE 0.10 + 0.20 * pg_temp.n(a.no, 0, 6) END AS growth,
       CASE WHEN a.no = 6 THEN 90000
            WHEN a.no > 6 AND pg_temp.u(a.no, 0, 7) < 0.08 THEN 12 * s.api
            WHEN pg_temp.u(a.no, 0, 7) < 0.4 THEN 0
            ELSE s.api * (0.5 + pg_temp.u(a.no, 0, 8)) END AS api,
       -- workflows that an active user starts in a day, and the share completed
       CASE WHEN a.no <= 6 THEN 1.6 ELSE 0.8 + 1.1 * pg_temp.u(a.no, 0, 9) END AS begins,
       CASE WHEN a.no = 4 THEN 0.05 WHEN a.trouble = 'stalled' THEN 0.2
            ELSE 0.74 + 0.2 * pg_temp.u(a.no, 0, 10) END AS completes,
       -- day on which the trouble begins; day 0 is 2025-07-01, day 364 is 2026-06-30
       CASE a.no WHEN 1 THEN 170 WHEN 2 THEN 344 WHEN 3 THEN 341 WHEN 38 THEN 120 WHEN 83 THEN 230
            ELSE CASE WHEN a.no > 120 THEN a.renewal_date - date '2025-07-01' - 170 + floor(130 * pg_temp.u(a.no, 0, 11))::integer
                      ELSE 150 + floor(150 * pg_temp.u(a.no, 0, 11))::integer END END AS since,
       2 + floor(50 * pg_temp.u(a.no, 0, 12) ^ 2)::integer AS contact_every,
       0.35 + 0.3 * pg_temp.u(a.no, 0, 35) AS breadth,
       a.segment <> 'startup' AS has_champion
FROM decided AS a
JOIN demo_segment AS s USING (segment);

INSERT INTO healthscore.accounts (account_id, name, segment, owner, plan, arr, started_on, ended_on, attributes)
SELECT account_id, name, segment, owner, plan, round(seats * price / 100) * 100, started_on, ended_on,
       CASE WHEN story IS NULL THEN '{}' ELSE jsonb_build_object('story', story) END
FROM demo_account
ORDER BY account_id;

-- Terms of 365 days, from the one that the history begins in; those who grow
-- pay less before, those who shrink pay less after their renewal.  The smallest
-- pay by the month, without a contract.
INSERT INTO healthscore.subscriptions (account_id, started_on, renewal_date, mrr, ended_on)
SELECT a.account_id, t.starts, t.starts + 365,
       round(a.seats * a.price / 12 * CASE WHEN a.growth > 0.15 AND t.starts < date '2025-07-01' THEN 0.92 WHEN a.growth < -0.1 AND t.starts < date '2025-07-01' THEN 1.15 ELSE 1 END),
       CASE WHEN a.ended_on < t.starts + 365 THEN a.ended_on END
FROM demo_account AS a
CROSS JOIN LATERAL (SELECT a.started_on + 365 * k AS starts FROM generate_series(0, 6) AS k) AS t
WHERE a.segment <> 'startup' AND t.starts + 365 > date '2025-07-01' AND t.starts <= date '2026-06-30' AND (a.ended_on IS NULL OR t.starts < a.ended_on)
ORDER BY a.account_id, t.starts;

-- One row per account and night.  What people do in a day follows from
--   level:  season of the year, growth, good and bad months, the trouble
--   week:   weekdays and weekends
CREATE TEMP TABLE demo_night AS
WITH days AS (
    SELECT d, date '2025-07-01' + d AS day,
           CASE WHEN extract(isodow FROM date '2025-07-01' + d) < 6 THEN 1 ELSE 0.15 END AS week,
           -- summer, and the end of the year
           (1 - 0.13 * exp(-(((d - 35) / 18.0) ^ 2))) * CASE WHEN d BETWEEN 175 AND 186 THEN 0.6 ELSE 1 END AS season
    FROM generate_series(0, 364) AS d
    -- two nights on which the load failed
    WHERE d NOT IN (131, 231)
), grown AS (
    SELECT a.*, d.d, d.day, d.week,
           d.season * exp(a.growth * (d.d - 364) / 365.0)
           * (1 + 0.06 * sin(2 * pi() * (d.d / (50 + 60 * pg_temp.u(a.no, 0, 13)) + pg_temp.u(a.no, 0, 14))))
           -- a new customer arrives step by step
           * least(1, 0.35 + 0.65 * (d.day - a.started_on) / 45.0)
           * CASE WHEN d.d < a.since THEN 1
                  WHEN a.no IN (38, 83) OR a.trouble = 'fading' THEN greatest(1 - (d.d - a.since) / 160.0, 0.06)
                  WHEN a.no = 1 THEN 1 - 0.85 * (d.d - a.since) / 194.0
                  WHEN a.no = 2 THEN 0.1
                  WHEN a.no = 3 THEN 0.9
                  ELSE 1 END
           -- half of those who leave let go before, whatever their trouble
           * CASE WHEN a.no > 120 AND a.ended_on - d.day < 60 AND pg_temp.u(a.no, 0, 37) < 0.5 THEN greatest((a.ended_on - d.day) / 60.0, 0.25) ELSE 1 END AS level,
           -- more seats every half year for those who grow
           a.seats - CASE WHEN a.growth > 0.15 AND a.no > 6 THEN ceil(a.seats * 0.08)::integer * (1 - least(d.d / 182, 1)) ELSE 0 END AS licensed
    FROM demo_account AS a
    CROSS JOIN days AS d
    WHERE d.day >= a.started_on AND (a.ended_on IS NULL OR d.day < a.ended_on)
      -- and the account's own row is missing now and then
      AND pg_temp.u(a.no, d.d, 15) >= 0.008
), used AS (
    SELECT g.*,
           least(greatest(round(licensed * share * level * week * (1 + 0.09 * pg_temp.n(no, d, 16)))::integer, 0),
                 CASE WHEN no = 5 THEN 1000000 ELSE licensed END) AS active,
           least(licensed * share * level * 1.3, CASE WHEN no = 5 THEN 1000000 ELSE 0.88 * licensed END) AS active_7d,
           CASE WHEN no <= 6 THEN no = 3 AND d >= since ELSE trouble = 'no champion' AND d >= since END AS champion_gone
    FROM grown AS g
), worked AS (
    SELECT u.*,
           CASE WHEN no = 6 THEN round(api * level / 60) ELSE round(active * begins * (1 + 0.12 * pg_temp.n(no, d, 17))) END::integer AS started,
           pg_temp.count_of(CASE WHEN no = 6 THEN 0.02
                                 WHEN trouble = 'many tickets' AND d > CASE WHEN no > 120 THEN since ELSE 300 END THEN 12 * tickets * (active + 1)
                                 WHEN no = 4 THEN 2 * tickets * (active + 1)
                                 ELSE tickets * (active + 0.5) END, pg_temp.u(no, d, 18)) AS opened,
           -- how content they are, about -1 to 1
           0.35 - CASE WHEN trouble IN ('many tickets', 'stalled', 'fading') AND d >= since THEN 0.6 WHEN no IN (1, 4) THEN 0.55
                       WHEN champion_gone THEN 0.25 ELSE 0 END + 0.2 * pg_temp.n(no, 0, 19) AS mood
    FROM used AS u
)
SELECT w.*, sum(opened) OVER (PARTITION BY no ORDER BY d ROWS BETWEEN 3 PRECEDING AND CURRENT ROW)::integer AS still_open,
       licensed - lag(licensed) OVER (PARTITION BY no ORDER BY d) AS more_seats
FROM worked AS w;

INSERT INTO healthscore.signals (account_id, day, logins, active_users, licensed_seats, features_used, features_available, api_calls,
    workflows_completed, tickets_opened, days_since_customer_contact, days_to_renewal, days_payment_overdue, active_users_7d,
    active_users_28d, nps, sentiment, core_features_used, workflows_started, help_doc_views, tickets_open, resolution_hours, csat,
    contract_age_days, contract_value_change, days_since_our_outreach, qbr_prepared, champion_active, external_impact)
SELECT account_id, day,
       round(active * (1.3 + 0.2 * pg_temp.u(no, d, 20)))::integer AS logins,
       active, licensed,
       least(features, round(features * (1 - exp(-active / 2.5)) * CASE WHEN no = 6 THEN 0.9 ELSE breadth * sqrt(least(level, 1)) END
                             * (1 + 0.05 * pg_temp.n(no, d, 21))))::integer AS features_used,
       features,
       round(api * CASE WHEN no = 6 THEN exp(0.3 * (d - 364) / 365.0) * (0.85 + 0.15 * week) ELSE level * (0.4 + 0.6 * week) END
             * (1 + 0.07 * pg_temp.n(no, d, 22)))::bigint AS api_calls,
       least(started, round(started * completes * (1 + 0.04 * pg_temp.n(no, d, 23))))::integer AS workflows_completed,
       opened,
       CASE WHEN champion_gone THEN 3 + d - since
            WHEN (no = 1 OR trouble = 'fading') AND d > since + 60 THEN d - since - 60 + 6
            ELSE (d + no * 5) % contact_every END AS days_since_customer_contact,
       -- yearly contracts; the smallest pay by the month
       CASE WHEN segment <> 'startup' THEN 365 - (day - started_on) % 365 END AS days_to_renewal,
       CASE WHEN trouble = 'late payer' THEN greatest((d + no * 11) % 91 - 20, 0)
            WHEN pg_temp.u(no, d / 91, 24) < 0.12 THEN greatest(12 - (d + no * 11) % 91, 0)
            ELSE 0 END AS days_payment_overdue,
       -- distinct users come from a weekly report
       CASE WHEN extract(isodow FROM day) = 1 THEN round(active_7d * (1 + 0.03 * pg_temp.n(no, d, 25)))::integer END AS active_users_7d,
       CASE WHEN extract(isodow FROM day) = 1 THEN round(active_7d * (1 + 0.03 * pg_temp.n(no, d, 25)) * (1.12 + 0.02 * pg_temp.n(no, d, 26)))::integer END AS active_users_28d,
       -- a survey each quarter, which two of three answer
       CASE WHEN (d + no * 17) % 91 = 45 AND pg_temp.u(no, d, 27) < 0.67
            THEN least(greatest(round(7.4 + 3.2 * mood + 0.9 * pg_temp.n(no, d, 28))::integer, 0), 10) END AS nps,
       CASE WHEN opened > 0
            THEN round(least(greatest(mood + 0.2 * pg_temp.n(no, d, 29), -1), 1)::numeric, 2)::double precision END AS sentiment,
       least(8, round(8 * (1 - exp(-active / 4.0)) * 0.7 * sqrt(least(level, 1))))::integer AS core_features_used,
       started,
       pg_temp.count_of(active * CASE WHEN no = 4 OR trouble = 'stalled' THEN 0.35 ELSE 0.06 END, pg_temp.u(no, d, 30)) AS help_doc_views,
       still_open,
       CASE WHEN still_open > opened THEN round((6 + 30 * pg_temp.u(no, d, 31))::numeric, 1)::double precision END AS resolution_hours,
       CASE WHEN opened > 0 AND pg_temp.u(no, d, 32) < 0.25
            THEN least(greatest(round((3.6 + 1.6 * mood + 0.5 * pg_temp.n(no, d, 33))::numeric), 1), 5)::double precision END AS csat,
       day - started_on AS contract_age_days,
       CASE WHEN more_seats <> 0 THEN more_seats * price END AS contract_value_change,
       (d + no * 3) % CASE WHEN segment IN ('enterprise', 'mid-market') THEN 17 ELSE 60 END AS days_since_our_outreach,
       CASE WHEN segment IN ('enterprise', 'mid-market') THEN (d + no) % 91 > 76 END AS qbr_prepared,
       CASE WHEN has_champion THEN NOT champion_gone END AS champion_active,
       -- the news: money raised, people laid off
       CASE WHEN pg_temp.u(no, d / 30, 34) < 0.004 THEN 0.5 WHEN pg_temp.u(no, d / 30, 34) < 0.01 THEN -0.6 END AS external_impact
FROM demo_night
ORDER BY day, account_id;

DROP TABLE demo_night, demo_account, demo_segment;
DROP FUNCTION pg_temp.u(integer, integer, integer), pg_temp.n(integer, integer, integer), pg_temp.count_of(double precision, double precision);
