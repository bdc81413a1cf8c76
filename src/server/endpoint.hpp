#pragma once
// What the API can do, as data: routes, checks, rights and the OpenAPI document all come from it.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "server/accounts.hpp"
#include "server/http_message.hpp"
#include "server/schema.hpp"

namespace ingot::server {

struct Endpoint;

/// A request that was let in and checked.
struct Call {
    const Request& request;
    const Endpoint& endpoint;
    Json path;   ///< By name, as the schemas say.
    Json query;  ///< The same; defaults filled in, absent ones missing.
    Json body;   ///< Null when there is none.
    std::optional<Identity> who;

    /// A parameter of the path or the query that is a text; empty when it is absent.
    std::string text(const char* name) const;
    std::int64_t number(const char* name) const;
    /// A text of the body; empty when it is absent or null.
    std::string body_text(const char* name) const;
};

using Handler = std::function<Result<Reply>(const Call&)>;

struct Param {
    std::string name;
    Schema schema;
    std::string description = {};
    Json fallback = nullptr;  ///< Of the query: what an absent one means.
};

/// One way to answer.
struct Answer {
    int status = 200;
    std::string description;
    std::optional<Schema> schema = {};
    std::string content_type = "application/json";
};

struct Endpoint {
    Method method = Method::kGet;
    std::string path;  ///< `/api/v1/runs/{id}`
    std::string name;  ///< `get_run`: unique.
    std::string summary;
    std::string area;                  ///< `runs`
    std::optional<Role> role = {};     ///< Nothing: everybody.
    std::vector<Param> in_path = {};   ///< Those of `path`; one that is not named is any text.
    std::vector<Param> in_query = {};  ///< Others are refused.
    std::optional<Schema> body = {};
    bool body_required = true;
    std::vector<Answer> answers;  ///< Problems need not be named.
    Handler handle;
};

/// `limit` and `after`, which all pages have.
std::vector<Param> page_params(std::vector<Param> others = {}, std::int64_t limit_most = 500);

}  // namespace ingot::server
