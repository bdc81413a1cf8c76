#include "server/metrics.hpp"

#include <gmock/gmock.h>

namespace ingot::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(Metrics, AreWrittenAsPrometheusReadsThem) {
    MetricsText text;
    text.family("a_total", "counter", "What \\ is\ncounted");
    text.sample(3);
    text.sample(0.5, {{"name", "a \"b\" \\ \n"}, {"other", "x"}});
    EXPECT_EQ(text.text(),
              "# HELP a_total What \\\\ is\\ncounted\n# TYPE a_total counter\na_total 3\n"
              "a_total{name=\"a \\\"b\\\" \\\\ \\n\",other=\"x\"} 0.5\n");
}

TEST(Metrics, RequestsAreCountedByRouteAndTheirTimesInBuckets) {
    RequestMetrics metrics;
    metrics.count("GET", "/api/v1/runs/{id}", 200, 3ms);
    metrics.count("GET", "/api/v1/runs/{id}", 404, 20s);
    MetricsText text;
    metrics.write(text);
    for (const char* line :
         {"ingot_http_requests_total{method=\"GET\",route=\"/api/v1/runs/{id}\",status=\"404\"} "
          "1\n",
          "_bucket{method=\"GET\",route=\"/api/v1/runs/{id}\",le=\"0.0025\"} 0\n",
          "_bucket{method=\"GET\",route=\"/api/v1/runs/{id}\",le=\"0.005\"} 1\n",
          "_bucket{method=\"GET\",route=\"/api/v1/runs/{id}\",le=\"+Inf\"} 2\n",
          "_count{method=\"GET\",route=\"/api/v1/runs/{id}\"} 2\n",
          "ingot_audit_write_failures_total 0\n"}) {
        EXPECT_THAT(text.text(), HasSubstr(line));
    }
}

}  // namespace
}  // namespace ingot::server
