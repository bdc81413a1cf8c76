/* ---
description: Concessions, which name a conceding authority and concession holders instead of a buyer and winners.
kind: view
columns:
  contract_id: {type: varchar}
  nature: {type: varchar}
  object: {type: varchar}
  authority_id: {type: varchar}
  authority_name: {type: varchar}
  signature_date: {type: date}
  execution_start: {type: date}
  total_value: {type: "decimal(18,2)"}
  public_subsidy: {type: "decimal(18,2)"}
  holders: {type: varchar, description: The holders as JSON}
tests:
  - name: only concessions
    given:
      bronze.marches:
        - {id: a, _type: Contrat de concession, dateSignature: "2022-01-03", autoriteConcedante: "{'id': 79223746300015, 'nom': \"L'ECOLE\"}"}
        - {id: b, _type: Marché}
    expect: [{contract_id: a, signature_date: 2022-01-03, authority_name: L'ECOLE}]
--- */
SELECT
    published_text(id) AS contract_id,
    upper(strip_accents(published_text(nature))) AS nature,
    published_text(objet) AS object,
    python_literal(published_text(autoriteConcedante)) ->> 'id' AS authority_id,
    python_literal(published_text(autoriteConcedante)) ->> 'nom' AS authority_name,
    calendar_day(dateSignature) AS signature_date,
    calendar_day(dateDebutExecution) AS execution_start,
    try_cast(published_text(valeurGlobale) AS DECIMAL(18, 2)) AS total_value,
    try_cast(published_text(montantSubventionPublique) AS DECIMAL(18, 2)) AS public_subsidy,
    python_literal(published_text(concessionnaires)) AS holders
FROM bronze.marches
WHERE published_text(_type) = 'Contrat de concession'
