# The adapters that `make` builds: that of this project's library. It is compiled with the public headers only.

adapter_ref := $(OUT)/bin/llmp-adapter-ref
adapter_ref_sources := $(sort $(wildcard conformance/adapters/ref/*.c))
adapter_ref_objects := $(call objects,$(adapter_ref_sources))
test_adapter_ref := conformance/test/test_adapter_ref.sh

module_tests += $(test_adapter_ref)
module_c += $(wildcard conformance/adapters/ref/*.[ch])
module_scripts += conformance/adapters/ref/adapter $(test_adapter_ref)
module_deps += $(adapter_ref_objects:.o=.d)

.PHONY: adapter-ref adapter-ref-to-test
adapter-ref: $(adapter_ref) ## the conformance suite's adapter of this library

$(adapter_ref_objects): $(OUT)/obj/conformance/adapters/ref/%.o: conformance/adapters/ref/%.c $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(filter-out -Iref,$(compile_c)) -MMD -MP -c -o $@ $<

# `first` may install jansson, so it comes first.
$(adapter_ref): $(adapter_ref_objects) $(static_lib) $(OUT)/sources | $(first)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(link_c) -o $@ $(linked) -ljansson -lpthread

# The adapter's test is a script, whose dependencies make does not know. Without jansson the adapter is not built, and the
# test is skipped with that reason. The list of selected tests is known only when recipes run.
build_tested_adapter = if pkg-config --exists jansson 2>/dev/null; then \
    $(MAKE) --no-print-directory OUT='$(OUT)' adapter-ref; fi
test: adapter-ref-to-test
adapter-ref-to-test: all | $(first)
	+@$(if $(filter $(test_adapter_ref),$(tests)),$(build_tested_adapter))
