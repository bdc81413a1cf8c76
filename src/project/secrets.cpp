#include "project/secrets.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

#include "base/log.hpp"
#include "project/files_internal.hpp"
#include "project/problems_internal.hpp"
#include "project/project.hpp"

namespace ingot::project {

namespace {

constexpr std::size_t kMaskedBytesMin = 4;

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// Lines `NAME=value`, `export NAME="value"`; in double quotes \n, \", \\ are escapes.
Result<std::map<std::string, std::string>> parse_dotenv(std::string_view text,
                                                        const std::string& file) {
    std::map<std::string, std::string> values;
    int number = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string_view line = trim(text.substr(at, end - at));
        at = end + 1;
        ++number;
        if (line.starts_with("export ")) line = trim(line.substr(7));
        if (line.empty() || line[0] == '#') continue;
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos || equals == 0) {
            // The line itself is not shown: it may hold a secret.
            return make_error(ErrorCode::kInvalidArgument, "{}:{}: expected NAME=value", file,
                              number);
        }
        std::string_view value = trim(line.substr(equals + 1));
        std::string read;
        const char quote = value.empty() ? '\0' : value[0];
        if (quote == '"' || quote == '\'') {
            const std::size_t close = value.rfind(quote);
            if (close == 0) {
                return make_error(ErrorCode::kInvalidArgument, "{}:{}: a quote is not closed", file,
                                  number);
            }
            value = value.substr(1, close - 1);
            for (std::size_t i = 0; i < value.size(); ++i) {
                if (quote == '"' && value[i] == '\\' && i + 1 < value.size()) {
                    ++i;
                    read += value[i] == 'n' ? '\n' : value[i];
                } else {
                    read += value[i];
                }
            }
        } else {
            read = trim(value.substr(0, value.find(" #")));
        }
        values[std::string(trim(line.substr(0, equals)))] = std::move(read);
    }
    return values;
}

class SecretsOfTasks {
public:
    void add(const Template& text) {
        for (SecretRef& secret : text.secrets()) found_.insert(std::move(secret));
    }
    void add(const std::vector<Template>& texts) {
        for (const Template& text : texts) add(text);
    }
    void add(const std::vector<std::pair<std::string, Template>>& named) {
        for (const auto& [name, text] : named) add(text);
    }
    void operator()(const FilesOrigin& files) {
        add(files.path);
        add(files.headers);
    }
    void operator()(const HttpOrigin& http) {
        add(http.url);
        add(http.body);
        add(http.headers);
        add(http.query);
        add(http.secret_query);
    }
    void operator()(const CommandOrigin& command) {
        add(command.argv);
        add(command.environment);
    }
    void operator()(const DeltaOrigin& delta) { add(delta.path); }
    void operator()(const PostgresOrigin&) {}
    void operator()(const KafkaOrigin&) {}
    std::vector<SecretRef> all() const { return {found_.begin(), found_.end()}; }

private:
    std::set<SecretRef> found_;
};

}  // namespace

std::vector<SecretRef> secrets_of_tasks(const Project& project) {
    SecretsOfTasks secrets;
    for (const auto& [name, connection] : project.connections) {
        for (const auto& [field, texts] : connection.fields) secrets.add(texts);
    }
    for (const Source& source : project.sources) std::visit(secrets, source.from);
    for (const Model& model : project.models) {
        if (!model.command) continue;
        secrets.add(model.command->argv);
        secrets.add(model.command->environment);
    }
    for (const Pipeline& pipeline : project.pipelines) {
        for (const PipelineTask& task : pipeline.tasks) {
            for (const Template* text : templates_of(task.body)) secrets.add(*text);
        }
    }
    return secrets.all();
}

Result<std::unique_ptr<SecretStore>> SecretStore::open(const std::vector<std::string>& from,
                                                       const std::string& root) {
    auto store = std::make_unique<SecretStore>();
    for (const std::string& name : from) {
        Place place;
        place.name = name;
        if (name == "env") {
            place.environment = true;
        } else if (name.starts_with("file:")) {
            const std::string file = name.substr(5);
            const std::string path = file.starts_with('/') ? file : root + "/" + file;
            const auto text = read_file(path);
            if (!text && text.error().code != ErrorCode::kNotFound) return text.error();
            if (text) {
                INGOT_TRY_ASSIGN(place.values, parse_dotenv(*text, file));
            }
        } else {
            return make_error(ErrorCode::kInvalidArgument,
                              "secrets come from `env` or `file:PATH`, not '{}'", name);
        }
        store->places_.push_back(std::move(place));
    }
    return store;
}

Result<std::string> SecretStore::resolve(const SecretRef& secret) {
    std::vector<std::string> looked;
    for (const Place& place : places_) {
        std::optional<std::string> value;
        if (place.environment) {
            if (const char* text = std::getenv(secret.name.c_str())) value = text;
        } else if (const auto found = place.values.find(secret.name); found != place.values.end()) {
            value = found->second;
        }
        if (value) {
            given_.lock()->insert(*value);
            register_secret(*value);
            return *value;
        }
        looked.push_back(place.environment ? "the environment" : place.name.substr(5));
    }
    return make_error(ErrorCode::kNotFound, "the secret {} is not in {}; set it there", secret.name,
                      one_of_list(looked));
}

std::string SecretStore::mask(std::string_view text) const {
    std::string out(text);
    auto given = given_.lock();
    std::vector<std::string_view> values(given->begin(), given->end());
    // Longer ones first, so that a secret inside another leaves nothing of it behind.
    std::sort(values.begin(), values.end(),
              [](std::string_view a, std::string_view b) { return a.size() > b.size(); });
    for (const std::string_view value : values) {
        if (value.size() < kMaskedBytesMin) continue;
        for (std::size_t at = out.find(value); at != std::string::npos; at = out.find(value, at)) {
            out.replace(at, value.size(), "***");
            at += 3;
        }
    }
    return out;
}

}  // namespace ingot::project
