/* ---
description: One row per contract and winner. A joint contract credits its full amount to each winner; `amount_share` sums to the amount once.
kind: table
key: [contract_key, copy, position]
reject:
  - {reason: NO_IDENTIFIER, when: "identifier is null"}
  - {reason: BAD_SIRET, when: "identifier_type = 'SIRET' and siret is null"}
columns:
  contract_key: {type: varchar, checks: [not_null, {relationships: {to: silver.contracts, column: contract_key}}]}
  copy: {type: bigint, checks: [not_null]}
  position: {type: bigint, description: Place of the winner in the published list, checks: [not_null]}
  contract_id: {type: varchar}
  notification_date: {type: date, checks: [not_null]}
  notification_year: {type: bigint}
  buyer_id: {type: varchar}
  cpv_code: {type: varchar}
  nature: {type: varchar}
  place_code: {type: varchar}
  identifier_type: {type: varchar, description: "SIRET, TVA, UE, HORS-UE, ..."}
  identifier: {type: varchar, description: "As published, blanks removed; a SIRET as 14 digits", checks: [not_null]}
  siret: {type: varchar, description: "14 digits; null for other kinds of identifiers", checks: [{regex: "[0-9]{14}"}]}
  winner_name: {type: varchar}
  winner_count: {type: bigint, checks: [{range: [1, 1000]}]}
  amount: {type: "decimal(18,2)", description: Full amount of the contract, checks: [not_null]}
  amount_share: {type: "decimal(18,2)", description: "Equal part of the amount; the first winner takes the cents that do not divide", checks: [not_null]}
  amount_flag: {type: varchar}
checks:
  - {unique: [contract_key, copy, position]}
tests:
  - name: a name with an apostrophe and a name with quotes are both winners
    given:
      silver.contracts:
        - contract_key: k
          copy: 1
          contract_id: a
          amount: 100
          winner_count: 2
          winners: '[{"typeIdentifiant":"SIRET","id":"50242454200020","denominationSociale":"VAL D''OISE"},{"typeIdentifiant":"SIRET","id":50242454200020,"denominationSociale":"A \"B\""}]'
    expect:
      - {contract_id: a, position: 1, siret: "50242454200020", winner_name: "VAL D'OISE"}
      - {contract_id: a, position: 2, siret: "50242454200020", winner_name: 'A "B"'}
  - name: nine digits are no SIRET
    given:
      silver.contracts:
        - {contract_key: k, copy: 1, amount: 1, winner_count: 1, winners: '[{"typeIdentifiant":"SIRET","id":"327259099"}]'}
    expect: []
    rejected: [{_reject_reason: BAD_SIRET, identifier: "327259099"}]
  - name: a number that lost its leading zeros is the same company
    given:
      silver.contracts:
        - {contract_key: k, copy: 1, amount: 1, winner_count: 1, winners: '[{"typeIdentifiant":"SIRET","id":658019500011}]'}
    expect: [{siret: "00658019500011", identifier: "00658019500011"}]
  - name: the shares of a joint contract sum to its amount
    given:
      silver.contracts:
        - {contract_key: k, copy: 1, contract_id: a, amount: 90000, winner_count: 3, winners: '[{"id":"1"},{"id":"2"},{"id":"3"}]'}
        - {contract_key: l, copy: 1, contract_id: b, amount: 100, winner_count: 3, winners: '[{"id":"1"},{"id":"2"},{"id":"3"}]'}
    expect:
      - {contract_id: a, position: 1, amount: 90000, amount_share: 30000}
      - {contract_id: a, position: 2, amount: 90000, amount_share: 30000}
      - {contract_id: a, position: 3, amount: 90000, amount_share: 30000}
      - {contract_id: b, position: 1, amount: 100, amount_share: 33.34}
      - {contract_id: b, position: 2, amount: 100, amount_share: 33.33}
      - {contract_id: b, position: 3, amount: 100, amount_share: 33.33}
--- */
WITH listed AS (
    SELECT
        *,
        from_json(winners, '[{"typeIdentifiant": "VARCHAR", "id": "VARCHAR", "denominationSociale": "VARCHAR"}]') AS winner_list
    FROM silver.contracts
),

numbered AS (
    SELECT
        *,
        unnest(winner_list) AS winner,
        generate_subscripts(winner_list, 1) AS position,
        trunc(amount / winner_count, 2)::DECIMAL(18, 2) AS equal_share
    FROM listed
)

SELECT
    contract_key,
    copy,
    position,
    contract_id,
    notification_date,
    notification_year,
    buyer_id,
    cpv_code,
    nature,
    place_code,
    replace(upper(trim(winner.typeIdentifiant)), '_', '-') AS identifier_type,
    CASE WHEN upper(trim(winner.typeIdentifiant)) = 'SIRET'
         THEN coalesce(normalized_siret(winner.id), published_text(winner.id))
         ELSE published_text(winner.id) END AS identifier,
    CASE WHEN upper(trim(winner.typeIdentifiant)) = 'SIRET' THEN normalized_siret(winner.id) END AS siret,
    trim(winner.denominationSociale) AS winner_name,
    winner_count,
    amount,
    CASE WHEN position = 1 THEN (amount - equal_share * (winner_count - 1))::DECIMAL(18, 2) ELSE equal_share END AS amount_share,
    amount_flag
FROM numbered
