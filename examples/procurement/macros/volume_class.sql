CREATE MACRO volume_class(contracts) AS
    CASE WHEN contracts >= 10 THEN 'Gros contractant'
         WHEN contracts >= 5 THEN 'Contractant régulier'
         WHEN contracts >= 2 THEN 'Contractant occasionnel'
         ELSE 'Contractant unique' END
