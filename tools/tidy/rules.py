"""What tidy checks, as data. ARCHITECTURE.md says why the modules may use what they may use."""

# src/<module> may include headers of itself and of these.
MODULES = {
    "base": [],
    "sql": ["base"],
    "net": ["base"],
    "keeper": ["base"],
    "sqlite": ["base"],
    "postgres": ["base"],
    "storage": ["base", "net"],
    "format": ["base"],
    "delta": ["base", "storage", "format"],
    "project": ["base", "sql"],
    "engine": ["base", "sql", "storage", "format", "delta"],
    "quality": ["base", "sql", "project"],
    "publish": ["base", "sql", "storage", "delta", "engine", "quality", "project"],
    "ingest": ["base", "net", "storage", "format", "delta", "engine", "publish", "project"],
    "datagen": ["base", "format"],
    "orchestrator": ["base", "sqlite", "project"],
    "task": [
        "base", "sql", "net", "storage", "format", "delta", "project", "engine", "quality",
        "publish", "ingest", "datagen", "orchestrator", "postgres", "keeper",
    ],
    "service": [
        "base", "net", "storage", "delta", "project", "engine", "publish", "orchestrator", "task",
        "notify", "telemetry",
    ],
    "notify": ["base", "net", "project", "orchestrator"],
    "telemetry": ["base", "project", "orchestrator"],
    "server": [
        "base", "sqlite", "storage", "format", "delta", "project", "engine", "quality",
        "publish", "orchestrator", "notify", "task", "telemetry", "service",
    ],
    "cli": [
        "base", "sql", "net", "storage", "format", "delta", "project", "engine", "quality",
        "publish", "ingest", "datagen", "orchestrator", "notify", "server", "task", "telemetry", "service",
    ],
}

# Third-party headers by the start of their name, and the folders that may include them.
# Whatever is not the standard library, the system or in this table is refused.
EVERYWHERE = [""]
THIRD_PARTY = {
    "duckdb.hpp": ["src/engine/"],
    # quality tests the SQL that it makes without depending on the module that runs it.
    "duckdb.h": ["src/engine/", "src/quality/test_database.cpp"],
    "duckdb_pin.hpp": ["src/engine/"],
    "duckdb/": ["src/engine/duckdb_compat/"],
    "yaml-cpp/": ["src/project/"],
    "simdjson.h": ["src/format/", "src/delta/"],
    "isa-l": ["src/format/"],
    "archive": ["src/format/"],
    "zlib.h": ["src/base/", "src/datagen/", "src/format/"],
    "zstd.h": ["src/format/"],
    "nanoarrow/": ["src/format/"],
    "curl/": ["src/net/"],
    "openssl/": ["src/base/", "src/net/", "src/delta/", "src/server/"],
    "boost/": ["src/server/"],
    "sodium.h": ["src/server/"],
    "xxhash.h": ["src/base/"],
    "roaring/": ["src/delta/"],
    "CLI/": ["src/cli/", "apps/"],
    "sqlite3.h": ["src/sqlite/"],
    "libpq-fe.h": ["src/postgres/"],
    "date/": ["src/base/"],
    "spdlog/": ["src/base/"],
    "fmt/": EVERYWHERE,
    "nlohmann/": EVERYWHERE,
    "gtest/": EVERYWHERE,
    "gmock/": EVERYWHERE,
    "benchmark/": ["bench/"],
}

# Headers of the system that C++ has no name for.
SYSTEM_HEADERS = (
    r"(sys|netinet|arpa|linux)/\w+\.h"
    r"|(unistd|fcntl|poll|pthread|signal|netdb|spawn|dlfcn|dirent|strings|termios|pwd|fnmatch|glob|malloc|sched)\.h"
)

# Names that say nothing: a folder or file called so is not understood yet.
BANNED_NAMES = r"(^|_)(utils?|common|helpers?|misc|stuff)(_|$)"

# Text that must not be in the repository: (what to say, pattern, file name pattern).
CODE = r"\.(cpp|hpp|py|sh|cmake|sql|yml|yaml|json)$|CMakeLists\.txt$|Makefile$"
CPP = r"\.(cpp|hpp)$"
TEXT = CODE + r"|\.(md|txt)$"
FORBIDDEN_TEXT = [
    ("unfinished work: do it or file it", r"\b(TO[D]O|FIX[M]E|XX[X])\b", CODE),
    (
        "'using namespace' (only the standard literals may)",
        r"^\s*using name[s]pace (?!std::(\w+::)*\w*literals\b)",
        CPP,
    ),
    ("a tab", r"\t", r"\.(cpp|hpp|py|sh|cmake|sql|yml|yaml)$|CMakeLists\.txt$"),
    ("blanks at the end of the line", r"[ \t]+$", TEXT),
    ("a path of one machine", r"(?<![\w.}])/(work|root|home/\w+)[/]", TEXT),
    (
        "a package registry's host: use its client",
        r"registry\.npmjs|pypi\.org|pythonhosted\.org|crates\.io|deb\.debian\.org"
        r"|proxy\.golang\.org|maven\.org|maven\.apache\.org/maven2",
        TEXT,
    ),
]

WIDTH = 100
WIDTH_FILES = CPP
