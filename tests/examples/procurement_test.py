"""examples/procurement: the cases C1 to C23 that are about data, and the figures of the real files. A test is named by its case."""

import json
import os
import re
import unittest

from example_case import ROOT, ExampleCase, main

NAF = "\ufeffCode; Intitulés de la  NAF rév. 2, version finale \r\n"


def contract(number, winners=(), **changes):
    """A contract of 2022 over 1,000 euros; a winner is a SIRET, as text or as a number."""
    made = {
        "id": f"2022M{number}",
        "acheteur": {"id": "21630300000015", "nom": "Commune de L'ISLE"},
        "nature": "Marché",
        "objet": "Travaux",
        "codeCPV": "45000000-7",
        "procedure": "Procédure adaptée",
        "lieuExecution": {"code": "63300", "typeCode": "Code postal", "nom": "Thiers"},
        "dureeMois": "12",
        "dateNotification": "2022-01-03",
        "montant": "1000.0000",
        "titulaires": [{"typeIdentifiant": "SIRET", "id": who, "denominationSociale": f"Société {who}"} for who in winners],
        "modifications": [],
    }
    made.update(changes)
    return {key: value for key, value in made.items() if value is not None}


def register(establishments):
    """The register as CSV with all its columns, most of them empty."""
    with open(os.path.join(ROOT, "examples/procurement/sources/etablissements.yml"), encoding="utf-8") as file:
        columns = re.findall(r"^  (\w+): varchar$", file.read(), re.M)
    lines = [",".join(columns)]
    for siret, state, code in establishments:
        values = {
            "siren": siret[:9],
            "siret": siret,
            "etatAdministratifEtablissement": state,
            "codePostalEtablissement": "63300",
            "activitePrincipaleEtablissement": code,
            "nomenclatureActivitePrincipaleEtablissement": "NAFRev2",
        }
        lines.append(",".join(values.get(column, "") for column in columns))
    return "\n".join(lines) + "\n"


class Procurement(ExampleCase):
    project = "procurement"

    def files(self, contracts, establishments=(), naf=(("01.11Z", "Culture de céréales"), ("72.20Z", "Recherche"))):
        """Contracts as dicts; establishments as (siret, state, NAF code)."""
        self.params["marches"] = self.write("marches.json", json.dumps({"marches": contracts}, ensure_ascii=False))
        self.params["etablissements"] = self.write("etablissements.csv", register(establishments))
        self.params["naf"] = self.write("naf.csv", NAF + "".join(f"{code};{label}\r\n" for code, label in naf))

    def company(self, number):
        return f"{100000000 + number}{number:05}"

    def run_files(self, contracts, establishments=()):
        filler = [contract(f"F{n}", [self.company(900 + n)]) for n in range(2)]
        open_filler = [(self.company(900 + n), "A", "01.11Z") for n in range(2)]
        self.files(contracts + filler, list(establishments) + open_filler)
        return self.run_ok()

    def generated(self):
        folder = os.path.join(self.work, "sample")
        status, _, text = self.command("datagen", "procurement", "--seed", "1", "--out", folder)
        self.assertEqual(status, 0, text)
        for param, name in (("marches", "marches.json"), ("etablissements", "etablissements.csv"), ("naf", "naf.csv")):
            self.params[param] = os.path.join(folder, name)

    def real(self):
        folder = self.real_data("procurement")
        self.params["marches"] = os.path.join(folder, "marches_publics_2022_bronze.parquet")
        self.params["etablissements"] = os.path.join(folder, "SIMULATED_etablissements_actifs_silver.parquet")
        self.params["naf"] = os.path.join(folder, "int_courts_naf_rev_2.csv")
        self.run_ok()

    def test_c1_a_file_that_is_not_there_is_named(self):
        self.generated()
        os.remove(self.params["naf"])
        self.assertIn("naf.csv", self.run_fails())

    def test_c2_every_contract_of_the_nested_json_is_a_row(self):
        self.generated()
        self.run_ok()
        with open(self.params["marches"], encoding="utf-8") as file:
            count = len(json.load(file)["marches"])
        self.assertEqual(self.number("select count(*) from bronze.marches"), count)
        published = self.number("select count(*) from silver.contracts")
        self.assertEqual(published + len(self.quarantined("silver_contracts")), count)

    def test_c2_a_file_that_shrank_to_one_row_fails_the_volume_check(self):
        self.files([contract(1, [self.company(1)])], [(self.company(1), "A", "01.11Z")])
        self.run_fails()

    def test_c3_the_nomenclature_is_read_whatever_its_header_looks_like(self):
        self.run_files([])
        self.assertEqual(self.value("select label from silver.codes_naf where code = '01.11Z'"), "Culture de céréales")

    def test_c13_three_spellings_of_a_date_are_one_day(self):
        dates = ["2022-01-03+01:00", "2022-01-03", "2022-01-03-04:00"]
        bad = [contract(8, [self.company(1)], dateNotification=None), contract(9, [self.company(1)], dateNotification="nan")]
        self.run_files([contract(n, [self.company(1)], dateNotification=date) for n, date in enumerate(dates)] + bad)
        found = self.rows("select notification_date::varchar as day, notification_month from silver.contracts where contract_id like '2022M_'")
        self.assertEqual(found, [{"day": "2022-01-03", "notification_month": "1"}] * 3)
        self.assertEqual({row["reason"] for row in self.quarantined("silver_contracts")}, {"NO_NOTIFICATION_DATE"})

    def test_c15_a_number_and_a_text_are_one_company_and_nine_digits_are_none(self):
        self.run_files([contract(1, [50242454200020]), contract(2, ["50242454200020"]), contract(3, ["327259099"])], [("50242454200020", "A", "72.20Z")])
        self.assertEqual(self.number("select contract_count from gold.active_companies where siret = '50242454200020'"), 2)
        self.assertEqual([row["reason"] for row in self.quarantined("silver_contract_winners")], ["BAD_SIRET"])

    def test_c15_a_number_gets_its_leading_zeros_back(self):
        self.run_files([contract(1, [658019500011])], [("00658019500011", "A", "01.11Z")])
        self.assertEqual(self.number("select count(*) from gold.active_companies where siret = '00658019500011'"), 1)

    def test_c16_classes_change_at_their_boundaries(self):
        counts = {10: "Gros contractant", 9: "Contractant régulier", 5: "Contractant régulier", 4: "Contractant occasionnel",
                  2: "Contractant occasionnel", 1: "Contractant unique"}  # fmt: skip
        amounts = {"1000000.00": "Plus de 1M€", "999999.99": "100K€ - 1M€", "10000": "10K€ - 100K€", "9999.99": "Moins de 10K€"}
        contracts, establishments, expected = [], [], {}
        for count, name in counts.items():
            siret = self.company(count)
            contracts += [contract(f"{count}-{n}", [siret]) for n in range(count)]
            expected[siret] = ("volume_class", name)
        for index, (amount, name) in enumerate(amounts.items()):
            siret = self.company(100 + index)
            contracts.append(contract(f"A{index}", [siret], montant=amount))
            expected[siret] = ("value_class", name)
        establishments = [(siret, "A", "01.11Z") for siret in expected]
        self.run_files(contracts, establishments)
        found = {row["siret"]: row for row in self.rows("select siret, volume_class, value_class from gold.active_companies")}
        for siret, (column, name) in expected.items():
            self.assertEqual(found[siret][column], name, siret)

    def test_c16_an_absent_amount_counts_as_nothing_and_is_flagged(self):
        self.run_files([contract(1, [self.company(1)], montant=None)], [(self.company(1), "A", "01.11Z")])
        (row,) = self.rows(f"select total_value, unusable_amounts from gold.active_companies where siret = '{self.company(1)}'")
        self.assertEqual((float(row["total_value"]), row["unusable_amounts"]), (0.0, "1"))

    def test_c18_only_open_establishments_and_an_unknown_code_keeps_its_row(self):
        states = {1: "A", 2: "F", 3: ""}
        self.run_files(
            [contract(n, [self.company(n)]) for n in states],
            [(self.company(n), state, "99.99X" if n == 1 else "72.20Z") for n, state in states.items()],
        )
        found = self.rows("select siret, sector from gold.active_companies where siret < '1000009'")
        self.assertEqual(found, [{"siret": self.company(1), "sector": ""}])
        self.assertEqual(sorted(row["reason"] for row in self.quarantined("silver_establishments")), ["CLOSED", "NO_STATE"])

    def test_c19_running_again_changes_nothing_and_a_tenth_of_the_rows_is_refused(self):
        self.generated()
        self.run_ok()
        versions, companies = self.versions(), self.number("select count(*) from gold.active_companies")
        self.run_ok()
        self.assertEqual(self.versions(), versions)
        with open(self.params["marches"], encoding="utf-8") as file:
            contracts = json.load(file)["marches"]
        self.params["marches"] = self.write("few.json", json.dumps({"marches": contracts[: len(contracts) // 20]}))
        self.run_fails()
        self.assertEqual(self.number("select count(*) from gold.active_companies"), companies)

    def test_c22_a_joint_contract_is_credited_in_full_and_shared_beside(self):
        companies = [self.company(n) for n in (1, 2, 3)]
        self.run_files([contract(1, companies, montant="90000")], [(siret, "A", "01.11Z") for siret in companies])
        found = self.rows("select total_value, total_share from gold.active_companies where siret < '1000009'")
        self.assertEqual([(float(r["total_value"]), float(r["total_share"])) for r in found], [(90000, 30000)] * 3)

    def test_c23_a_sentinel_is_counted_and_not_summed(self):
        self.run_files(
            [contract(1, [self.company(1)], montant="99999999999.9900"), contract(2, [self.company(1)], montant=50)],
            [(self.company(1), "A", "01.11Z")],
        )
        (row,) = self.rows(f"select total_value, unusable_amounts from gold.active_companies where siret = '{self.company(1)}'")
        self.assertEqual((float(row["total_value"]), row["unusable_amounts"]), (50.0, "1"))

    def test_c7_c8_c9_figures_of_the_real_files(self):
        self.real()
        self.assertEqual(self.number("select count(*) from bronze.marches"), 8974)
        self.assertEqual(self.number("select count(*) from silver.contracts where notification_year = 2022"), 6207)
        winners = self.rows(
            "select count(*) as pairs, count(distinct identifier) as ids, count(siret) as siret_pairs, "
            "count(distinct siret) as companies from silver.contract_winners where notification_year = 2022"
        )
        self.assertEqual(winners, [{"pairs": "6763", "ids": "4044", "siret_pairs": "6715", "companies": "4001"}])
        active = self.rows(
            "select count(*) as companies, sum(contract_count) as pairs, sum(total_value) as total, "
            "count(distinct naf_code) as sectors, count(distinct region) as regions from gold.active_companies"
        )
        self.assertEqual(active, [{"companies": "116", "pairs": "216", "total": "113756360.31", "sectors": "59", "regions": "54"}])

    def test_c3_c14_c18_labels_and_names_of_the_real_files(self):
        self.real()
        self.assertEqual(self.number("select count(*) from silver.codes_naf"), 1728)
        self.assertEqual(self.number("select count(*) from silver.codes_naf where level = 'subclass'"), 732)
        self.assertEqual(
            self.value("select label from silver.codes_naf where code = '72.20Z'"),
            "Recherche-développement en sciences humaines et sociales",
        )
        names = self.rows("select winner_name from silver.contract_winners where contract_id = '20222021M028800' order by position")
        self.assertEqual([row["winner_name"] for row in names], ["SOLIHA PARIS-HAUTS DE SEINE-VAL D'OISE", "COULEURS D'AVENIR"])

    def test_procurement_unit_tests_of_the_models_pass(self):
        status, _, text = self.command("test")
        self.assertEqual(status, 0, text)


if __name__ == "__main__":
    unittest.installHandler()
    main()
