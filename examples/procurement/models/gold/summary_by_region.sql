/* ---
description: Active companies with contracts, by the first two digits of the postal code.
kind: table
key: [region]
columns:
  region: {type: varchar}
  companies: {type: bigint, checks: [{range: [1, 10000000]}]}
  contracts: {type: bigint}
  total_value: {type: "decimal(38,2)", checks: [not_null]}
  total_share: {type: "decimal(38,2)", description: "Without exact copies, joint contracts shared"}
checks:
  - {unique: [region]}
tests:
  - name: one row per region
    given:
      gold.active_companies:
        - {siret: "1", region: "02", contract_count: 2, total_value: 30, total_share: 10}
        - {siret: "2", region: "75", contract_count: 1, total_value: 5, total_share: 5}
    expect:
      - {region: "02", companies: 1, contracts: 2, total_value: 30, total_share: 10}
      - {region: "75", companies: 1, contracts: 1, total_value: 5, total_share: 5}
--- */
SELECT
    region,
    count(*) AS companies,
    sum(contract_count)::BIGINT AS contracts,
    sum(total_value) AS total_value,
    sum(total_share) AS total_share
FROM gold.active_companies
GROUP BY region
