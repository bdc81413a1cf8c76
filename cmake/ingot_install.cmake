# Where the program lies after a build, and in an installed tree: bin/ and lib/ side by side, movable as a whole.
# The old kind of run path (DT_RPATH) also counts for the libraries that our libraries need.
set_target_properties(ingot PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}
    INSTALL_RPATH "$ORIGIN/../lib")
target_link_options(ingot PRIVATE -Wl,--disable-new-dtags)
install(TARGETS ingot RUNTIME DESTINATION bin)
install(IMPORTED_RUNTIME_ARTIFACTS duckdb LIBRARY DESTINATION lib)
