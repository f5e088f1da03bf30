# Installing the library for other programs (pkg-config and CMake find it), and packing the sources.

headers := $(wildcard ref/include/llmp/*.h)
man_pages := $(wildcard ref/cmd/*.1)
completion := $(wildcard ref/cmd/llmp.bash)
cmake_files := llmp-config.cmake llmp-config-version.cmake
to := $(DESTDIR)

# Fills in a template. The pkg-config file names paths below ${prefix}, so that pkg-config can move them; the CMake file
# names the header folder relative to its own.
below_prefix = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))
fill = @sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(call below_prefix,$(LIBDIR))|' \
    -e 's|@INCLUDEDIR@|$(call below_prefix,$(INCLUDEDIR))|' -e 's|@VERSION@|$(VERSION)|' \
    -e 's|@SOVERSION@|$(SOVERSION)|' -e 's|@SONAME@|$(soname)|' -e 's|@SHARED@|$(notdir $(shared_lib))|' \
    -e 's|@STATIC@|$(notdir $(static_lib))|' -e "s|@RELATIVE_INCLUDEDIR@|$$(realpath -m \
    --relative-to='$(LIBDIR)/cmake/llmp' '$(INCLUDEDIR)')|" ref/package/$(notdir $(1)).in >$(to)$(LIBDIR)/$(1)

.PHONY: install uninstall dist

install: all ## install library, headers, command, and the files by which pkg-config and CMake find them
	@install -d $(to)$(LIBDIR)/pkgconfig $(to)$(LIBDIR)/cmake/llmp $(to)$(INCLUDEDIR)/llmp $(to)$(BINDIR)
	@install -m 644 $(headers) $(to)$(INCLUDEDIR)/llmp
	@install -m 644 $(static_lib) $(to)$(LIBDIR)
	@install -m 755 $(shared_lib) $(to)$(LIBDIR)
	@ln -sf $(notdir $(shared_lib)) $(to)$(LIBDIR)/$(soname)
	@ln -sf $(soname) $(to)$(LIBDIR)/libllmp.so
	$(call fill,pkgconfig/llmp.pc)
	$(call fill,cmake/llmp/llmp-config.cmake)
	$(call fill,cmake/llmp/llmp-config-version.cmake)
	$(if $(command),@install -m 755 $(command) $(to)$(BINDIR))
	$(if $(man_pages),@install -d $(to)$(DATADIR)/man/man1)
	$(if $(man_pages),@install -m 644 $(man_pages) $(to)$(DATADIR)/man/man1)
	$(if $(completion),@install -d $(to)$(DATADIR)/bash-completion/completions)
	$(if $(completion),@install -m 644 $(completion) $(to)$(DATADIR)/bash-completion/completions/llmp)

uninstall: ## remove exactly those files
	@rm -f $(addprefix $(to)$(INCLUDEDIR)/llmp/,$(notdir $(headers))) $(to)$(BINDIR)/llmp \
	    $(addprefix $(to)$(LIBDIR)/,$(notdir $(static_lib) $(shared_lib)) $(soname) libllmp.so pkgconfig/llmp.pc) \
	    $(addprefix $(to)$(LIBDIR)/cmake/llmp/,$(cmake_files)) \
	    $(addprefix $(to)$(DATADIR)/man/man1/,$(notdir $(man_pages))) \
	    $(if $(completion),$(to)$(DATADIR)/bash-completion/completions/llmp)
	@rmdir $(to)$(INCLUDEDIR)/llmp $(to)$(LIBDIR)/cmake/llmp 2>/dev/null || true

# `git archive` sorts the files, gives them root as the owner and the commit's time as their time; gzip -n adds neither
# a name nor a time. The umask of the tar format is set because a user's Git configuration can change it.
dist: ## pack the last commit as build/dist/llmp-VERSION.tar.gz; the same commit gives the same bytes
	@command -v git >/dev/null || { echo 'dist: git is not installed' >&2; exit 1; }
	@git diff --quiet HEAD || echo 'dist: warning: uncommitted changes are not packed' >&2
	@mkdir -p build/dist
	@git -c tar.umask=0022 archive --format=tar --prefix=llmp-$(VERSION)/ HEAD >build/dist/llmp-$(VERSION).tar
	@gzip -n -9 -f build/dist/llmp-$(VERSION).tar
	@echo build/dist/llmp-$(VERSION).tar.gz
