#include "service/schedule_files.hpp"

#include <chrono>
#include <filesystem>

#include "base/glob.hpp"

namespace ingot::service {

Result<FilesFound> files_of(const Definitions& definitions, const project::FileSchedule& schedule,
                            Timestamp now) {
    const project::Project& project = definitions.project();
    project::TemplateContext values;
    values.timezone = project.defaults.timezone;
    values.run_time = now;
    values.params = &project.params;
    values.secrets = definitions.secrets.get();
    INGOT_TRY_ASSIGN(std::string pattern, schedule.path.render_text(values));
    const std::filesystem::path path = std::filesystem::path(project.root) / pattern;
    INGOT_TRY_ASSIGN(const std::vector<std::string> found, glob(path.string()));
    FilesFound seen;
    for (const std::string& file : found) {
        std::error_code gone;
        const auto size = std::filesystem::file_size(file, gone);
        const auto modified = std::filesystem::last_write_time(file, gone);
        if (gone) continue;  // Between the listing and now.
        const auto since_epoch = std::chrono::file_clock::to_sys(modified).time_since_epoch();
        seen[file] = {
            static_cast<std::int64_t>(size),
            Timestamp::from_micros(
                std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count())};
    }
    return seen;
}

}  // namespace ingot::service
