#include "net/http_client.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>

#include "base/hash.hpp"
#include "base/log.hpp"
#include "net/http_test_server.hpp"

namespace ingot::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
namespace fs = std::filesystem;

std::string random_body(std::size_t size) {
    std::mt19937 random(42);
    std::string body(size, '\0');
    for (char& c : body) c = static_cast<char>(random());
    return body;
}

class HttpClientTest : public ::testing::Test {
protected:
    void SetUp() override {
        ::setenv("no_proxy", "127.0.0.1", 1);
        folder_ = (fs::temp_directory_path() / fmt::format("ingot-http-{}", ::getpid())).string();
        fs::create_directories(folder_);
        file_ = folder_ + "/file";
    }
    void TearDown() override {
        EXPECT_FALSE(fs::exists(file_ + ".part"));
        fs::remove_all(folder_);
    }

    DownloadRequest to_file(std::string url) const {
        return {.request = {.url = std::move(url)}, .file = file_};
    }
    std::string content() const {
        std::ifstream file(file_, std::ios::binary);
        std::ostringstream text;
        text << file.rdbuf();
        return text.str();
    }
    /// Downloads; requires success.
    Downloaded downloaded(const DownloadRequest& request) {
        auto outcome = client_.download(request);
        EXPECT_TRUE(outcome) << outcome.error().to_string();
        if (!outcome || !std::holds_alternative<Downloaded>(*outcome)) {
            ADD_FAILURE() << "nothing was downloaded";
            return {};
        }
        return std::get<Downloaded>(*outcome);
    }
    Error failed(const DownloadRequest& request) {
        auto outcome = client_.download(request);
        EXPECT_FALSE(outcome);
        EXPECT_FALSE(fs::exists(file_));
        return outcome ? make_error(ErrorCode::kInternal, "no failure") : outcome.error();
    }

    std::string folder_;
    std::string file_;
    ManualClock clock_{*parse_timestamp("2015-10-21T07:28:00")};
    HttpClient client_{clock_, [] { return std::uint64_t{123'456'789}; }};
    const std::string body_ = random_body(300'000);
};

/// Serves `body` under an ETag, with ranges, and breaks off the first `breaks` responses after
/// `break_after` bytes.
struct BreakingServer {
    std::string body;
    std::size_t breaks = 0;
    std::size_t break_after = 0;
    std::string validators = "ETag: \"v1\"\r\n";

    void operator()(const TestRequest& request, TestConnection& connection) const {
        const std::string range = request.header("range");
        const std::size_t from = range.empty() ? 0 : std::stoul(range.substr(6));
        const std::string rest = body.substr(from);
        std::string head = range.empty() ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 206 Partial\r\n";
        if (!range.empty()) {
            head += fmt::format("Content-Range: bytes {}-{}/{}\r\n", from, body.size() - 1,
                                body.size());
        }
        connection.send(head + validators + fmt::format("Content-Length: {}\r\n\r\n", rest.size()));
        const bool breaking = request.number < breaks;
        connection.send(breaking ? std::string_view(rest).substr(0, break_after) : rest);
        if (breaking) connection.close();
    }
};

TEST_F(HttpClientTest, StreamsABodyIntoAFileAndSaysWhatItWas) {
    HttpTestServer server([&](const TestRequest&, TestConnection& connection) {
        connection.respond(200,
                           "ETag: \"v1\"\r\nLast-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n"
                           "Content-Type: application/gzip\r\n",
                           body_);
    });
    const Downloaded done = downloaded(to_file(server.url("/a.json.gz?x=1")));
    EXPECT_EQ(content(), body_);
    EXPECT_EQ(done.bytes, body_.size());
    EXPECT_EQ(done.sha256, sha256_hex(body_));
    EXPECT_EQ(done.validators, (Validators{"\"v1\"", "Wed, 21 Oct 2015 07:28:00 GMT"}));
    EXPECT_EQ(done.content_type, "application/gzip");
    EXPECT_EQ(done.attempts, 1);
    EXPECT_EQ(server.requests()[0].target, "/a.json.gz?x=1");
    EXPECT_THAT(server.requests()[0].header("user-agent"), HasSubstr("ingot/"));
}

TEST_F(HttpClientTest, AnEmptyBodyMakesAnEmptyFile) {
    HttpTestServer server(
        [](const TestRequest&, TestConnection& connection) { connection.respond(200, "", ""); });
    std::ofstream(file_) << "old";
    EXPECT_EQ(downloaded(to_file(server.url())).bytes, 0U);
    EXPECT_EQ(content(), "");
}

TEST_F(HttpClientTest, ReadsAChunkedBody) {
    HttpTestServer server([](const TestRequest&, TestConnection& connection) {
        connection.send(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    });
    downloaded(to_file(server.url()));
    EXPECT_EQ(content(), "abcde");
}

TEST_F(HttpClientTest, AbsentIsAValueAndLeavesTheFileAlone) {
    HttpTestServer server([](const TestRequest& request, TestConnection& connection) {
        connection.respond(request.target == "/gone" ? 410 : 404, "", "nothing here");
    });
    std::ofstream(file_) << "old";
    EXPECT_EQ(std::get<NotFound>(*client_.download(to_file(server.url("/absent")))).status, 404);
    EXPECT_EQ(std::get<NotFound>(*client_.download(to_file(server.url("/gone")))).status, 410);
    EXPECT_EQ(content(), "old");
    EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(HttpClientTest, AnUnchangedResourceIsNotModified) {
    HttpTestServer server([&](const TestRequest& request, TestConnection& connection) {
        const bool known = request.header("if-none-match") == "\"v1\"" &&
                           request.header("if-modified-since") == "yesterday";
        connection.respond(known ? 304 : 200, "ETag: \"v1\"\r\n", known ? "" : "new");
    });
    DownloadRequest request = to_file(server.url());
    request.known = {"\"v1\"", "yesterday"};
    EXPECT_TRUE(std::holds_alternative<NotModified>(*client_.download(request)));
    EXPECT_FALSE(fs::exists(file_));
    request.known.etag = "\"v0\"";
    downloaded(request);
    EXPECT_EQ(content(), "new");
}

TEST_F(HttpClientTest, ContinuesABrokenDownloadWhereItStopped) {
    HttpTestServer server(BreakingServer{body_, 2, 100'000});
    const Downloaded done = downloaded(to_file(server.url()));
    EXPECT_EQ(content(), body_);
    EXPECT_EQ(done.attempts, 3);
    EXPECT_EQ(done.sha256, sha256_hex(body_));
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 3U);
    EXPECT_EQ(requests[1].header("range"), "bytes=100000-");
    EXPECT_EQ(requests[1].header("if-range"), "\"v1\"");
    EXPECT_EQ(requests[2].header("range"), "bytes=200000-");
}

TEST_F(HttpClientTest, ContinuesUnderLastModifiedWhenTheETagIsWeak) {
    HttpTestServer server(BreakingServer{
        body_, 1, 1000, "ETag: W/\"v1\"\r\nLast-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n"});
    downloaded(to_file(server.url()));
    EXPECT_EQ(content(), body_);
    EXPECT_EQ(server.requests()[1].header("if-range"), "Wed, 21 Oct 2015 07:28:00 GMT");
}

TEST_F(HttpClientTest, StartsOverWhenNothingTellsTheVersion) {
    HttpTestServer server(BreakingServer{body_, 1, 1000, ""});
    downloaded(to_file(server.url()));
    EXPECT_EQ(content(), body_);
    EXPECT_EQ(server.requests()[1].header("range"), "");
}

TEST_F(HttpClientTest, StartsOverWhenTheResourceChangedInBetween) {
    const std::string other(200'000, 'x');
    HttpTestServer server([&](const TestRequest& request, TestConnection& connection) {
        if (request.number == 0) return BreakingServer{body_, 1, 1000}(request, connection);
        connection.respond(200, "ETag: \"v2\"\r\n", other);  // As If-Range demands.
    });
    const Downloaded done = downloaded(to_file(server.url()));
    EXPECT_EQ(content(), other);
    EXPECT_EQ(done.validators.etag, "\"v2\"");
    EXPECT_EQ(done.sha256, sha256_hex(other));
}

TEST_F(HttpClientTest, NeverJoinsTwoVersionsWhenTheServerIgnoresIfRange) {
    const std::string other(300'000, 'x');
    HttpTestServer server([&](const TestRequest& request, TestConnection& connection) {
        if (request.number == 0) return BreakingServer{body_, 1, 1000}(request, connection);
        BreakingServer{other, 0, 0, "ETag: \"v2\"\r\n"}(request, connection);
    });
    EXPECT_EQ(downloaded(to_file(server.url())).attempts, 3);
    EXPECT_EQ(content(), other);
    EXPECT_EQ(server.requests()[2].header("range"), "");
}

TEST_F(HttpClientTest, TakesTheWholeBodyFromAServerThatIgnoresRange) {
    HttpTestServer server([&](const TestRequest& request, TestConnection& connection) {
        if (request.number == 0) return BreakingServer{body_, 1, 1000}(request, connection);
        connection.respond(200, "ETag: \"v1\"\r\n", body_);
    });
    downloaded(to_file(server.url()));
    EXPECT_EQ(content(), body_);
}

TEST_F(HttpClientTest, StartsOverWhenTheServerSendsAnotherRangeThanAskedFor) {
    HttpTestServer server([&](const TestRequest& request, TestConnection& connection) {
        if (request.number != 1) return BreakingServer{body_, 1, 1000}(request, connection);
        connection.respond(206, "Content-Range: bytes 5-9/300000\r\n", "xxxxx");
    });
    downloaded(to_file(server.url()));
    EXPECT_EQ(content(), body_);
}

TEST_F(HttpClientTest, StartsOverWhenTheRangeIsNotThereAnyMore) {
    HttpTestServer server([&](const TestRequest& request, TestConnection& connection) {
        if (request.number != 1) return BreakingServer{body_, 1, 1000}(request, connection);
        connection.respond(416, "Content-Range: bytes */500\r\n", "");
    });
    downloaded(to_file(server.url()));
    EXPECT_EQ(content(), body_);
}

TEST_F(HttpClientTest, GivesUpOnAServerThatAlwaysBreaksOff) {
    HttpTestServer server(BreakingServer{body_, 1000, 0});
    const Error error = failed(to_file(server.url("/a?token=abc")));
    EXPECT_EQ(error.code, ErrorCode::kIo);
    EXPECT_THAT(error.to_string(), AllOf(HasSubstr("given up after 5 attempts"),
                                         HasSubstr("/a?token=***"), Not(HasSubstr("abc"))));
    EXPECT_EQ(server.requests().size(), 5U);
}

TEST_F(HttpClientTest, AnotherClientGoesOnFromWhatAFailedDownloadKept) {
    HttpTestServer server(BreakingServer{body_, 2, 100'000});
    DownloadRequest request = to_file(server.url("/a"));
    request.request.retry.attempts_max = 1;
    request.keep_part = true;
    EXPECT_EQ(failed(request).code, ErrorCode::kIo);
    EXPECT_EQ(fs::file_size(file_ + ".part"), 100'000U);
    HttpClient other(clock_);
    ASSERT_FALSE(other.download(request)) << "it breaks off again";
    const auto outcome = other.download(request);
    ASSERT_TRUE(outcome) << outcome.error().to_string();
    EXPECT_EQ(content(), body_);
    EXPECT_EQ(std::get<Downloaded>(*outcome).sha256, sha256_hex(body_));
    EXPECT_EQ(server.requests().back().header("range"), "bytes=200000-");
    EXPECT_FALSE(fs::exists(file_ + ".part.version"));
}

TEST_F(HttpClientTest, AKeptPartOfAnotherVersionIsDropped) {
    const std::string other_body = random_body(120'000);
    HttpTestServer server([&](const TestRequest& asked, TestConnection& connection) {
        if (asked.number == 0) return BreakingServer{body_, 1, 100'000}(asked, connection);
        connection.respond(200, "ETag: \"v2\"\r\n", other_body);
    });
    DownloadRequest request = to_file(server.url("/a"));
    request.request.retry.attempts_max = 1;
    request.keep_part = true;
    EXPECT_EQ(failed(request).code, ErrorCode::kIo);
    downloaded(request);
    EXPECT_EQ(server.requests().back().header("if-range"), "\"v1\"");
    EXPECT_EQ(content(), other_body);
}

TEST_F(HttpClientTest, APartWithoutItsVersionIsStartedOver) {
    HttpTestServer server(BreakingServer{body_});
    std::ofstream(file_ + ".part") << "what a killed process left";
    DownloadRequest request = to_file(server.url("/a"));
    request.keep_part = true;
    downloaded(request);
    EXPECT_EQ(server.requests().back().header("range"), "");
    EXPECT_EQ(content(), body_);
}

TEST_F(HttpClientTest, WaitsAsLongAsTheServerAsks) {
    HttpTestServer server([](const TestRequest& request, TestConnection& connection) {
        if (request.number == 0) return connection.respond(503, "Retry-After: 120\r\n", "busy");
        if (request.number == 1) {
            return connection.respond(429, "Retry-After: Wed, 21 Oct 2015 07:31:00 GMT\r\n", "");
        }
        connection.respond(200, "", "at last");
    });
    EXPECT_EQ(downloaded(to_file(server.url())).attempts, 3);
    EXPECT_EQ(content(), "at last");
    EXPECT_EQ(clock_.steady(), seconds(180));
}

TEST_F(HttpClientTest, BacksOffBetweenServerErrors) {
    HttpTestServer server([](const TestRequest& request, TestConnection& connection) {
        connection.respond(request.number < 3 ? 500 : 200, "", "body");
    });
    downloaded(to_file(server.url()));
    EXPECT_GT(clock_.steady(), Duration(0));
    EXPECT_LE(clock_.steady(), milliseconds(500 + 1000 + 2000));
}

TEST_F(HttpClientTest, ARefusalIsNotRetriedAndShowsTheServersWords) {
    HttpTestServer server([](const TestRequest&, TestConnection& connection) {
        connection.respond(403, "", "the key s3cr3t/x is blocked\nsecond line");
    });
    DownloadRequest request = to_file(server.url("/data?page=2"));
    request.request.secret_query = {{"api_key", "s3cr3t/x"}};
    request.request.headers = {{"Authorization", "Bearer t0ken"}};
    const Error error = failed(request);
    EXPECT_THAT(error.message, AllOf(HasSubstr("status 403"), HasSubstr("check the credentials"),
                                     HasSubstr("the key *** is blocked"), HasSubstr("/data?page=2"),
                                     Not(HasSubstr("s3cr3t")), Not(HasSubstr("second"))));
    ASSERT_EQ(server.requests().size(), 1U);
    EXPECT_EQ(server.requests()[0].target, "/data?page=2&api_key=s3cr3t%2Fx");
    EXPECT_EQ(server.requests()[0].header("authorization"), "Bearer t0ken");
}

TEST_F(HttpClientTest, FollowsRedirectsButGivesAnotherOriginNoHeaders) {
    HttpTestServer other([](const TestRequest&, TestConnection& connection) {
        connection.respond(200, "", "moved body");
    });
    HttpTestServer server([&](const TestRequest& request, TestConnection& connection) {
        const std::string to = request.target == "/a" ? "/b" : other.url("/c");
        connection.respond(302, "Location: " + to + "\r\n", "see there");
    });
    DownloadRequest request = to_file(server.url("/a"));
    request.request.headers = {{"X-Api-Key", "secret"}};
    downloaded(request);
    EXPECT_EQ(content(), "moved body");
    ASSERT_EQ(server.requests().size(), 2U);
    EXPECT_EQ(server.requests()[1].header("x-api-key"), "secret");
    EXPECT_EQ(other.requests()[0].header("x-api-key"), "");
}

TEST_F(HttpClientTest, ARedirectLoopIsAnError) {
    HttpTestServer server([](const TestRequest&, TestConnection& connection) {
        connection.respond(301, "Location: /again?sig=abc\r\n", "");
    });
    DownloadRequest request = to_file(server.url());
    request.request.limits.redirects_max = 4;
    const Error error = failed(request);
    EXPECT_THAT(error.message, AllOf(HasSubstr("more than 4 redirects"), HasSubstr("sig=***")));
    EXPECT_EQ(server.requests().size(), 5U);
}

TEST_F(HttpClientTest, NeverFollowsToAnotherProtocol) {
    HttpTestServer server([](const TestRequest&, TestConnection& connection) {
        connection.respond(302, "Location: file:///etc/passwd\r\n", "");
    });
    EXPECT_THAT(failed(to_file(server.url())).message,
                HasSubstr("redirected to file:///etc/passwd, which is not http"));
    EXPECT_EQ(failed(to_file("file:///etc/passwd")).code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(failed(to_file("http://[broken")).code, ErrorCode::kInvalidArgument);
}

TEST_F(HttpClientTest, AStalledAttemptIsGivenUp) {
    HttpTestServer server([](const TestRequest& request, TestConnection& connection) {
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nETag: \"1\"\r\n\r\n");
        if (request.number == 0) {
            connection.send("abc");
            connection.stall();
        }
        connection.send("abcdef");
    });
    DownloadRequest request = to_file(server.url());
    request.request.limits.low_speed_time = seconds(1);
    EXPECT_EQ(downloaded(request).attempts, 2);
    EXPECT_EQ(content(), "abcdef");
}

TEST_F(HttpClientTest, AnAttemptHasATimeLimit) {
    HttpTestServer server(
        [](const TestRequest&, TestConnection& connection) { connection.stall(); });
    DownloadRequest request = to_file(server.url());
    request.request.limits.attempt_timeout = milliseconds(50);
    request.request.retry.attempts_max = 2;
    EXPECT_EQ(failed(request).code, ErrorCode::kTimeout);
    EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(HttpClientTest, TheTotalTimeBoundsTheRetries) {
    HttpTestServer server([](const TestRequest&, TestConnection& connection) {
        connection.respond(503, "Retry-After: 40\r\n", "");
    });
    DownloadRequest request = to_file(server.url());
    request.request.retry.total_timeout = seconds(100);
    EXPECT_THAT(failed(request).to_string(), HasSubstr("the time of 100s is used up"));
    EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(HttpClientTest, AStopTokenEndsAStalledDownloadAtOnce) {
    HttpTestServer server(
        [](const TestRequest&, TestConnection& connection) { connection.stall(); });
    std::stop_source stop;
    std::jthread stopper([&] {
        while (server.requests().empty()) std::this_thread::yield();
        std::this_thread::sleep_for(milliseconds(20));
        stop.request_stop();
    });
    const Duration before = system_clock().steady();
    const auto outcome = client_.download(to_file(server.url()), stop.get_token());
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::kCancelled);
    EXPECT_LT(system_clock().steady() - before, milliseconds(500));
}

TEST_F(HttpClientTest, AWrongChecksumIsRetriedFromTheStartAndThenCorrupt) {
    HttpTestServer server([](const TestRequest& request, TestConnection& connection) {
        connection.respond(200, "ETag: \"1\"\r\n", request.number == 0 ? "bad" : "good");
    });
    DownloadRequest request = to_file(server.url());
    request.sha256_expected = sha256_hex("good");
    std::transform(request.sha256_expected.begin(), request.sha256_expected.end(),
                   request.sha256_expected.begin(), ::toupper);
    EXPECT_EQ(downloaded(request).attempts, 2);
    EXPECT_EQ(content(), "good");
    fs::remove(file_);
    request.sha256_expected = sha256_hex("other");
    EXPECT_EQ(failed(request).code, ErrorCode::kCorruptData);
    EXPECT_EQ(server.requests()[2].header("range"), "");
}

TEST_F(HttpClientTest, AnEmptyBodyOfAWrongChecksumIsCorrupt) {
    HttpTestServer server(
        [](const TestRequest&, TestConnection& connection) { connection.respond(200, "", ""); });
    DownloadRequest request = to_file(server.url());
    request.sha256_expected = sha256_hex("something");
    EXPECT_EQ(failed(request).code, ErrorCode::kCorruptData);
}

TEST_F(HttpClientTest, RefusesABodyAboveTheLimitWithAndWithoutAnnouncement) {
    HttpTestServer server([&](const TestRequest& request, TestConnection& connection) {
        if (request.target == "/announced") return connection.respond(200, "", body_);
        connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        connection.send(body_);
        connection.close();
    });
    for (const char* target : {"/announced", "/silent"}) {
        DownloadRequest request = to_file(server.url(target));
        request.request.limits.bytes_max = 299'999;
        EXPECT_THAT(failed(request).message, HasSubstr("larger than the limit of 299999 bytes"));
        request.request.limits.bytes_max = 300'000;
        EXPECT_EQ(downloaded(request).bytes, 300'000U);
        fs::remove(file_);
    }
    EXPECT_EQ(server.requests().size(), 4U);
}

TEST_F(HttpClientTest, ATargetThatCannotBeWrittenIsNamed) {
    DownloadRequest request = to_file("http://127.0.0.1:1/");
    request.file = folder_ + "/absent/file";
    const auto outcome = client_.download(request);
    ASSERT_FALSE(outcome);
    EXPECT_THAT(outcome.error().message,
                AllOf(HasSubstr(request.file), HasSubstr("No such file or directory")));
}

TEST_F(HttpClientTest, ADiskThatFillsUpEndsTheDownloadWithoutRetry) {
    HttpTestServer server([&](const TestRequest&, TestConnection& connection) {
        connection.respond(200, "", body_);
    });
    // A file size limit stands for the full disk; the signal that comes with it is switched off.
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit old_limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
    const rlimit small{100'000, old_limit.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const Error error = failed(to_file(server.url()));
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old_limit), 0);
    EXPECT_THAT(error.message, AllOf(HasSubstr(file_), HasSubstr("File too large")));
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(HttpClientTest, NobodyListeningIsAReadableError) {
    std::string url;
    {
        url = HttpTestServer([](const TestRequest&, TestConnection&) {}).url();
    }
    EXPECT_THAT(failed(to_file(url)).message, AllOf(HasSubstr(url), HasSubstr("connect")));
}

TEST_F(HttpClientTest, ReplyThatIsNoHttpIsAnError) {
    HttpTestServer server([](const TestRequest&, TestConnection& connection) {
        connection.send("\x16\x03\x01 this is not HTTP\r\n\r\n");
        connection.close();
    });
    EXPECT_EQ(failed(to_file(server.url())).code, ErrorCode::kIo);
}

TEST_F(HttpClientTest, GetReturnsEveryStatusAsAValue) {
    HttpTestServer server([](const TestRequest& request, TestConnection& connection) {
        connection.respond(request.target == "/ok" ? 200 : 404, "Link: <a>\r\nLink: <b>\r\n",
                           "body of " + request.target);
    });
    const auto found = client_.get({.url = server.url("/ok")});
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_EQ(found->status, 200);
    EXPECT_EQ(found->body, "body of /ok");
    EXPECT_EQ(found->headers.at("link"), "<a>, <b>");
    const auto absent = client_.get({.url = server.url("/no")});
    ASSERT_TRUE(absent);
    EXPECT_EQ(absent->status, 404);
    EXPECT_EQ(absent->body, "body of /no");
}

TEST_F(HttpClientTest, GetRetriesAndThenFails) {
    HttpTestServer server([](const TestRequest& request, TestConnection& connection) {
        const bool fine = request.target == "/flaky" && request.number > 0;
        connection.respond(fine ? 200 : 502, "", fine ? "fine" : "bad gateway");
    });
    EXPECT_EQ(client_.get({.url = server.url("/flaky")})->body, "fine");
    const auto failed_get = client_.get({.url = server.url("/down")});
    ASSERT_FALSE(failed_get);
    EXPECT_THAT(failed_get.error().to_string(),
                AllOf(HasSubstr("status 502: bad gateway"), HasSubstr("5 attempts")));
}

TEST_F(HttpClientTest, SendCarriesMethodHeadersAndBody) {
    HttpTestServer server([](const TestRequest& request, TestConnection& connection) {
        connection.respond(201, "X-Made: yes\r\n", request.method + " " + request.body);
    });
    for (const std::string method : {"POST", "PUT", "PATCH", "DELETE"}) {
        const auto reply = client_.send({.url = server.url("/a"),
                                         .method = method,
                                         .body = "{\"x\": \"\u00fc\"}",
                                         .headers = {{"Content-Type", "application/json"}}});
        ASSERT_TRUE(reply) << reply.error().to_string();
        EXPECT_EQ(reply->status, 201);
        EXPECT_EQ(reply->headers.at("x-made"), "yes");
        EXPECT_EQ(reply->body, method + " {\"x\": \"\u00fc\"}");
    }
    EXPECT_EQ(server.requests().back().header("content-type"), "application/json");
    EXPECT_EQ(client_.send({.url = server.url("/a"), .method = "POST"})->body, "POST ");
    // The session is used again for a GET, which has no body.
    EXPECT_EQ(client_.get({.url = server.url("/a")})->body, "GET ");
    EXPECT_EQ(server.requests().back().header("content-length"), "");
}

TEST_F(HttpClientTest, SendTriesOnceAndFollowsNothing) {
    HttpTestServer server([](const TestRequest& request, TestConnection& connection) {
        if (request.target.starts_with("/cut")) return connection.close();
        connection.respond(request.target == "/away" ? 307 : 503,
                           "Location: /other\r\nRetry-After: 7\r\n", "later");
    });
    const auto busy = client_.send({.url = server.url("/busy"), .method = "POST", .body = "x"});
    EXPECT_EQ(busy->status, 503);
    EXPECT_EQ(busy->headers.at("retry-after"), "7");
    EXPECT_EQ(client_.send({.url = server.url("/away"), .method = "POST"})->status, 307);
    const auto cut = client_.send({.url = server.url("/cut?token=abc"), .method = "POST"});
    ASSERT_FALSE(cut);
    EXPECT_THAT(cut.error().message,
                AllOf(HasSubstr("POST http://127.0.0.1"), Not(HasSubstr("abc"))));
    EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(HttpClientTest, KeepsItsConnectionForTheNextCall) {
    HttpTestServer server(
        [](const TestRequest&, TestConnection& connection) { connection.respond(200, "", "x"); });
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(client_.get({.url = server.url()}));
    EXPECT_EQ(server.connections(), 1U);
}

TEST_F(HttpClientTest, ManyThreadsShareOneClient) {
    HttpTestServer server([&](const TestRequest& request, TestConnection& connection) {
        connection.respond(200, "", request.target + body_.substr(0, 50'000));
    });
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 6; ++thread) {
            threads.emplace_back([&, thread] {
                for (int i = 0; i < 10; ++i) {
                    const std::string target = fmt::format("/{}-{}", thread, i);
                    const auto reply = client_.get({.url = server.url(target)});
                    ASSERT_TRUE(reply) << reply.error().to_string();
                    ASSERT_EQ(reply->body, target + body_.substr(0, 50'000));
                }
            });
        }
    }
    EXPECT_EQ(server.requests().size(), 60U);
}

TEST_F(HttpClientTest, AnErrorTellsWhetherTheRequestCanHaveArrived) {
    HttpTestServer server([](const TestRequest&, TestConnection& c) { c.close(); });
    const auto lost = client_.send({.url = server.url(), .method = "POST", .body = "x"});
    ASSERT_FALSE(lost);
    EXPECT_FALSE(was_not_sent(lost.error())) << lost.error().to_string();
    const auto refused =
        client_.send({.url = "http://127.0.0.1:1/", .method = "POST", .body = "x"});
    ASSERT_FALSE(refused);
    EXPECT_TRUE(was_not_sent(refused.error())) << refused.error().to_string();
}

}  // namespace
}  // namespace ingot::net
