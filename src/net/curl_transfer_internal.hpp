#pragma once
// What all transfers by libcurl share.
#include <curl/curl.h>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace ingot::net {

/// Once per process, before the first handle.
void initialise_curl();

/// Runs the transfer to its end. Nothing: stopped.
std::optional<CURLcode> run_transfer(CURLM* multi, CURL* easy, const std::stop_token& stop);

long curl_milliseconds(Duration duration);

/// libcurl knows the certificates of the system only; this variable of OpenSSL names others. Null:
/// it is not set.
const char* certificates_file();

using CurlList = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;
CurlList curl_list(const std::vector<std::string>& lines);

}  // namespace ingot::net
