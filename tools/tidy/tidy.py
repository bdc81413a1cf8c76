#!/usr/bin/env python3
"""Checks what the compiler does not: module dependencies, dead files, names, stray text.

usage: tidy.py [--report] [ROOT]

Prints one line per finding, FILE:LINE: what is wrong, and exits 1 when there is one.
--report adds the ten longest files and functions: to look at, never a failure.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import rules

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", nargs="?", default=Path(__file__).resolve().parents[2], type=Path)
    parser.add_argument("--report", action="store_true", help="show the longest files, functions")
    options = parser.parse_args(arguments)

    files = list_files(options.root)
    findings = check(options.root, files)
    for finding in findings:
        print(finding)
    if options.report:
        report_longest(options.root, files)
    print(f"tidy: {len(files)} files, {len(findings)} findings")
    return 1 if findings else 0


def check(root, files):
    """All findings in the files (paths relative to root), each 'FILE:LINE: what is wrong'."""
    findings = []
    for name in files:
        findings += check_name(name)
        text = (root / name).read_text(encoding="utf-8", errors="replace")
        if re.search(rules.TEXT, name):
            findings += check_text(name, text.split("\n"))
        if re.search(rules.CPP, name):
            findings += check_includes(name, text.split("\n"))
            findings += check_pragma(name, text)
    return findings + dead_files(root, files)


def list_files(root):
    """Every file of the repository: tracked, or new and not ignored."""
    if (root / ".git").exists():
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        # The folder may belong to somebody else than the one who runs the tests.
        command[1:1] = ["-c", f"safe.directory={root}"]
        listed = subprocess.run(command, cwd=root, check=True, capture_output=True).stdout
        names = sorted(set(listed.decode().split("\0")) - {""})
    else:
        names = sorted(str(path.relative_to(root)) for path in root.rglob("*"))
    return [name for name in names if (root / name).is_file()]


def check_name(name):
    for part in Path(name).parts:
        stem = part.split(".")[0]
        if re.search(rules.BANNED_NAMES, stem):
            return [f"{name}:1: '{stem}' says nothing: name what it is"]
    return []


def check_text(name, lines):
    findings = []
    formatted = True
    for number, line in enumerate(lines, 1):
        if "// clang-format o" in line:
            formatted = "clang-format on" in line
        for message, pattern, names in rules.FORBIDDEN_TEXT:
            if re.search(names, name) and re.search(pattern, line):
                findings.append(f"{name}:{number}: {message}")
        wide = formatted and len(line) > rules.WIDTH and 'R"' not in line  # Raw text is data.
        if wide and re.search(rules.WIDTH_FILES, name):
            findings.append(f"{name}:{number}: {len(line)} columns, {rules.WIDTH} are allowed")
    return findings


def check_pragma(name, text):
    if name.endswith(".hpp") and "#pragma once" not in text:
        return [f"{name}:1: a header without #pragma once"]
    return []


def check_includes(name, lines):
    findings = []
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        wrong = wrong_include(name, found.group(2), found.group(1) == '"')
        if wrong:
            findings.append(f"{name}:{number}: {wrong}")
    return findings


def wrong_include(name, header, quoted):
    """Why the file may not include the header, or None."""
    for start, folders in rules.THIRD_PARTY.items():
        if header.startswith(start) and not (quoted and header.split("/")[0] in rules.MODULES):
            # What spans modules may look behind them, but not into the engine.
            behind = name.startswith("tests/") and not header.startswith("duckdb")
            if behind or any(name.startswith(folder) for folder in folders):
                return None
            return f"<{header}> stops at {' and '.join(folders)}"
    if not quoted:
        standard = re.fullmatch(r"[a-z0-9_]+", header)
        if standard or re.fullmatch(rules.SYSTEM_HEADERS, header):
            return None
        return f"<{header}> is in no table of tools/tidy/rules.py"

    module = header.split("/")[0]
    parts = name.split("/")
    own = parts[1] if parts[0] == "src" else None
    if header.startswith(".") or "/../" in header:
        return f'"{header}": includes are paths from src/'
    # A micro benchmark measures one part alone, which may be an internal one.
    if header.endswith("_internal.hpp") and module != own and not name.startswith("bench/micro/"):
        return f'"{header}" is internal to src/{module}'
    if own is None:
        return None
    if module not in rules.MODULES:
        return f'"{header}": includes are paths from src/ and begin with a module'
    if own not in rules.MODULES:
        return f"module '{own}' is in no table of tools/tidy/rules.py"
    if module != own and module not in rules.MODULES[own]:
        allowed = ", ".join(rules.MODULES[own]) or "nothing"
        return f"module '{own}' may not use '{module}' (it may use {allowed})"
    return None


def dead_files(root, files):
    """C++ files that no CMakeLists.txt at or above them names, and that no other file includes."""
    live = set()
    for name in files:
        if Path(name).name == "CMakeLists.txt":
            text = re.sub(r"#.*", "", (root / name).read_text(encoding="utf-8"))
            folder = Path(name).parent
            live |= {str(folder / word) for word in re.findall(r"[\w./-]+\.[ch]pp\b", text)}
        elif re.search(rules.CPP, name):
            text = (root / name).read_text(encoding="utf-8", errors="replace")
            included = set(re.findall(r'^\s*#\s*include\s*"([^"]+)"', text, re.MULTILINE))
            folder = Path(name).parent
            live |= {"src/" + header for header in included}
            live |= {str(folder / header) for header in included}
    return [
        f"{name}:1: no CMakeLists.txt names this file and no other file includes it"
        for name in files
        if re.search(rules.CPP, name) and name not in live
    ]


def report_longest(root, files):
    lengths, functions = [], []
    for name in files:
        if re.search(rules.CPP, name):
            lines = (root / name).read_text(encoding="utf-8", errors="replace").split("\n")
            lengths.append((len(lines) - 1, name))
            if not name.endswith("_test.cpp"):
                functions += function_lengths(name, lines)
    for title, found in (("files", lengths), ("functions", functions)):
        print(f"Longest {title}:")
        for length, name in sorted(found, reverse=True)[:10]:
            print(f"  {length:5}  {name}")


def function_lengths(name, lines):
    """Functions at the left margin, as clang-format leaves them: from the head to the next '}'."""
    found, start = [], None
    for number, line in enumerate(lines, 1):
        if line.startswith("}"):
            if start:
                found.append((number - start + 1, f"{name}:{start}"))
            start = None
        elif re.match(r"[A-Za-z][^;]*\([^;]*$", line):
            start = number
        elif re.match(r"(class|struct|enum|namespace)\b", line):
            start = None
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
