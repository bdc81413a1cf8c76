/* ---
description: Active companies with contracts, by the class of their number of employees.
kind: table
key: [size_code]
columns:
  size_code: {type: varchar, description: "unknown when it was not declared", checks: [not_null]}
  companies: {type: bigint, checks: [{range: [1, 10000000]}]}
  contracts: {type: bigint}
  total_value: {type: "decimal(38,2)", checks: [not_null]}
  mean_age_years: {type: double}
checks:
  - {unique: [size_code]}
tests:
  - name: ages are averaged
    given:
      gold.active_companies:
        - {siret: "1", size_code: "01", contract_count: 2, total_value: 30, age_years: 10}
        - {siret: "2", size_code: "01", contract_count: 1, total_value: 5, age_years: 20}
    expect: [{size_code: "01", companies: 2, contracts: 3, total_value: 35, mean_age_years: 15}]
--- */
SELECT
    coalesce(size_code, 'unknown') AS size_code,
    count(*) AS companies,
    sum(contract_count)::BIGINT AS contracts,
    sum(total_value) AS total_value,
    round(avg(age_years), 1) AS mean_age_years
FROM gold.active_companies
GROUP BY coalesce(size_code, 'unknown')
