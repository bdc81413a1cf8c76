#pragma once

namespace ingot::cli {

/// The whole program: reads the command line, carries the verb out, returns the exit code.
int run_program(int argc, char** argv);

}  // namespace ingot::cli
