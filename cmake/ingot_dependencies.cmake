# Third-party libraries: Debian packages, and what tools/bootstrap.sh leaves in $INGOT_DEPS: DuckDB's library and headers,
# and the sources of nanoarrow.
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

# Arrow's C data interface and streams, with the runtime of flatcc that reads and writes their headers.
set(INGOT_NANOARROW_ROOT "${INGOT_DEPS}/nanoarrow-0.9.0" CACHE PATH "folder with include/ and src/ of nanoarrow")
if(NOT EXISTS ${INGOT_NANOARROW_ROOT}/include/nanoarrow/nanoarrow_config.h)
    message(FATAL_ERROR "nanoarrow is not at ${INGOT_NANOARROW_ROOT}: run tools/bootstrap.sh (or make build, which does)")
endif()
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
file(GLOB INGOT_NANOARROW_SOURCES ${INGOT_NANOARROW_ROOT}/src/nanoarrow/*.c ${INGOT_NANOARROW_ROOT}/src/flatcc/*.c)
add_library(nanoarrow STATIC EXCLUDE_FROM_ALL ${INGOT_NANOARROW_SOURCES})
target_include_directories(nanoarrow SYSTEM PUBLIC ${INGOT_NANOARROW_ROOT}/include)
target_compile_definitions(nanoarrow PRIVATE NANOARROW_IPC_WITH_ZSTD)
target_link_libraries(nanoarrow PRIVATE PkgConfig::ZSTD)
