# SPDX-License-Identifier: MIT OR Apache-2.0
# Models of the page hand-over, of publication and of waiting, checked by spin in every state that they can reach.

.PHONY: model model-selftest
model: | $(first) ## check the models of fuzz/model exhaustively (needs spin)
	@CC='$(CC)' fuzz/model/run build/model shipped proposed original limit

model-selftest: | $(first) ## see that spin finds each fault that is seeded into them
	@CC='$(CC)' fuzz/model/run build/model-selftest fault

module_scripts += fuzz/model/run
