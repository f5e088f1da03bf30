/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/runner/combine.h"
#include "suite/report/matrix.h"

/* Returns null after an error, which is printed. */
static json_t *load(const char *path) {
    json_error_t error;
    json_t *run = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (run == NULL) {
        fprintf(stderr, "llmp-conformance: %s: %s\n", path, error.text);
        return NULL;
    }
    json_int_t version = json_integer_value(json_object_get(run, "version"));
    if (version != LC_RESULTS_VERSION || !json_is_array(json_object_get(run, "results"))) {
        fprintf(stderr, "llmp-conformance: %s: not a results.json of version %d\n", path, LC_RESULTS_VERSION);
        json_decref(run);
        return NULL;
    }
    return run;
}

int lc_combine(const struct lc_options *options, const struct lc_spec *spec) {
    json_t *runs = json_array();
    for (int i = 0; i < options->matrix_count; i++) {
        json_t *run = load(options->matrix[i]);
        if (run == NULL) {
            json_decref(runs);
            return LC_EXIT_USAGE;
        }
        json_array_append_new(runs, run);
    }
    lc_report_matrix(stdout, spec, runs);
    json_decref(runs);
    return fflush(stdout) != 0 ? LC_EXIT_USAGE : LC_EXIT_OK;
}
