/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The list of the subjects of this project's library. */
#include "subjects/ref.h"

static int check(const struct subject *subject) {
    return llmp_shmem_provider_check(ref_provider(subject));
}

static struct subject subject_of(const llmp_shmem_provider *provider) {
    return (struct subject){
        .implementation = "ref",
        .transport = llmp_shmem_provider_name(provider),
        .summary = llmp_shmem_provider_summary(provider),
        .context = provider,
        .check = check,
        .error_name = llmp_error_name,
        .error_text = llmp_strerror,
        .channel = &ref_channel_ops,
        .broker = &ref_broker_ops,
        .map = &ref_map_ops,
    };
}

unsigned ref_subjects(struct subject *list, unsigned max) {
    unsigned count = 0;
    const llmp_shmem_provider *provider;
    for (size_t i = 0; (provider = llmp_shmem_provider_at(i)) != NULL && count < max; i++) {
        if (llmp_shmem_provider_scope(provider) != LLMP_SCOPE_PROCESS) {
            list[count++] = subject_of(provider);
        }
    }
    return count;
}
