#pragma once
// A project folder for a test, gone when the test is over.
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <unistd.h>

#include "project/fake_sql_facts_test.hpp"
#include "project/project.hpp"

namespace ingot::project {

class ProjectFolder {
public:
    explicit ProjectFolder(const std::map<std::string, std::string>& files) {
        static std::atomic<int> next{0};
        path_ = std::filesystem::temp_directory_path() /
                ("ingot_project_" + std::to_string(::getpid()) + "_" + std::to_string(next++));
        std::filesystem::create_directories(path_);
        if (!files.contains("project.yml")) write("project.yml", "name: test\n");
        for (const auto& [name, text] : files) write(name, text);
    }
    ~ProjectFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    ProjectFolder(const ProjectFolder&) = delete;
    ProjectFolder& operator=(const ProjectFolder&) = delete;

    void write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name, std::ios::binary) << text;
    }
    std::string path() const { return path_.string(); }

    LoadResult load(LoadOptions options = {}) {
        options.root = path();
        return load_project(options, facts);
    }
    /// The problems, a line each.
    std::string problems(LoadOptions options = {}) {
        std::string text;
        for (const Problem& problem : load(std::move(options)).problems) {
            text += problem.to_string() + "\n";
        }
        return text;
    }

    FakeSqlFacts facts;

private:
    std::filesystem::path path_;
};

}  // namespace ingot::project
