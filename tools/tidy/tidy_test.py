#!/usr/bin/env python3
"""Each rule of tidy.py fails on a tree that breaks it and passes on one that does not."""

import tempfile
import unittest
from pathlib import Path

import tidy


def findings(tree):
    """What tidy says about a tree given as {name: text}; every C++ file is named in CMake."""
    listed = "\n".join(name for name in tree if name.endswith("pp"))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in {"CMakeLists.txt": listed, **tree}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tidy.check(root, tidy.list_files(root))


class Tidy(unittest.TestCase):
    def assert_finding(self, words, tree):
        found = findings(tree)
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_a_clean_tree_has_no_finding(self):
        tree = {
            "src/base/result.hpp": "#pragma once\n#include <string>\n",
            "src/delta/log.hpp": '#pragma once\n#include "base/result.hpp"\n',
            "src/delta/log.cpp": '#include "delta/log.hpp"\n#include <fmt/format.h>\n',
            "src/delta/log_test.cpp": '#include <gtest/gtest.h>\n#include "delta/log.hpp"\n',
            "src/engine/duckdb_compat/scan.cpp": '#include "duckdb/common/types.hpp"\n',
            "tests/e2e/run_test.cpp": '#include "engine/engine.hpp"\n#include <sys/wait.h>\n',
            "README.md": "Build with `make`.\n",
        }
        self.assertEqual(findings(tree), [])

    def test_a_module_may_not_use_one_above_it(self):
        tree = {"src/delta/log.cpp": '#include <string>\n#include "engine/engine.hpp"\n'}
        self.assert_finding("src/delta/log.cpp:2: module 'delta' may not use 'engine'", tree)

    def test_a_module_that_no_table_knows_is_refused(self):
        self.assert_finding("module 'new'", {"src/new/a.cpp": '#include "base/result.hpp"\n'})

    def test_internal_headers_stay_in_their_module(self):
        tree = {"src/engine/scan.cpp": '#include "delta/parse_internal.hpp"\n'}
        self.assert_finding("is internal to src/delta", tree)
        tree = {"tests/e2e/run_test.cpp": '#include "delta/parse_internal.hpp"\n'}
        self.assert_finding("is internal to src/delta", tree)

    def test_third_party_headers_stop_at_their_module(self):
        tree = {"src/cli/sql.cpp": '#include "duckdb.hpp"\n'}
        self.assert_finding("<duckdb.hpp> stops at src/engine/", tree)
        tree = {"src/engine/scan.cpp": "#include <duckdb/common/types.hpp>\n"}
        self.assert_finding("stops at src/engine/duckdb_compat/", tree)
        self.assert_finding("stops at src/net/", {"src/base/a.cpp": "#include <curl/curl.h>\n"})

    def test_tests_that_span_modules_may_look_behind_them(self):
        self.assertEqual(findings({"tests/conformance/a.cpp": "#include <archive.h>\n"}), [])
        self.assert_finding("stops at", {"tests/e2e/a.cpp": "#include <duckdb.hpp>\n"})

    def test_an_unknown_third_party_header_is_refused(self):
        self.assert_finding("in no table", {"src/base/a.cpp": "#include <absl/strings.h>\n"})

    def test_includes_are_paths_from_src(self):
        self.assert_finding("paths from src/", {"src/base/a.cpp": '#include "../base/b.hpp"\n'})
        self.assert_finding("begin with a module", {"src/base/a.cpp": '#include "b.hpp"\n'})

    def test_a_file_that_no_build_names_is_dead(self):
        tree = {"CMakeLists.txt": "# src/base/a.cpp\n", "src/base/a.cpp": "int a;\n"}
        self.assert_finding("src/base/a.cpp:1: no CMakeLists.txt names this file", tree)

    def test_a_header_that_is_included_is_alive(self):
        tree = {
            "CMakeLists.txt": "src/base/a.cpp\n",
            "src/base/a.cpp": '#include "base/a.hpp"\n',
            "src/base/a.hpp": "#pragma once\n",
        }
        self.assertEqual(findings(tree), [])

    def test_width_is_not_checked_where_the_layout_is_by_hand(self):
        wide = "/" * 101 + "\n"
        tree = {"src/base/a.cpp": "// clang-format off\n" + wide + "// clang-format on\n"}
        self.assertEqual(findings(tree), [])
        raw = 'auto text = R"(' + "x" * 101 + ')";\n'
        self.assertEqual(findings({"src/base/a.cpp": raw}), [])
        self.assert_finding("a.cpp:4: 101", {"src/base/a.cpp": tree["src/base/a.cpp"] + wide})

    def test_names_that_say_nothing_are_refused(self):
        for name in ("src/base/string_utils.cpp", "src/base/common.cpp", "tests/helpers/a.py"):
            self.assert_finding("says nothing", {name: "\n"})

    def test_stray_text_is_found(self):
        self.assert_finding("a.cpp:2: unfinished", {"src/base/a.cpp": "\n// TO" + "DO: x\n"})
        self.assert_finding("using name", {"src/base/a.cpp": "using name" + "space std;\n"})
        self.assert_finding("a tab", {"src/base/a.cpp": "\tint a;\n"})
        self.assert_finding("blanks at the end", {"src/base/a.cpp": "int a; \n"})
        self.assert_finding("one machine", {"README.md": "see /ro" + "ot/x\n"})
        self.assert_finding("registry", {"README.md": "from pypi" + ".org\n"})
        self.assert_finding("101 columns", {"src/base/a.cpp": "/" * 101 + "\n"})

    def test_literals_may_be_used(self):
        text = "using name" + "space std::chrono_literals;\n"
        self.assertEqual(findings({"src/base/a.cpp": text}), [])

    def test_a_header_is_included_once(self):
        self.assert_finding("#pragma once", {"src/base/a.hpp": "int a();\n"})

    def test_functions_are_measured_from_brace_to_brace(self):
        text = "namespace a {\nint f(int x) {\n    if (x) {\n        g();\n    }\n}\n}\n"
        self.assertEqual(tidy.function_lengths("a.cpp", text.split("\n")), [(5, "a.cpp:2")])


if __name__ == "__main__":
    unittest.main()
