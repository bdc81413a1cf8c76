"""A run takes the same memory for four times the input."""

import json
import os
import unittest

from project_case import ProjectCase, event, main

ROWS_A_FILE = 40_000


class Memory(ProjectCase):
    def write_inputs(self, hours, rows_an_hour):
        """Row by row: what this process takes would count as the program's, which is forked from it."""
        for hour in range(hours):
            with open(self.write_hour(hour, []), "w", encoding="utf-8") as file:
                for number in range(rows_an_hour):
                    row = event(hour, number, id=hour * 1_000_000 + number, who=f"person {number % 5000} " + "x" * 400)
                    file.write(json.dumps(row) + "\n")

    def peak_of_run(self):
        """Largest resident memory, in KiB, of a run of everything."""
        process = self.start("run", "--window", "2020-05-01T00..2020-05-02T00")
        text = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        process.stderr.close()
        self.assertEqual(process.returncode, 0, text)
        return usage.ru_maxrss

    def peaks(self, sizes):
        found = []
        self.change("project.yml", "defaults:", "engine: {threads: 2, memory: 256MB}\ndefaults:")
        for hours, rows in sizes:
            self.write_inputs(hours, rows)
            found.append(self.peak_of_run())
            self.assertEqual(int(self.value("select sum(events) from gold.totals")), hours * rows)
            os.rename(self.lake, f"{self.lake}.{len(found)}")
        return found

    def test_peak_memory_is_flat_when_there_are_four_times_as_many_files(self):
        one, four = self.peaks([(2, ROWS_A_FILE), (8, ROWS_A_FILE)])
        self.assertLess(four, one * 1.25, f"{one} KiB for one, {four} KiB for four times the input")

    def test_peak_memory_is_flat_when_a_file_is_four_times_as_large(self):
        one, four = self.peaks([(1, 2 * ROWS_A_FILE), (1, 8 * ROWS_A_FILE)])
        self.assertLess(four, one * 1.25, f"{one} KiB for one, {four} KiB for four times the input")


if __name__ == "__main__":
    unittest.installHandler()
    main()
