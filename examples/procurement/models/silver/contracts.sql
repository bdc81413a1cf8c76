/* ---
description: >
  One row per published contract, typed. A contract that was published several times in exactly the same words keeps all
  its rows, numbered by `copy`, so that figures with and without the copies can be told apart.
kind: table
key: [contract_key, copy]
reject:
  - {reason: CONCESSION, when: "contract_type = 'Contrat de concession'"}
  - {reason: NO_NOTIFICATION_DATE, when: "notification_date_text is null"}
  - {reason: BAD_NOTIFICATION_DATE, when: "notification_date is null"}
  - {reason: NO_WINNERS, when: "winners_text is null"}
  - {reason: UNREADABLE_WINNERS, when: "winners is null"}
  - {reason: NO_CONTRACT_ID, when: "contract_id is null"}
warn:
  - {reason: SENTINEL_AMOUNT, when: "amount_flag = 'SENTINEL'"}
  - {reason: NO_AMOUNT, when: "amount_flag in ('MISSING', 'UNREADABLE')"}
columns:
  contract_key: {type: varchar, description: Hash of everything that was published about the contract, checks: [not_null]}
  copy: {type: bigint, description: "1 for the first row with these words, 2 and more for exact copies", checks: [not_null]}
  contract_id: {type: varchar, description: "As published, not unique", checks: [not_null]}
  contract_uid: {type: varchar}
  contract_type: {type: varchar}
  nature: {type: varchar, description: "One spelling for each kind: MARCHE, ACCORD-CADRE, ..."}
  buyer_id: {type: varchar}
  buyer_name: {type: varchar}
  object: {type: varchar}
  cpv_code: {type: varchar, description: "Eight digits, without the check digit"}
  procedure: {type: varchar}
  place_code: {type: varchar}
  place_type: {type: varchar}
  place_name: {type: varchar}
  duration_months: {type: integer}
  notification_date_text: {type: varchar, description: As published}
  notification_date: {type: date, description: "The day as written, whatever the offset", checks: [not_null]}
  notification_year: {type: bigint, checks: [{range: [1990, 2100]}]}
  notification_month: {type: bigint, checks: [{range: [1, 12]}]}
  publication_date: {type: date}
  amount: {type: "decimal(18,2)", description: "0 when there is no usable amount, see amount_flag", checks: [not_null, {range: [0, 10000000000]}]}
  amount_flag: {type: varchar, description: "Null, or why the amount is 0", checks: [{accepted: [MISSING, UNREADABLE, SENTINEL]}]}
  price_form: {type: varchar}
  winners_text: {type: varchar, description: As published}
  winners: {type: varchar, description: The winners as JSON}
  winner_count: {type: bigint}
  modification_count: {type: bigint}
checks:
  - {unique: [contract_key, copy]}
  - {row_count: {min: 2, max_drop: 90%}}
tests:
  - name: three spellings of a date are one day
    given:
      bronze.marches:
        - {id: a, dateNotification: "2022-01-03+01:00", titulaires: "[]", montant: "1.0"}
        - {id: b, dateNotification: "2022-01-03", titulaires: "[]", montant: "1.0"}
        - {id: c, dateNotification: "2022-01-03-04:00", titulaires: "[]", montant: "1.0"}
    expect:
      - {contract_id: a, notification_date: 2022-01-03, notification_year: 2022, notification_month: 1}
      - {contract_id: b, notification_date: 2022-01-03, notification_year: 2022, notification_month: 1}
      - {contract_id: c, notification_date: 2022-01-03, notification_year: 2022, notification_month: 1}
  - name: a contract without a usable date is rejected
    given:
      bronze.marches:
        - {id: a, dateNotification: nan, titulaires: "[]"}
        - {id: b, titulaires: "[]"}
        - {id: c, dateNotification: "2022-02-30", titulaires: "[]"}
        - {id: d, _type: Contrat de concession, titulaires: nan}
    expect: []
    rejected:
      - {_reject_reason: NO_NOTIFICATION_DATE, contract_id: a}
      - {_reject_reason: NO_NOTIFICATION_DATE, contract_id: b}
      - {_reject_reason: BAD_NOTIFICATION_DATE, contract_id: c}
      - {_reject_reason: CONCESSION, contract_id: d}
  - name: an amount that nobody meant is 0 with a flag
    given:
      bronze.marches:
        - {id: a, dateNotification: "2022-01-03", titulaires: "[]", montant: "99999999999.9900"}
        - {id: b, dateNotification: "2022-01-03", titulaires: "[]", montant: nan}
        - {id: c, dateNotification: "2022-01-03", titulaires: "[]", montant: "9.6E7"}
    expect:
      - {contract_id: a, amount: 0, amount_flag: SENTINEL}
      - {contract_id: b, amount: 0, amount_flag: MISSING}
      - {contract_id: c, amount: 96000000, amount_flag: null}
  - name: exact copies are numbered
    given:
      bronze.marches:
        - {id: a, dateNotification: "2022-01-03", titulaires: "[]", montant: "5.0"}
        - {id: a, dateNotification: "2022-01-03", titulaires: "[]", montant: "5.0"}
        - {id: a, dateNotification: "2022-01-03", titulaires: "[]", montant: "6.0"}
    expect:
      - {contract_id: a, copy: 1, amount: 5}
      - {contract_id: a, copy: 2, amount: 5}
      - {contract_id: a, copy: 1, amount: 6}
--- */
WITH published AS (
    SELECT
        *,
        md5(CAST({
            'id': id, 'uid': uid, 'acheteur': acheteur, 'nature': nature, 'objet': objet, 'codeCPV': codeCPV,
            'procedure': procedure, 'lieuExecution': lieuExecution, 'dureeMois': dureeMois,
            'dateNotification': dateNotification, 'datePublicationDonnees': datePublicationDonnees,
            'montant': montant, 'formePrix': formePrix, 'titulaires': titulaires, 'modifications': modifications,
            '_type': _type, 'dateTransmissionDonneesEtalab': dateTransmissionDonneesEtalab,
            'concessionnaires': concessionnaires, 'dateDebutExecution': dateDebutExecution,
            'donneesExecution': donneesExecution, 'valeurGlobale': valeurGlobale,
            'montantSubventionPublique': montantSubventionPublique, 'autoriteConcedante': autoriteConcedante,
            'dateSignature': dateSignature
        } AS VARCHAR)) AS contract_key,
        python_literal(published_text(acheteur)) AS buyer,
        python_literal(published_text(lieuExecution)) AS place,
        python_literal(published_text(titulaires)) AS winners,
        python_literal(published_text(modifications)) AS modifications_json,
        try_cast(published_text(montant) AS DECIMAL(18, 2)) AS published_amount
    FROM bronze.marches
)

SELECT
    contract_key,
    row_number() OVER (PARTITION BY contract_key) AS copy,
    published_text(id) AS contract_id,
    published_text(uid) AS contract_uid,
    published_text(_type) AS contract_type,
    upper(strip_accents(published_text(nature))) AS nature,
    buyer ->> 'id' AS buyer_id,
    trim(buyer ->> 'nom') AS buyer_name,
    published_text(objet) AS object,
    left(published_text(codeCPV), 8) AS cpv_code,
    published_text(procedure) AS procedure,
    place ->> 'code' AS place_code,
    upper(strip_accents(place ->> 'typeCode')) AS place_type,
    trim(place ->> 'nom') AS place_name,
    try_cast(published_text(dureeMois) AS INTEGER) AS duration_months,
    published_text(dateNotification) AS notification_date_text,
    calendar_day(dateNotification) AS notification_date,
    year(calendar_day(dateNotification)) AS notification_year,
    month(calendar_day(dateNotification)) AS notification_month,
    calendar_day(datePublicationDonnees) AS publication_date,
    CASE WHEN published_amount IS NULL OR is_sentinel_amount(published_amount) THEN 0 ELSE published_amount END AS amount,
    CASE WHEN published_text(montant) IS NULL THEN 'MISSING'
         WHEN published_amount IS NULL THEN 'UNREADABLE'
         WHEN is_sentinel_amount(published_amount) THEN 'SENTINEL' END AS amount_flag,
    published_text(formePrix) AS price_form,
    published_text(titulaires) AS winners_text,
    winners,
    json_array_length(winners)::BIGINT AS winner_count,
    json_array_length(modifications_json)::BIGINT AS modification_count
FROM published
