-- Nine or more nines and nothing else before the decimal point: a form that had to be filled in, not an amount.
CREATE MACRO is_sentinel_amount(amount) AS
    regexp_matches(amount::VARCHAR, '^9{9,}(\.|$)')
