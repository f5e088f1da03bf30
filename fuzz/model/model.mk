# SPDX-License-Identifier: MIT OR Apache-2.0
# Models of the page hand-over, of publication and of waiting, which spin checks in every reachable state.

.PHONY: model model-selftest
model: | $(first) ## check the models of fuzz/model in every reachable state (needs spin)
	@CC='$(CC)' fuzz/model/run build/model shipped proposed original limit

model-selftest: | $(first) ## check that spin finds each fault that is seeded into the models
	@CC='$(CC)' fuzz/model/run build/model-selftest fault

module_scripts += fuzz/model/run
