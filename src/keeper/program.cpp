// INGOT_KEEPER_PROGRAM is the file that the build of ingot_keeper_program left.
#include "keeper/program_internal.hpp"

__asm__(
    ".section .rodata\n"
    "ingot_keeper_begin:\n"
    ".incbin \"" INGOT_KEEPER_PROGRAM
    "\"\n"
    "ingot_keeper_end:\n"
    ".previous\n");
extern "C" const char ingot_keeper_begin[];
extern "C" const char ingot_keeper_end[];

namespace ingot::keeper {

std::string_view program() {
    return {ingot_keeper_begin, ingot_keeper_end};
}

}  // namespace ingot::keeper
