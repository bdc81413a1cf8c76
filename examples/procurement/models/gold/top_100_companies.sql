/* ---
description: The hundred active companies with the greatest total value.
kind: table
key: [siret]
columns:
  rank: {type: bigint, checks: [not_null, {range: [1, 100]}]}
  siret: {type: varchar, checks: [not_null]}
  company_name: {type: varchar}
  contract_count: {type: bigint}
  total_value: {type: "decimal(38,2)"}
  average_value: {type: double}
  sector: {type: varchar}
  city: {type: varchar}
  volume_class: {type: varchar}
checks:
  - {unique: [siret]}
  - {unique: [rank]}
tests:
  - name: the greatest value comes first, equal values by SIRET
    given:
      gold.active_companies: [{siret: "2", total_value: 5}, {siret: "1", total_value: 5}, {siret: "3", total_value: 9}]
    expect: [{rank: 1, siret: "3"}, {rank: 2, siret: "1"}, {rank: 3, siret: "2"}]
--- */
SELECT
    row_number() OVER (ORDER BY total_value DESC, siret) AS rank,
    siret,
    company_name,
    contract_count,
    total_value,
    average_value,
    sector,
    city,
    volume_class
FROM gold.active_companies
QUALIFY rank <= 100
