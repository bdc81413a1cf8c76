CREATE MACRO value_class(amount) AS
    CASE WHEN amount >= 1000000 THEN 'Plus de 1M€'
         WHEN amount >= 100000 THEN '100K€ - 1M€'
         WHEN amount >= 10000 THEN '10K€ - 100K€'
         ELSE 'Moins de 10K€' END
