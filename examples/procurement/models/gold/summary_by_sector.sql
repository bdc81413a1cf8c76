/* ---
description: Active companies with contracts, by sector of activity.
kind: table
key: [naf_code]
columns:
  naf_code: {type: varchar, checks: [not_null], description: "unknown for companies without an activity of NAFRev2"}
  sector: {type: varchar}
  companies: {type: bigint, checks: [{range: [1, 10000000]}]}
  contracts: {type: bigint}
  total_value: {type: "decimal(38,2)", checks: [not_null]}
  mean_of_means: {type: double, description: Mean of the average contract of each company}
checks:
  - {unique: [naf_code]}
tests:
  - name: companies of a sector add up
    given:
      gold.active_companies:
        - {siret: "1", naf_code: 01.11Z, sector: Céréales, contract_count: 2, total_value: 30, average_value: 15}
        - {siret: "2", naf_code: 01.11Z, sector: Céréales, contract_count: 1, total_value: 5, average_value: 5}
    expect: [{naf_code: 01.11Z, sector: Céréales, companies: 2, contracts: 3, total_value: 35, mean_of_means: 10}]
--- */
SELECT
    coalesce(naf_code, 'unknown') AS naf_code,
    any_value(sector) AS sector,
    count(*) AS companies,
    sum(contract_count)::BIGINT AS contracts,
    sum(total_value) AS total_value,
    round(avg(average_value), 2) AS mean_of_means
FROM gold.active_companies
GROUP BY coalesce(naf_code, 'unknown')
