# ingot_web_files(OUT): writes the C++ file OUT that holds what the build of web/ left in INGOT_WEB_ROOT; nothing, where
# web/ was not built. Files that come or change later are seen by the next build.
set(INGOT_WEB_ROOT "${CMAKE_SOURCE_DIR}/build/web/dist" CACHE PATH "what `make web` builds, to be part of the program")

function(ingot_web_files out)
    file(GLOB_RECURSE files RELATIVE ${INGOT_WEB_ROOT} CONFIGURE_DEPENDS ${INGOT_WEB_ROOT}/*)
    set(blobs "")
    set(rows "")
    set(sources "")
    set(number 0)
    foreach(name IN LISTS files)
        set(symbol ingot_web_${number})
        string(APPEND blobs "__asm__(\".section .rodata\\n${symbol}:\\n.incbin \\\"${INGOT_WEB_ROOT}/${name}\\\"\\n\"\n"
                            "        \"${symbol}_end:\\n.previous\\n\");\n"
                            "extern \"C\" const char ${symbol}[];\nextern \"C\" const char ${symbol}_end[];\n")
        string(APPEND rows "    {\"${name}\", {${symbol}, ${symbol}_end}},\n")
        list(APPEND sources ${INGOT_WEB_ROOT}/${name})
        math(EXPR number "${number} + 1")
    endforeach()
    string(CONCAT text "// Made by cmake/ingot_web.cmake.\n#include <vector>\n\n#include \"server/web_files.hpp\"\n\n${blobs}\n"
             "namespace ingot::server {\n\nstd::span<const WebFile> built_web_files() {\n"
             "    static const std::vector<WebFile> kFiles = {\n${rows}    };\n    return kFiles;\n}\n\n"
             "}  // namespace ingot::server\n")
    file(GENERATE OUTPUT ${out} CONTENT "${text}")
    set_source_files_properties(${out} PROPERTIES OBJECT_DEPENDS "${sources}" GENERATED TRUE)
endfunction()
