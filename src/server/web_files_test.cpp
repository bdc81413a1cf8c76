#include "server/web_files.hpp"

#include <algorithm>
#include <array>
#include <gmock/gmock.h>

namespace ingot::server {
namespace {

using testing::HasSubstr;

constexpr std::array<WebFile, 3> kFiles = {{{"index.html", "<p>start</p>"},
                                            {"assets/index-4f3a.js", "let a = 1;"},
                                            {"icon.svg", "<svg/>"}}};

Response get(const std::string& target, Headers headers = {}) {
    static const WebFiles kWeb(kFiles);
    return kWeb.serve({.target = target, .headers = std::move(headers)});
}

std::string header(const Response& response, std::string_view name) {
    const auto found = std::find_if(response.headers.begin(), response.headers.end(),
                                    [&](const auto& it) { return it.first == name; });
    return found == response.headers.end() ? "" : found->second;
}

TEST(WebFiles, FilesHaveTheirTypesAndHashedOnesAreKept) {
    EXPECT_EQ(get("/assets/index-4f3a.js").body, "let a = 1;");
    EXPECT_EQ(get("/assets/index-4f3a.js").content_type, "text/javascript; charset=utf-8");
    EXPECT_THAT(header(get("/assets/index-4f3a.js"), "Cache-Control"), HasSubstr("immutable"));
    EXPECT_EQ(get("/icon.svg").content_type, "image/svg+xml");
    EXPECT_EQ(header(get("/icon.svg"), "Cache-Control"), "no-cache");
}

TEST(WebFiles, PathsOfTheApplicationGetItsStartPage) {
    for (const char* path : {"/", "/runs/42", "/tables/silver%2Fevents?x=1",
                             "/tables/silver.events", "/pipelines/a.b/c.d?tab=runs"}) {
        EXPECT_EQ(get(path).body, "<p>start</p>") << path;
        EXPECT_THAT(header(get(path), "Content-Security-Policy"), HasSubstr("default-src 'self'"));
    }
    for (const char* path : {"/assets/gone.js", "/assets/deep/gone", "/gone.ico"})
        EXPECT_EQ(get(path).status, 404) << path;
}

TEST(WebFiles, NoPathLeadsToAnythingElse) {
    for (const char* path : {"/../etc/passwd", "/%2e%2e/%2e%2e/etc/hosts.txt", "//etc/hosts.txt",
                             "/assets/../../x.js", "/..%5c..%5cx.js", "/assets/index-4f3a.js/"}) {
        const Response response = get(path);
        EXPECT_TRUE(response.status == 404 || response.body == "<p>start</p>") << path;
    }
    EXPECT_EQ(get("/a%00.js").status, 400);
    EXPECT_EQ(get("/a%ff.js").status, 400);
    EXPECT_EQ(get("/a%2").status, 400);
}

TEST(WebFiles, WhoHasTheFileDoesNotGetItAgain) {
    const std::string etag = header(get("/icon.svg"), "ETag");
    EXPECT_EQ(get("/icon.svg", {{"if-none-match", etag}}).status, 304);
    EXPECT_EQ(get("/icon.svg", {{"if-none-match", "\"other\""}}).status, 200);
    EXPECT_NE(etag, header(get("/"), "ETag"));
}

TEST(WebFiles, WithoutABuildAPageSaysHowToMakeIt) {
    const WebFiles none({});
    EXPECT_THAT(none.serve({.target = "/"}).body, HasSubstr("make web"));
    EXPECT_EQ(none.serve({.target = "/x.js"}).status, 404);
}

TEST(WebFiles, WhatIsBuiltInBeginsWithAStartPage) {
    const auto built = built_web_files();
    const bool start = std::any_of(built.begin(), built.end(),
                                   [](const WebFile& it) { return it.path == "index.html"; });
    EXPECT_EQ(start, !built.empty());
}

}  // namespace
}  // namespace ingot::server
