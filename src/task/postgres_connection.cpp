#include "task/postgres_connection.hpp"

#include <filesystem>

namespace ingot::task {

Result<std::unique_ptr<postgres::Connection>> open_postgres(const project::Project& project,
                                                            const std::string& name,
                                                            const project::TemplateContext& values,
                                                            std::stop_token stop) {
    const project::Connection& connection = project.connections.at(name);
    postgres::ConnectOptions options;
    for (const auto& [key, field] :
         {std::pair<std::string_view, std::string*>("host", &options.host),
          {"port", &options.port},
          {"database", &options.database},
          {"user", &options.user},
          {"password", &options.password},
          {"sslmode", &options.sslmode},
          {"ca", &options.ca}}) {
        const auto written = connection.fields.find(std::string(key));
        if (written == connection.fields.end() || written->second.empty()) continue;
        INGOT_TRY_ASSIGN_WITH(
            *field, written->second.front().render_text(values),
            fmt::format("in the connection {} ({})", name, connection.place.to_string()));
    }
    // Certificates lie beside the project, wherever it is run from.
    if (!options.ca.empty()) {
        options.ca = (std::filesystem::path(project.root) / options.ca).string();
    }
    auto opened = postgres::Connection::open(options, std::move(stop));
    if (!opened) {
        return std::move(opened).error().with(
            fmt::format("in the connection {} ({})", name, connection.place.to_string()));
    }
    return opened;
}

}  // namespace ingot::task
