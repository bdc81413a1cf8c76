# Compiler settings that hold for all of Ingot's own targets.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON) # target all_verify_interface_header_sets: each header compiles on its own

option(INGOT_SANITIZE "address, thread or empty" "")

find_program(INGOT_CCACHE ccache)
if(INGOT_CCACHE)
    # A precompiled header makes ccache miss unless it is told that defines and times in it do not matter.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
        CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${INGOT_CCACHE})
    set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()
find_program(INGOT_MOLD mold)
if(INGOT_MOLD)
    add_link_options(-fuse-ld=mold)
endif()

add_library(ingot_options INTERFACE)
target_compile_options(ingot_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # False alarms of g++ 12: the inactive member of an inlined std::variant (our Result) is taken for an uninitialised value,
    # and `"text" + string` for an overlapping copy (GCC bug 105329).
    target_compile_options(ingot_options INTERFACE -Wno-maybe-uninitialized -Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    # std::stable_sort of libstdc++ 12 uses what clang calls deprecated; g++ warns of our own uses.
    target_compile_options(ingot_options INTERFACE -Wno-deprecated-declarations)
endif()
target_include_directories(ingot_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(ingot_options INTERFACE INGOT_VERSION="${PROJECT_VERSION}")
if(INGOT_SANITIZE STREQUAL "address")
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
    add_link_options(-fsanitize=address,undefined)
elseif(INGOT_SANITIZE STREQUAL "thread")
    add_compile_options(-fsanitize=thread)
    add_link_options(-fsanitize=thread)
endif()
