#include "net/url.hpp"

#include <gtest/gtest.h>

#include "base/log.hpp"

namespace ingot::net {
namespace {

TEST(Url, AParameterIsAddedEncodedAndBeforeTheFragment) {
    EXPECT_EQ(with_query_parameter("http://h/p", "a b", "x&y"), "http://h/p?a%20b=x%26y");
    EXPECT_EQ(with_query_parameter("http://h/p?q=1", "a", "2"), "http://h/p?q=1&a=2");
    EXPECT_EQ(with_query_parameter("http://h/p?", "a", "2"), "http://h/p?a=2");
    EXPECT_EQ(with_query_parameter("http://h/p?q=1&", "a", "2"), "http://h/p?q=1&a=2");
    EXPECT_EQ(with_query_parameter("http://h/p#f?", "a", "2"), "http://h/p?a=2#f?");
    EXPECT_EQ(with_query_parameter("http://h", "a", ""), "http://h?a=");
}

TEST(Url, TheOriginIgnoresCaseUserInfoAndTheStandardPort) {
    EXPECT_EQ(url_origin("HTTPS://User:pw@Host.example:443/p?q"), "https://host.example");
    EXPECT_EQ(url_origin("http://h:80"), "http://h");
    EXPECT_EQ(url_origin("http://h:443/"), "http://h:443");
    EXPECT_NE(url_origin("http://h:8080/"), url_origin("http://h/"));
    EXPECT_EQ(url_origin("http://h/p@x"), "http://h");
}

TEST(Url, MessagesShowNoSecret) {
    EXPECT_EQ(display_url("https://user:pw@h/p?page=3&API_KEY=abc&x#f"),
              "https://***@h/p?page=3&API_KEY=***&x#f");
    EXPECT_EQ(display_url("https://h/p?X-Amz-Signature=s&X-Amz-Credential=c&X-Amz-Date=d"),
              "https://h/p?X-Amz-Signature=***&X-Amz-Credential=***&X-Amz-Date=d");
    register_secret("tr/ick");
    EXPECT_EQ(display_url("https://h/tr/ick?q=tr%2Fick"), "https://h/***?q=***");
    EXPECT_EQ(display_url("not a url"), "not a url");
    EXPECT_EQ(display_url(""), "");
}

}  // namespace
}  // namespace ingot::net
