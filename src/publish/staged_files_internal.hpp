#pragma once
#include <string>
#include <utility>
#include <vector>

#include "delta/snapshot.hpp"

namespace ingot::publish {

/// Files that no log names yet. What is still here at the end is removed: a failed publish
/// leaves nothing behind (and what a killed process leaves, `ingot table fsck` finds).
class StagedFiles {
public:
    StagedFiles() = default;
    StagedFiles(const StagedFiles&) = delete;
    StagedFiles& operator=(const StagedFiles&) = delete;
    ~StagedFiles();

    void add(const delta::TableLocation& location, const std::vector<delta::Add>& files);
    /// `path` as an add action would name it.
    void add(const delta::TableLocation& location, std::string path);
    /// These are in a log now.
    void keep(const std::vector<delta::Add>& files);
    /// Any of them may be in a log now.
    void keep_all() { files_.clear(); }
    /// Removes these at once.
    void drop(const std::vector<delta::Add>& files);

private:
    struct File {
        delta::TableLocation location;
        std::string path;  ///< As in the add action; names are unique, so it identifies the file.
    };
    static void remove(const File& file);
    template <class Each>
    void take(const std::vector<delta::Add>& files, Each each);

    std::vector<File> files_;
};

}  // namespace ingot::publish
