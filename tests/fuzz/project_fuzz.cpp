// Any bytes as project.yml (and, after a byte 0, as a source): the project loads, or has problems
// with a place.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>

#include "base/check.hpp"
#include "project/project.hpp"

namespace {

/// The project has no SQL; a question about some is answered like a syntax error.
class NoSql final : public ingot::sql::SqlFacts {
public:
    ingot::Result<ingot::sql::ParsedQuery> parse(std::string_view /*sql*/) override {
        return ingot::make_error(ingot::ErrorCode::kInvalidArgument, "1:1: no SQL here");
    }
    ingot::Result<std::vector<ingot::sql::ColumnLineage>> bind(
        const ingot::sql::ParsedQuery& /*query*/,
        const std::map<std::string, ingot::Schema>& /*tables*/,
        const std::map<std::string, ingot::DataType>& /*parameters*/,
        const std::vector<std::string>& /*macros*/) override {
        return ingot::make_error(ingot::ErrorCode::kInvalidArgument, "1:1: no SQL here");
    }
};

std::filesystem::path make_root() {
    const std::string folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    const std::filesystem::path root = folder + "/ingot_project_fuzz." + std::to_string(getpid());
    std::filesystem::create_directories(root / "sources");
    return root;
}

/// The folder of this process, removed at its end.
struct Root {
    std::filesystem::path path = make_root();
    Root() = default;
    Root(const Root&) = delete;
    Root& operator=(const Root&) = delete;
    ~Root() {
        std::error_code ignored;  // A folder that is left behind is in memory only.
        std::filesystem::remove_all(path, ignored);
    }
};

void write_file(const std::filesystem::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Root kRoot;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto end = text.find('\0');
    write_file(kRoot.path / "project.yml", text.substr(0, end));
    write_file(kRoot.path / "sources" / "events.yml",
               end == std::string_view::npos ? std::string_view() : text.substr(end + 1));
    NoSql sql;
    ingot::project::LoadOptions options;
    options.root = kRoot.path.string();
    const auto loaded = ingot::project::load_project(options, sql);
    INGOT_CHECK((loaded.project != nullptr) == loaded.problems.empty(),
                "neither a project nor a problem");
    for (const auto& problem : loaded.problems) {
        INGOT_CHECK(!problem.message.empty(), problem.to_string());
    }
    return 0;
}
