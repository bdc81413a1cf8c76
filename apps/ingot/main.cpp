#include "cli/program.hpp"

int main(int argc, char** argv) {
    return ingot::cli::run_program(argc, argv);
}
