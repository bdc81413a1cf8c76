#include <algorithm>

#include "base/log.hpp"
#include "delta/overlay.hpp"
#include "publish/staged_files_internal.hpp"

namespace ingot::publish {

StagedFiles::~StagedFiles() {
    for (const File& file : files_) remove(file);
}

void StagedFiles::add(const delta::TableLocation& location, const std::vector<delta::Add>& files) {
    for (const delta::Add& file : files) files_.push_back(File{location, file.path});
}

void StagedFiles::add(const delta::TableLocation& location, std::string path) {
    files_.push_back(File{location, std::move(path)});
}

template <class Each>
void StagedFiles::take(const std::vector<delta::Add>& files, Each each) {
    const auto named = [&](const File& file) {
        return std::any_of(files.begin(), files.end(),
                           [&](const delta::Add& add) { return add.path == file.path; });
    };
    const auto gone = std::stable_partition(files_.begin(), files_.end(),
                                            [&](const File& f) { return !named(f); });
    std::for_each(gone, files_.end(), each);
    files_.erase(gone, files_.end());
}

void StagedFiles::keep(const std::vector<delta::Add>& files) {
    take(files, [](const File&) {});
}

void StagedFiles::drop(const std::vector<delta::Add>& files) {
    take(files, remove);
}

void StagedFiles::remove(const File& file) {
    // A staged file that cannot be removed is an orphan, invisible to readers: fsck finds it. The
    // error that led here matters more.
    const Result<std::string> object = delta::data_object(file.location, file.path);
    const Status removed = object ? file.location.store->remove(*object) : Status(object.error());
    if (!removed)
        log_warning("could not remove the staged file {}: {}", file.path,
                    removed.error().to_string());
}

}  // namespace ingot::publish
