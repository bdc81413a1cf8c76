/* ---
description: >
  Companies that won public contracts notified in the year and are still open. `total_value` counts every published row
  and credits joint contracts in full to each winner; the columns beside it leave out exact copies and share joint contracts.
kind: table
key: [siret]
partition: [volume_class]
# What is counted here was built from contracts that arrived lately, not from what an earlier run left.
requires: {silver.contract_winners: {max_age: 72h}}
columns:
  siret: {type: varchar, checks: [not_null, {relationships: {to: silver.establishments, column: siret}}]}
  company_name: {type: varchar, description: As written in its latest contract}
  contract_count: {type: bigint, checks: [{range: [1, 1000000]}]}
  contract_count_distinct: {type: bigint, description: Without exact copies}
  total_value: {type: "decimal(38,2)", checks: [not_null]}
  total_value_distinct: {type: "decimal(38,2)", description: Without exact copies}
  total_share: {type: "decimal(38,2)", description: "Without exact copies, joint contracts shared equally"}
  average_value: {type: double}
  unusable_amounts: {type: bigint, description: Contracts whose amount counts as 0 because it is missing or a sentinel}
  first_date: {type: date}
  last_date: {type: date}
  buyers: {type: bigint, description: Different buyers}
  natures: {type: "varchar[]"}
  cpv_codes: {type: "varchar[]"}
  places: {type: "varchar[]"}
  volume_class: {type: varchar, checks: [{accepted: [Gros contractant, Contractant régulier, Contractant occasionnel, Contractant unique]}]}
  value_class: {type: varchar, checks: [{accepted: [Plus de 1M€, 100K€ - 1M€, 10K€ - 100K€, Moins de 10K€]}]}
  naf_code: {type: varchar}
  sector: {type: varchar, description: Label of the NAF code; null when the code is unknown}
  size_code: {type: varchar}
  is_employer: {type: boolean}
  postal_code: {type: varchar}
  region: {type: varchar}
  city: {type: varchar}
  created_on: {type: date}
  age_years: {type: double, description: At the end of the year looked at}
checks:
  - {unique: [siret]}
  - {row_count: {min: 1, max_drop: 90%}}
  - {name: shares never exceed full credits, sql: "bool_and(total_share <= total_value_distinct and total_value_distinct <= total_value)"}
tests:
  - name: classes change at 10, 5 and 2 contracts
    given:
      silver.contract_winners:
        - {contract_key: a, copy: 1, siret: "00000000000001", notification_year: 2022, amount: 999999.99, amount_share: 999999.99}
        - {contract_key: b, copy: 1, siret: "00000000000002", notification_year: 2022, amount: 500000, amount_share: 500000}
        - {contract_key: c, copy: 1, siret: "00000000000002", notification_year: 2022, amount: 500000, amount_share: 500000}
        - {contract_key: d, copy: 1, siret: "00000000000003", notification_year: 2021, amount: 1, amount_share: 1}
        - {contract_key: e, copy: 1, siret: "00000000000004", notification_year: 2022, amount: 1, amount_share: 1}
      silver.establishments:
        - {siret: "00000000000001", naf_code: 01.11Z, created_on: 2012-12-31}
        - {siret: "00000000000002", naf_code: 99.99X}
        - {siret: "00000000000003"}
      silver.codes_naf: [{code: 01.11Z, label: Culture de céréales}]
    expect:
      - {siret: "00000000000001", contract_count: 1, volume_class: Contractant unique, value_class: 100K€ - 1M€, sector: Culture de céréales, age_years: 10}
      - {siret: "00000000000002", contract_count: 2, volume_class: Contractant occasionnel, value_class: Plus de 1M€, sector: null, age_years: null}
  - name: a copy counts in the published figures only
    given:
      silver.contract_winners:
        - {contract_key: a, copy: 1, siret: "00000000000001", notification_year: 2022, amount: 90000, amount_share: 30000}
        - {contract_key: a, copy: 2, siret: "00000000000001", notification_year: 2022, amount: 90000, amount_share: 30000}
      silver.establishments: [{siret: "00000000000001"}]
    expect: [{contract_count: 2, contract_count_distinct: 1, total_value: 180000, total_value_distinct: 90000, total_share: 30000}]
--- */
WITH winners AS (
    SELECT
        siret,
        -- The name of the latest contract; equal dates are settled by the contract, so that the answer is always the same.
        max({'on': notification_date, 'contract': contract_key, 'position': position, 'name': winner_name}).name AS company_name,
        count(*) AS contract_count,
        count(*) FILTER (copy = 1) AS contract_count_distinct,
        sum(amount) AS total_value,
        coalesce(sum(amount) FILTER (copy = 1), 0) AS total_value_distinct,
        coalesce(sum(amount_share) FILTER (copy = 1), 0) AS total_share,
        round(sum(amount)::DOUBLE / count(*), 2) AS average_value,
        count(*) FILTER (amount_flag IS NOT NULL) AS unusable_amounts,
        min(notification_date) AS first_date,
        max(notification_date) AS last_date,
        count(DISTINCT buyer_id) AS buyers,
        list(DISTINCT nature ORDER BY nature) AS natures,
        list(DISTINCT cpv_code ORDER BY cpv_code) AS cpv_codes,
        list(DISTINCT place_code ORDER BY place_code) AS places
    FROM silver.contract_winners
    WHERE siret IS NOT NULL AND notification_year = $params.year
    GROUP BY siret
)

SELECT
    winners.siret,
    winners.company_name,
    winners.contract_count,
    winners.contract_count_distinct,
    winners.total_value,
    winners.total_value_distinct,
    winners.total_share,
    winners.average_value,
    winners.unusable_amounts,
    winners.first_date,
    winners.last_date,
    winners.buyers,
    winners.natures,
    winners.cpv_codes,
    winners.places,
    volume_class(winners.contract_count) AS volume_class,
    value_class(winners.total_value) AS value_class,
    establishments.naf_code,
    naf.label AS sector,
    establishments.size_code,
    establishments.is_employer,
    establishments.postal_code,
    establishments.region,
    establishments.city,
    establishments.created_on,
    round(date_diff('day', establishments.created_on, make_date($params.year, 12, 31)) / 365.25, 1) AS age_years
FROM winners
INNER JOIN silver.establishments AS establishments ON winners.siret = establishments.siret
LEFT JOIN silver.codes_naf AS naf ON establishments.naf_code = naf.code
