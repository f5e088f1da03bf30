/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Deriving metrics from times. */
#include "cases/benchmark.h"

double metric_value(const struct metric *metric, const struct times *times, size_t payload) {
    double ns = times->ns[metric->time];
    switch (metric->form) {
    case METRIC_PER_SECOND: return ns > 0 ? 1e9 / ns : 0;
    case METRIC_BYTES_PER_SECOND: return ns > 0 ? (double)payload * 1e9 / ns : 0;
    case METRIC_TIME:
    default: return ns;
    }
}
