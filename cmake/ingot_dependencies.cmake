# Third-party libraries: Debian packages, and DuckDB's library and headers as tools/bootstrap.sh leaves them.
include(GoogleTest)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(GTest REQUIRED)
find_package(PkgConfig REQUIRED)

set(INGOT_DEPS "$ENV{INGOT_DEPS}" CACHE PATH "where tools/bootstrap.sh keeps what is not a Debian package")
if(NOT INGOT_DEPS)
    set(INGOT_DEPS "$ENV{HOME}/.cache/ingot/deps")
endif()
set(INGOT_DUCKDB_ROOT "${INGOT_DEPS}/duckdb-1.5.6" CACHE PATH "folder with include/ and lib/ of DuckDB")
if(NOT EXISTS ${INGOT_DUCKDB_ROOT}/lib/libduckdb.so)
    message(FATAL_ERROR "DuckDB is not at ${INGOT_DUCKDB_ROOT}: run tools/bootstrap.sh (or make build, which does)")
endif()
add_library(duckdb SHARED IMPORTED GLOBAL)
set_target_properties(duckdb PROPERTIES
    IMPORTED_LOCATION ${INGOT_DUCKDB_ROOT}/lib/libduckdb.so
    INTERFACE_INCLUDE_DIRECTORIES ${INGOT_DUCKDB_ROOT}/include)
