# The conformance suite.

.PHONY: conformance
conformance: ## (later) hold an implementation against the specification
	@echo 'The conformance suite comes later: conformance/README.md says what it will be.'
