#include <cstdlib>

#include "net/curl_transfer_internal.hpp"

namespace ingot::net {

void initialise_curl() {
    static const CURLcode initialised = ::curl_global_init(CURL_GLOBAL_DEFAULT);
    INGOT_CHECK(initialised == CURLE_OK, "libcurl cannot be initialised");
}

std::optional<CURLcode> run_transfer(CURLM* multi, CURL* easy, const std::stop_token& stop) {
    ::curl_multi_add_handle(multi, easy);
    // Wakes the poll below from the thread that asks to stop; the one call that may come from
    // there.
    const std::stop_callback wake(stop, [multi] { ::curl_multi_wakeup(multi); });
    std::optional<CURLcode> outcome;
    for (int running = 1; running > 0 && !stop.stop_requested();) {
        constexpr int kPollMilliseconds = 1000;
        CURLMcode code = ::curl_multi_perform(multi, &running);
        if (code == CURLM_OK && running > 0) {
            code = ::curl_multi_poll(multi, nullptr, 0, kPollMilliseconds, nullptr);
        }
        if (code != CURLM_OK) {
            outcome = CURLE_FAILED_INIT;
            break;
        }
    }
    int left = 0;
    while (const CURLMsg* message = ::curl_multi_info_read(multi, &left)) {
        if (message->msg == CURLMSG_DONE) outcome = message->data.result;
    }
    ::curl_multi_remove_handle(multi, easy);
    return outcome;
}

long curl_milliseconds(Duration duration) {
    return static_cast<long>(
        std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

const char* certificates_file() {
    static const char* const kFile = std::getenv("SSL_CERT_FILE");
    return kFile != nullptr && *kFile != '\0' ? kFile : nullptr;
}

CurlList curl_list(const std::vector<std::string>& lines) {
    curl_slist* list = nullptr;
    for (const std::string& line : lines) list = ::curl_slist_append(list, line.c_str());
    return {list, &::curl_slist_free_all};
}

}  // namespace ingot::net
