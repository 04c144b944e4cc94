# Builds, tests and checks repay. One file, plain GNU make, no recursion.
#
#   make           both builds (Lua 5.4 and LuaJIT) of every compiled module
#   make demo      installs what is missing, builds, runs the main job offline
#   make test      installs what is missing, builds, runs everything; ends with "N passed, N failed"
#   make lint      the checks that run nothing          make asan   the tests under ASan and UBSan
#   make fuzz SECONDS=60    each fuzz target so long    make bench  next to lua-cjson and node
#   make crash RUNS=200     processes killed at each of 34 points so often, and KILLS=500 at random
#   make format             has clang-format write what lint wants
#   make coverage           which lines the tests ran      make deps   what to install elsewhere
#   make report-check       the report's page in Chromium, and what axe-core says of it
#   make env LUA=luajit     prints the paths to export
#
# Nothing is installed by a plain `make`, nor anywhere that has no apt.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

# Two at a time: most of a test run's time is spent with servers that stall on purpose. -j1 wins.
MAKEFLAGS += -j2
ifneq ($(filter test report-check lint asan fuzz coverage,$(MAKECMDGOALS)),)
MAKEFLAGS += --output-sync=target
endif

BUILD   = build
CC      = gcc
CLANG   = clang
CFLAGS  = -O2 -g
SECONDS = 60
PREFIX  = /usr/local
# V=1 shows the commands, else only what they make.
Q   = $(if $(V),,@)
say = $(if $(V),,@echo "  $@")
# One run of one thing may take this long before it counts as hung.
TIME_LIMIT = 900

# The directory of a build names the version of Lua whose C interface it speaks; LuaJIT speaks 5.1's.
VMS            = lua54 lua51
lua54_PROGRAM  = lua5.4
lua51_PROGRAM  = luajit
lua54_PACKAGE  = lua5.4
lua51_PACKAGE  = luajit
lua54_VERSION  = 5.4
lua51_VERSION  = 5.1
# Asked when a recipe runs and not before: pkg-config itself may have to be installed first.
lua54_CFLAGS   = $(shell pkg-config --cflags $(lua54_PACKAGE))
lua51_CFLAGS   = $(shell pkg-config --cflags $(lua51_PACKAGE))
lua54_LIBS     = $(shell pkg-config --libs $(lua54_PACKAGE))
lua51_LIBS     = $(shell pkg-config --libs $(lua51_PACKAGE))
# luarocks has its own way to find libcurl, and says where.
CURL_CFLAGS    = $(if $(CURL_INCDIR),-I$(CURL_INCDIR),$(shell pkg-config --cflags libcurl))
SQLITE_CFLAGS  = $(if $(SQLITE_INCDIR),-I$(SQLITE_INCDIR),$(shell pkg-config --cflags sqlite3))
SQLITE_LIBS    = $(if $(SQLITE_LIBDIR),-L$(SQLITE_LIBDIR) -lsqlite3,$(shell pkg-config --libs sqlite3))
XLSX_CFLAGS    = $(shell pkg-config --cflags xlsxwriter)
XLSX_LIBS      = $(shell pkg-config --libs xlsxwriter)
CURL_LIBS      = $(if $(CURL_LIBDIR),-L$(CURL_LIBDIR) -lcurl,$(shell pkg-config --libs libcurl))

# From the lowest to the highest: a room of the core includes of its own and of those before it.
CORE_ROOMS    = base json schedule reply portfolio call
CORE_INCLUDES = $(CORE_ROOMS:%=-Isrc/core/%)
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wundef -Wformat=2
HARDENING = -fstack-protector-strong -D_FORTIFY_SOURCE=2
OWN_CFLAGS = -std=c11 $(WARNINGS) -fPIC -fvisibility=hidden -MMD -MP $(CORE_INCLUDES)
ALL_CFLAGS = $(CFLAGS) $(OWN_CFLAGS)
# Never linked to a Lua library: a second VM in the process would be the end of both.
SO_LDFLAGS = -shared -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed $(LDFLAGS)

#
# Sources, found by what they are called
#

CORE_C    := $(sort $(wildcard src/core/*/*.c src/providers/*.c))
NET_C     := $(sort $(wildcard src/net/*.c))
JOURNAL_C := $(sort $(wildcard src/journal/*.c))
JOURNAL_PURE_C := $(addprefix src/journal/,entry_rules.c payment_key.c reconcile.c sha256.c)
MODULES   := core curl files journal signals system
# Built where its library is; all else works without it.
OPTIONAL  := xlsx
# A file of the binding belongs to the core module, unless it is named after another one.
CURL_BINDING_C := $(sort $(wildcard src/binding/native_curl*.c))
JOURNAL_BINDING_C := $(sort $(wildcard src/binding/native_journal*.c))
LONE_BINDING_C := $(addprefix src/binding/native_,files.c signals.c system.c xlsx.c)
CORE_BINDING_C := $(sort $(filter-out $(CURL_BINDING_C) $(JOURNAL_BINDING_C) $(LONE_BINDING_C), \
	$(wildcard src/binding/*.c)))
# spec/support/x_host.c is a program that embeds Lua, any other x.c there a module for specs.
HOST_C    := $(sort $(wildcard spec/support/*_host.c))
SUPPORT_C := $(sort $(filter-out $(HOST_C), $(wildcard spec/support/*.c)))
CORE_TEST_C := $(sort $(wildcard spec/core/*_test.c))
NET_TEST_C  := $(sort $(wildcard spec/net/*_test.c))
JOURNAL_TEST_C := $(sort $(wildcard spec/journal/*_test.c))
FUZZ_C    := $(sort $(wildcard spec/fuzz/fuzz_*.c))
FUZZ      := $(FUZZ_C:spec/fuzz/fuzz_%.c=%)
BENCH_C   := $(sort $(wildcard bench/*.c))
ALL_C     := $(CORE_C) $(NET_C) $(JOURNAL_C) $(CURL_BINDING_C) $(JOURNAL_BINDING_C) $(CORE_BINDING_C) \
	$(LONE_BINDING_C) \
	$(HOST_C) $(SUPPORT_C) $(CORE_TEST_C) $(NET_TEST_C) $(JOURNAL_TEST_C) $(FUZZ_C) spec/fuzz/replay_main.c $(BENCH_C)
ALL_H     := $(sort $(wildcard src/*/*.h src/core/*/*.h spec/*/*.h))
LUA_CHECKED := $(wildcard lua/repay lua/bin/* examples bench types) spec .luacheckrc .busted $(wildcard *.rockspec)

#
# What has to be installed: only looked at for goals that may install it
#

APT_BUILD = libc6-dev pkg-config liblua5.4-dev libluajit2-5.1-dev libcurl4-openssl-dev libsqlite3-dev
APT_DEMO  = lua5.4 luajit2 lua-argparse lua-cjson lua-cqueues lua-luaossl
# What the workbook is made with, and what others read of the reports.
APT_REPORT = libxlsxwriter-dev libical-dev python3-icalendar python3-jsonschema python3-openpyxl
APT_TEST  = $(APT_DEMO) $(APT_REPORT) curl fish groff-base libnginx-mod-http-lua lua-busted lua-socket luarocks nginx openssl tmux zsh
APT_LINT  = clang clang-format clang-tidy lua-check $(APT_TEST)

packages_for_demo  = $(APT_BUILD) $(APT_DEMO)
packages_for_test  = $(APT_BUILD) $(APT_TEST)
packages_for_asan  = $(APT_BUILD) $(APT_TEST) valgrind
packages_for_bench = $(APT_BUILD) $(APT_DEMO) libnginx-mod-http-lua lua-socket nginx
packages_for_lint  = $(APT_BUILD) $(APT_LINT)
packages_for_format = clang-format
packages_for_report-check = $(APT_BUILD) $(APT_TEST) chromium chromium-driver
packages_for_fuzz  = clang libclang-rt-dev
PACKAGES := $(sort $(foreach goal,$(MAKECMDGOALS),$(packages_for_$(goal))))

# Everything that compiles waits for this; it does nothing for goals that install nothing.
.PHONY: packages
packages:
ifneq ($(PACKAGES),)
	@spec/support/packages.sh $(PACKAGES)
endif

.PHONY: deps
deps:
	@echo 'To build:    GNU make, gcc or clang, pkg-config, and the headers of Lua 5.4, LuaJIT 2.1, libcurl and SQLite 3;'
	@echo '             those of libxlsxwriter for workbooks, which may be left out'
	@echo 'To run:      lua5.4 or luajit; argparse for the command; lua-cjson, cqueues and luaossl for the sandbox as a server'
	@echo 'To test:     busted for both Lua 5.4 and LuaJIT, luarocks, openssl; luasocket and nginx with its Lua module'
	@echo 'To check:    clang, clang-format, clang-tidy, luacheck, valgrind'
	@echo 'On Debian and Ubuntu:'
	@echo '  apt-get install $(sort $(APT_BUILD) $(APT_TEST) $(APT_LINT) libclang-rt-dev valgrind)'
	@echo 'On Fedora:'
	@echo '  dnf install gcc make pkgconf lua lua-devel luajit luajit-devel libcurl-devel sqlite-devel libxlsxwriter-devel luarocks openssl clang clang-tools-extra compiler-rt'
	@echo '  for rock in argparse busted luacheck lua-cjson cqueues luaossl luasocket; do luarocks install $$rock; done'
	@echo 'With Homebrew:'
	@echo '  brew install lua luajit curl sqlite libxlsxwriter pkgconf luarocks openssl clang-format llvm'
	@echo '  for rock in argparse busted luacheck lua-cjson cqueues luaossl luasocket; do luarocks install $$rock; done'
	@echo 'Names that differ are given to make: lua54_PROGRAM=lua lua54_PACKAGE=lua-5.4 lua51_PROGRAM=luajit'

#
# Compiling. A tree is one set of flags: the plain build, the sanitized one, the one that is fuzzed.
#

# What this file has an object compiled with, rewritten only when that changes, so that objects follow.
# What a person or luarocks chooses for one run (CC, CFLAGS, directories) is left out: each would
# compile everything again after the other. $(1) directory, $(2) the words
define flags_file
$(1)/flags: FORCE | packages
	@mkdir -p $$(@D)
	@echo '$(2)' | cmp -s - $$@ || echo '$(2)' >$$@
endef

# All objects that are only a step of a pattern rule, so that make knows them by name: they are kept,
# and made where they are missing. A .SECONDARY for everything did the first alone. It also had
# headers that were moved away count as nothing new: what had included them was not compiled again.
.PHONY: objects
STEP_C = $(CORE_TEST_C) $(NET_TEST_C) $(JOURNAL_TEST_C) $(FUZZ_C) spec/fuzz/replay_main.c

# $(1) directory, $(2) compiler, $(3) flags
define c_tree
$(call flags_file,$(1),$$(OWN_CFLAGS) $(3) $$(SPEC_FLAGS))
objects: $$(STEP_C:%.c=$(1)/obj/%.o)

$(1)/obj/src/core/%.o: src/core/%.c $(1)/flags | packages
	@mkdir -p $$(@D)
	$$(say)
	$$(Q)$(2) $$(ALL_CFLAGS) $(3) -c -o $$@ $$<

$(1)/obj/src/providers/%.o: src/providers/%.c $(1)/flags | packages
	@mkdir -p $$(@D)
	$$(say)
	$$(Q)$(2) $$(ALL_CFLAGS) $(3) -c -o $$@ $$<

$(1)/obj/src/net/%.o: src/net/%.c $(1)/flags | packages
	@mkdir -p $$(@D)
	$$(say)
	$$(Q)$(2) $$(ALL_CFLAGS) $(3) $$(NET_FLAGS) -c -o $$@ $$<

$(1)/obj/src/journal/%.o: src/journal/%.c $(1)/flags | packages
	@mkdir -p $$(@D)
	$$(say)
	$$(Q)$(2) $$(ALL_CFLAGS) $(3) $$(JOURNAL_FLAGS) -c -o $$@ $$<

$(1)/obj/spec/%.o: spec/%.c $(1)/flags | packages
	@mkdir -p $$(@D)
	$$(say)
	$$(Q)$(2) $$(ALL_CFLAGS) $(3) $$(SPEC_FLAGS) -c -o $$@ $$<

# A test of the core finds no object of another room here: if it needs one, it does not link.
$(1)/core.a: $$(CORE_C:%.c=$(1)/obj/%.o) $$(BUILD)/sources
	@rm -f $$@
	$$(say)
	$$(Q)ar rcs $$@ $$(filter %.o,$$^)

$(1)/c/%_test: $(1)/obj/spec/%_test.o $(1)/core.a
	@mkdir -p $$(@D)
	$$(say)
	$$(Q)$(2) $(3) -o $$@ $$^ $$(LDFLAGS)

$(1)/c/net/%_test: $(1)/obj/spec/net/%_test.o $$(NET_C:%.c=$(1)/obj/%.o) $(1)/core.a \
		$$(BUILD)/sources
	@mkdir -p $$(@D)
	$$(say)
	$$(Q)$(2) $(3) -o $$@ $$(filter %.o %.a,$$^) $$(LDFLAGS) $$(CURL_LIBS)

$(1)/c/journal/%_test: $(1)/obj/spec/journal/%_test.o $$(JOURNAL_C:%.c=$(1)/obj/%.o) \
		$(1)/core.a $$(BUILD)/sources
	@mkdir -p $$(@D)
	$$(say)
	$$(Q)$(2) $(3) -o $$@ $$(filter %.o %.a,$$^) $$(LDFLAGS) $$(SQLITE_LIBS)

# What is fuzzed of the journal is pure: it needs no SQLite.
$(1)/replay/journal_key $(1)/replay/journal_list: $$(JOURNAL_PURE_C:%.c=$(1)/obj/%.o)

$(1)/replay/%: $(1)/obj/spec/fuzz/fuzz_%.o $(1)/obj/spec/fuzz/replay_main.o $(1)/core.a
	@mkdir -p $$(@D)
	$$(say)
	$$(Q)$(2) $(3) -o $$@ $$^ $$(LDFLAGS)
endef

# $(1) directory, $(2) the C tree it takes core and net from, $(3) compiler, $(4) flags, $(5) VM
define lua_tree
$(call flags_file,$(1)/$(5),$$(OWN_CFLAGS) $(4) $$(BINDING_FLAGS))
objects: $$(SUPPORT_C:%.c=$(1)/$(5)/obj/%.o) $$(HOST_C:%.c=$(1)/$(5)/obj/%.o)

$(1)/$(5)/obj/%.o: %.c $(1)/$(5)/flags | packages
	@mkdir -p $$(@D)
	$$(say)
	$$(Q)$(3) $$(ALL_CFLAGS) $(4) $$(BINDING_FLAGS) $$($(5)_CFLAGS) -c -o $$@ $$<

$(1)/$(5)/repay/native/core.so: $$(CORE_C:%.c=$(2)/obj/%.o) \
		$$(CORE_BINDING_C:%.c=$(1)/$(5)/obj/%.o) $$(BUILD)/sources
	@mkdir -p $$(@D)
	$$(say)
	$$(Q)$(3) $(4) -o $$@ $$(filter %.o,$$^) $$(SO_LDFLAGS)

$(1)/$(5)/repay/native/files.so $(1)/$(5)/repay/native/signals.so $(1)/$(5)/repay/native/system.so: \
		$(1)/$(5)/repay/native/%.so: $(1)/$(5)/obj/src/binding/native_%.o
	@mkdir -p $$(@D)
	$$(say)
	$$(Q)$(3) $(4) -o $$@ $$^ $$(SO_LDFLAGS)

# Neither is made where the library is not, and that is no failure.
$(1)/$(5)/obj/src/binding/native_xlsx.o: src/binding/native_xlsx.c \
		$(1)/$(5)/flags | packages
	@mkdir -p $$(@D)
	$$(say)
	$$(Q)if pkg-config --exists xlsxwriter; then \
		$(3) $$(ALL_CFLAGS) $(4) $$(BINDING_FLAGS) $$($(5)_CFLAGS) $$(XLSX_CFLAGS) -c -o $$@ $$<; fi

$(1)/$(5)/repay/native/xlsx.so: $(1)/$(5)/obj/src/binding/native_xlsx.o
	@mkdir -p $$(@D)
	$$(say)
	$$(Q)if [ -f $$< ]; then $(3) $(4) -o $$@ $$< $$(SO_LDFLAGS) \
		-Wl,--version-script=src/binding/native_xlsx.map $$(XLSX_LIBS); \
		else echo '  left out: libxlsxwriter is not installed'; fi

# nodelete: with CURLOPT_QUICK_EXIT a resolver thread may still run when Lua unloads its modules.
$(1)/$(5)/repay/native/curl.so: $$(NET_C:%.c=$(2)/obj/%.o) \
		$$(CURL_BINDING_C:%.c=$(1)/$(5)/obj/%.o) $$(BUILD)/sources
	@mkdir -p $$(@D)
	$$(say)
	$$(Q)$(3) $(4) -o $$@ $$(filter %.o,$$^) $$(SO_LDFLAGS) -Wl,-z,nodelete $$(CURL_LIBS)

# Two of the binding's files that speak to Lua alone are in here as well; nothing of the core is.
$(1)/$(5)/repay/native/journal.so: $$(JOURNAL_C:%.c=$(2)/obj/%.o) \
		$$(JOURNAL_BINDING_C:%.c=$(1)/$(5)/obj/%.o) $(1)/$(5)/obj/src/binding/lua_arguments.o \
		$(1)/$(5)/obj/src/binding/lua_suggest.o $$(BUILD)/sources
	@mkdir -p $$(@D)
	$$(say)
	$$(Q)$(3) $(4) -o $$@ $$(filter %.o,$$^) $$(SO_LDFLAGS) $$(SQLITE_LIBS)

$(1)/$(5)/spec/support/%.so: $(1)/$(5)/obj/spec/support/%.o
	@mkdir -p $$(@D)
	$$(say)
	$$(Q)$(3) $(4) -o $$@ $$^ $$(SO_LDFLAGS) $$(SQLITE_LIBS)

# Lua's symbols are exported to the modules that the program loads.
$(1)/$(5)/%_host: $(1)/$(5)/obj/spec/support/%_host.o
	@mkdir -p $$(@D)
	$$(say)
	$$(Q)$(3) $(4) -o $$@ $$^ $$(LDFLAGS) -Wl,--export-dynamic $$($(5)_LIBS) -lm -ldl
endef

# Rewritten only when a source comes or goes, so that what is linked from all of them follows.
$(BUILD)/sources: FORCE
	@mkdir -p $(@D)
	@echo '$(CORE_C) $(NET_C) $(JOURNAL_C) $(CURL_BINDING_C) $(JOURNAL_BINDING_C) $(CORE_BINDING_C)' | cmp -s - $@ || \
		echo '$(CORE_C) $(NET_C) $(JOURNAL_C) $(CURL_BINDING_C) $(JOURNAL_BINDING_C) $(CORE_BINDING_C)' >$@
.PHONY: FORCE
FORCE:

# POSIX is for the rooms that talk to the system.
NET_FLAGS     = -D_GNU_SOURCE $(CURL_CFLAGS)
JOURNAL_FLAGS = -D_GNU_SOURCE $(SQLITE_CFLAGS)
BINDING_FLAGS = -D_GNU_SOURCE -Isrc/net -Isrc/journal
SPEC_FLAGS    = -D_GNU_SOURCE -Isrc/net -Isrc/journal -Ispec/core -Ispec/journal
# Clock and chance can be set by specs; the tests' own build of the binding has this, a user's never.
HOOKS         = -DREPAY_TEST_HOOKS
# Killed at the points of src/core/base/crash_points.h, as the environment says.
CRASHING      = $(HOOKS) -DREPAY_CRASH_POINTS -include spec/support/crash_kill.h
# nodelete: a report made after Lua has unloaded the module could not name its functions.
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer \
	-Wl,-z,nodelete
FUZZING  = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

$(eval $(call c_tree,$(BUILD),$$(CC),$$(HARDENING)))
$(eval $(call c_tree,$(BUILD)/asan,$$(CC),$$(SANITIZE)))
$(eval $(call c_tree,$(BUILD)/crash,$$(CC),$$(HARDENING) $$(CRASHING)))
$(eval $(call c_tree,$(BUILD)/coverage,$$(CC),-O0 --coverage))
# What machines without SSE2 get: wide_bytes.h and amounts.h have a second way through everything.
$(eval $(call c_tree,$(BUILD)/words,$$(CC),$$(HARDENING) -DREPAY_NO_SSE2))
$(eval $(call c_tree,$(BUILD)/fuzz,$$(CLANG),-fsanitize=fuzzer-no-link $$(FUZZING)))
$(foreach vm,$(VMS), \
	$(eval $(call lua_tree,$(BUILD),$(BUILD),$$(CC),$$(HARDENING),$(vm))) \
	$(eval $(call lua_tree,$(BUILD)/test,$(BUILD),$$(CC),$$(HARDENING) $$(HOOKS),$(vm))) \
	$(eval $(call lua_tree,$(BUILD)/crash,$(BUILD)/crash,$$(CC),$$(HARDENING) $$(CRASHING),$(vm))) \
	$(eval $(call lua_tree,$(BUILD)/asan,$(BUILD)/asan,$$(CC),$$(SANITIZE) $$(HOOKS),$(vm))) \
	$(eval $(call lua_tree,$(BUILD)/coverage,$(BUILD)/coverage,$$(CC),-O0 --coverage $$(HOOKS),$(vm))))

# $(1) directory: the modules of a tree; and what specs load or run beside them
natives  = $(foreach vm,$(VMS),$(MODULES:%=$(1)/$(vm)/repay/native/%.so) \
	$(OPTIONAL:%=$(1)/$(vm)/repay/native/%.so))
supports = $(foreach vm,$(VMS),$(SUPPORT_C:spec/%.c=$(1)/$(vm)/spec/%.so) \
	$(HOST_C:spec/support/%_host.c=$(1)/$(vm)/%_host))

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

.PHONY: all
all: $(call natives,$(BUILD))

#
# Running. Each run leaves its counts in $(BUILD)/results/<goal>; the goal ends with their sum.
# A run that fails does not stop the others.
#

# $(1) VM, $(2) tree: the paths under which a build is found
lua_paths = LUA_PATH='$(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;$(CURDIR)/?.lua;;' \
	LUA_CPATH='$(CURDIR)/$(2)/$(1)/?.so;;'
unexport LUA_PATH_5_4 LUA_CPATH_5_4 LUA_INIT LUA_INIT_5_4

# $(1) goal and name of the run, $(2) how its output is counted, $(3) the command
run = @mkdir -p $(BUILD)/results/$(dir $(1)); TIME_LIMIT=$(TIME_LIMIT) \
	spec/support/run.sh $(BUILD)/results/$(1) $(2) $(3)
# $(1) VM, $(2) tree
busted = env $(call lua_paths,$(1),$(2)) $($(1)_PROGRAM) spec/support/busted.lua --output=TAP

LUA = lua5.4
.PHONY: env
env:
	@echo "export LUA_PATH='$(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;;'"
	@echo "export LUA_CPATH='$(CURDIR)/$(BUILD)/$(if $(findstring jit,$(LUA))$(findstring 5.1,$(LUA)),lua51,lua54)/?.so;;'"

.PHONY: demo
demo: all
	@env $(call lua_paths,lua54,$(BUILD)) $(lua54_PROGRAM) examples/demo.lua $(CURDIR)/$(BUILD)/demo.html

C_TESTS := $(CORE_TEST_C:spec/%.c=%) $(NET_TEST_C:spec/%.c=%) $(JOURNAL_TEST_C:spec/%.c=%)

# make test. Every run is phony, so that it happens each time; its name is that of its result.
C_RUNS       = $(C_TESTS:%=test/c/%)
REPLAY_RUNS  = $(FUZZ:%=test/replay/%)
WORDS_RUNS   = $(CORE_TEST_C:spec/%.c=test/words/%) $(FUZZ:%=test/words/replay/%)
BUSTED_RUNS  = $(VMS:%=test/busted/%)
NGINX_RUNS   = test/nginx/lua51
EAGER_RUNS   = $(VMS:%=test/eager/%)
SHIPPED_RUNS = $(VMS:%=test/shipped/%)
MEMORY_RUNS  = $(VMS:%=test/memory/%)
ROCK_RUNS    = test/rock/lua54
CRASH_RUNS   = test/crash/named test/crash/random
# The longest first, so that none of them is left alone at the end.
TEST_RUNS = $(NGINX_RUNS) $(BUSTED_RUNS) $(CRASH_RUNS) $(EAGER_RUNS) $(MEMORY_RUNS) \
	$(ROCK_RUNS) $(C_RUNS) $(REPLAY_RUNS) $(WORDS_RUNS) $(SHIPPED_RUNS)
.PHONY: test test-start $(TEST_RUNS)

test-start: $(call natives,$(BUILD)) $(call natives,$(BUILD)/crash) $(call natives,$(BUILD)/test) $(call supports,$(BUILD)/test)
	@rm -rf $(BUILD)/results/test

$(C_RUNS): test/c/%: $(BUILD)/c/% | test-start
	$(call run,$@,checks,$<)

$(REPLAY_RUNS): test/replay/%: $(BUILD)/replay/% | test-start
	$(call run,$@,checks,$< spec/fuzz/corpus/$*)

$(filter-out test/words/replay/%,$(WORDS_RUNS)): test/words/%: $(BUILD)/words/c/% | test-start
	$(call run,$@,checks,$<)

$(filter test/words/replay/%,$(WORDS_RUNS)): test/words/replay/%: $(BUILD)/words/replay/% | test-start
	$(call run,$@,checks,$< spec/fuzz/corpus/$*)

$(BUSTED_RUNS): test/busted/%: | test-start
	$(call run,$@,tap,$(call busted,$*,$(BUILD)/test) --exclude-tags=plain$(,)nginx)

# What a real nginx runs, under its LuaJIT: as long as all other specs together.
$(NGINX_RUNS): test/nginx/%: | test-start
	$(call run,$@,tap,$(call busted,$*,$(BUILD)/test) --tags=nginx)

# Specs of the command (cli_…) and of the sandbox (sandbox_…) are about Lua over what other specs
# hold: neither the collector nor a sanitizer learns from them. What the command adds in C has specs
# of its own, and the client's specs run over all mounts of the sandbox.
C_SPECS = '--exclude-pattern=^[cs][la][in][_d]'

# The collector starts its next round almost as soon as one ends: what is not anchored does not last.
$(EAGER_RUNS): test/eager/%: | test-start
	$(call run,$@,tap,env REPAY_SPEC_COLLECTOR=eager \
		$(call busted,$*,$(BUILD)/test) $(C_SPECS) --exclude-tags=plain$(,)slow)

# What users get, which has no door for specs.
$(SHIPPED_RUNS): test/shipped/%: | test-start
	$(call run,$@,tap,$(call busted,$*,$(BUILD)) spec/native_build_spec.lua spec/layers_spec.lua)

# Every allocation fails once, in turn.
$(MEMORY_RUNS): test/memory/%: | test-start
	$(call run,$@,memory,env $(call lua_paths,$*,$(BUILD)/test) \
		$(BUILD)/test/$*/alloc_host spec/support/alloc_script.lua)

# Two lanes of processes at a time. The random moments come from a seed, so that a run can be repeated.
$(CRASH_RUNS): test/crash/%: | test-start
	$(call run,$@,tap,env $(call lua_paths,lua54,$(BUILD)) spec/crash/lanes.sh $(lua54_PROGRAM) $* \
		$(if $(filter named,$*),5,500))

# From the checkout and without a network, as README says; then used from where it was put.
$(ROCK_RUNS): test/rock/%: | test-start
	$(call run,$@,status,spec/support/rock.sh $($*_VERSION) $($*_PROGRAM) $(BUILD)/rock-tree)

test: $(TEST_RUNS)
	@spec/support/sum.sh $(BUILD)/results/test

# make crash: the same at length.
RUNS  = 200
KILLS = 500
CRASH_LONG_RUNS = crash/named crash/random
.PHONY: crash crash-start $(CRASH_LONG_RUNS)

crash-start: $(call natives,$(BUILD)) $(call natives,$(BUILD)/crash)
	@rm -rf $(BUILD)/results/crash

$(CRASH_LONG_RUNS): TIME_LIMIT = 86400
$(CRASH_LONG_RUNS): crash/%: | crash-start
	$(call run,$@,tap,env $(call lua_paths,lua54,$(BUILD)) spec/crash/lanes.sh $(lua54_PROGRAM) $* \
		$(if $(filter named,$*),$(RUNS),$(KILLS)) 42)

crash: $(CRASH_LONG_RUNS)
	@spec/support/sum.sh $(BUILD)/results/crash

# make report-check: a browser is too much to install for every test. Where there is one, make test
# looks at the page as well; axe-core comes from npm, for this alone. Pictures stay in build/report.
.PHONY: report-check report-check-start report-check/busted
report-check-start: $(call natives,$(BUILD)/test)
	@rm -rf $(BUILD)/results/report-check
	@mkdir -p $(BUILD)/axe
	@[ -f $(BUILD)/axe/node_modules/axe-core/axe.min.js ] || \
		npm install --prefix $(BUILD)/axe --no-save --no-audit --no-fund --loglevel=error axe-core@4

report-check/busted: | report-check-start
	$(call run,$@,tap,$(call busted,lua54,$(BUILD)/test) spec/report_browser_spec.lua)

report-check: report-check/busted
	@spec/support/sum.sh $(BUILD)/results/report-check

# make asan: the same under the sanitizers, in an interpreter that has their runtimes inside. It closes
# its state at the end, so what is left then is a leak. Specs that start the system's interpreter on
# our modules (#interpreter), or nginx with its own (#nginx), cannot run here: it has no such runtime.
# Nor those that fork beside a thread (#fork): of a hundred such children one waits for ever for a
# lock of the sanitizer's that the thread held.
SANITIZER_OPTIONS = ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1 \
	UBSAN_OPTIONS=print_stacktrace=1
ASAN_C_RUNS      = $(C_TESTS:%=asan/c/%)
ASAN_REPLAY_RUNS = $(FUZZ:%=asan/replay/%)
ASAN_BUSTED_RUNS = $(VMS:%=asan/busted/%)
ASAN_MEMORY_RUNS = $(VMS:%=asan/memory/%)
VALGRIND_C_RUNS      = $(CORE_TEST_C:spec/%.c=asan/valgrind/%)
VALGRIND_REPLAY_RUNS = $(FUZZ:%=asan/valgrind/replay/%)
ASAN_RUNS = $(ASAN_C_RUNS) $(ASAN_REPLAY_RUNS) $(ASAN_BUSTED_RUNS) $(ASAN_MEMORY_RUNS) \
	$(VALGRIND_C_RUNS) $(VALGRIND_REPLAY_RUNS)
.PHONY: asan asan-start $(ASAN_RUNS)

asan-start: $(call natives,$(BUILD)/asan) $(call supports,$(BUILD)/asan)
	@rm -rf $(BUILD)/results/asan

$(ASAN_C_RUNS): asan/c/%: $(BUILD)/asan/c/% | asan-start
	$(call run,$@,checks,env $(SANITIZER_OPTIONS) $<)

$(ASAN_REPLAY_RUNS): asan/replay/%: $(BUILD)/asan/replay/% | asan-start
	$(call run,$@,checks,env $(SANITIZER_OPTIONS) $< spec/fuzz/corpus/$*)

$(ASAN_BUSTED_RUNS): asan/busted/%: | asan-start
	$(call run,$@,tap,env $(SANITIZER_OPTIONS) $(call lua_paths,$*,$(BUILD)/asan) \
		$(BUILD)/asan/$*/lua_host spec/support/busted.lua --output=TAP \
		$(C_SPECS) --exclude-tags=plain$(,)interpreter$(,)nginx$(,)fork)

$(ASAN_MEMORY_RUNS): asan/memory/%: | asan-start
	$(call run,$@,memory,env $(SANITIZER_OPTIONS) $(call lua_paths,$*,$(BUILD)/asan) \
		$(BUILD)/asan/$*/alloc_host spec/support/alloc_script.lua)

# What the sanitizers do not see: a value that is used before it is set.
VALGRIND = valgrind -q --error-exitcode=9 --leak-check=full
$(VALGRIND_C_RUNS): asan/valgrind/%: $(BUILD)/c/% | asan-start
	$(call run,$@,checks,$(VALGRIND) $<)

$(VALGRIND_REPLAY_RUNS): asan/valgrind/replay/%: $(BUILD)/replay/% | asan-start
	$(call run,$@,checks,$(VALGRIND) $< spec/fuzz/corpus/$*)

asan: $(ASAN_RUNS)
	@spec/support/sum.sh $(BUILD)/results/asan

# make lint: what can be said without running anything. Each file is one check of each tool.
,     := ,
EACH   = spec/support/each.sh
STRICT = -std=c11 -O2 $(WARNINGS) -Werror $(CORE_INCLUDES)
TIDY   = clang-tidy --quiet
LINT_CORE_C    = $(CORE_C)
LINT_NET_C     = $(NET_C)
LINT_JOURNAL_C = $(JOURNAL_C)
LINT_SPEC_C    = $(CORE_TEST_C) $(NET_TEST_C) $(JOURNAL_TEST_C) $(FUZZ_C) spec/fuzz/replay_main.c $(BENCH_C)
LINT_BINDING_C = $(CORE_BINDING_C) $(CURL_BINDING_C) $(JOURNAL_BINDING_C) $(LONE_BINDING_C) \
	$(SUPPORT_C) $(HOST_C)
COMPILERS      = $(sort $(CC) $(CLANG))
LINT_RUNS = $(foreach compiler,$(COMPILERS), \
		lint/$(compiler)/core lint/$(compiler)/net lint/$(compiler)/journal lint/$(compiler)/spec \
		$(foreach vm,$(VMS),lint/$(compiler)/$(vm) lint/$(compiler)/$(vm)-hooks)) \
	lint/tidy/core lint/tidy/net lint/tidy/journal lint/tidy/spec lint/tidy/binding \
	lint/format lint/luacheck lint/shell lint/layers
.PHONY: lint lint-start $(LINT_RUNS)

lint-start: packages
	@rm -rf $(BUILD)/results/lint

$(LINT_RUNS): | lint-start

$(COMPILERS:%=lint/%/core): lint/%/core:
	$(call run,$@,tap,$(EACH) '$* $(STRICT) -c -o /dev/null' $(LINT_CORE_C))

$(COMPILERS:%=lint/%/net): lint/%/net:
	$(call run,$@,tap,$(EACH) '$* $(STRICT) $(NET_FLAGS) -c -o /dev/null' $(LINT_NET_C))

$(COMPILERS:%=lint/%/journal): lint/%/journal:
	$(call run,$@,tap,$(EACH) '$* $(STRICT) $(JOURNAL_FLAGS) -c -o /dev/null' $(LINT_JOURNAL_C))

$(COMPILERS:%=lint/%/spec): lint/%/spec:
	$(call run,$@,tap,$(EACH) '$* $(STRICT) $(SPEC_FLAGS) -c -o /dev/null' $(LINT_SPEC_C))

define lint_vm
$$(COMPILERS:%=lint/%/$(1)): lint/%/$(1):
	$$(call run,$$@,tap,$$(EACH) '$$* $$(STRICT) $$(BINDING_FLAGS) $$($(1)_CFLAGS) -c -o /dev/null' \
		$$(LINT_BINDING_C))

$$(COMPILERS:%=lint/%/$(1)-hooks): lint/%/$(1)-hooks:
	$$(call run,$$@,tap,$$(EACH) '$$* $$(STRICT) $$(HOOKS) $$(BINDING_FLAGS) $$($(1)_CFLAGS) -c -o /dev/null' \
		$$(shell grep -l REPAY_TEST_HOOKS $$(LINT_BINDING_C)))
endef
$(foreach vm,$(VMS),$(eval $(call lint_vm,$(vm))))

lint/tidy/core:
	$(call run,$@,tap,$(EACH) '$(TIDY) % -- -std=c11 $(CORE_INCLUDES)' $(LINT_CORE_C))

lint/tidy/net:
	$(call run,$@,tap,$(EACH) '$(TIDY) % -- -std=c11 $(CORE_INCLUDES) $(NET_FLAGS)' $(LINT_NET_C))

lint/tidy/journal:
	$(call run,$@,tap,$(EACH) '$(TIDY) % -- -std=c11 $(CORE_INCLUDES) $(JOURNAL_FLAGS)' $(LINT_JOURNAL_C))

# The analyzer follows each path of a test for minutes; the sanitizers follow the one that is taken.
lint/tidy/spec:
	$(call run,$@,tap,$(EACH) '$(TIDY) --checks=-clang-analyzer-* % -- -std=c11 $(CORE_INCLUDES) $(SPEC_FLAGS)' $(LINT_SPEC_C))

lint/tidy/binding:
	$(call run,$@,tap,$(EACH) '$(TIDY) % -- -std=c11 $(CORE_INCLUDES) $(BINDING_FLAGS) $(lua54_CFLAGS)' \
		$(LINT_BINDING_C))

lint/format:
	$(call run,$@,tap,$(EACH) 'clang-format --dry-run -Werror --style=file' $(ALL_C) $(ALL_H))

lint/luacheck:
	$(call run,$@,tap,luacheck --formatter TAP $(LUA_CHECKED))

lint/shell:
	$(call run,$@,tap,$(EACH) 'sh -n' $(wildcard spec/support/*.sh spec/crash/*.sh) .ci/run)

lint/layers:
	$(call run,$@,tap,$(call busted,lua54,$(BUILD)) spec/layers_spec.lua)

lint: $(LINT_RUNS)
	@spec/support/sum.sh $(BUILD)/results/lint

.PHONY: format
format: packages
	clang-format -i --style=file $(ALL_C) $(ALL_H)

# make fuzz: each target for $(SECONDS). What is found new is kept in the build directory.
FUZZ_RUNS = $(FUZZ:%=fuzz/%)
.PHONY: fuzz fuzz-start $(FUZZ_RUNS)

fuzz-start:
	@rm -rf $(BUILD)/results/fuzz

$(BUILD)/fuzz/run/journal_key $(BUILD)/fuzz/run/journal_list: $(JOURNAL_PURE_C:%.c=$(BUILD)/fuzz/obj/%.o)

$(BUILD)/fuzz/run/%: $(BUILD)/fuzz/obj/spec/fuzz/fuzz_%.o $(BUILD)/fuzz/core.a
	@mkdir -p $(@D)
	$(say)
	$(Q)$(CLANG) -fsanitize=fuzzer $(FUZZING) -o $@ $^

$(FUZZ_RUNS): fuzz/%: $(BUILD)/fuzz/run/% | fuzz-start
	@mkdir -p $(BUILD)/fuzz/corpus/$* $(BUILD)/fuzz/found
	$(call run,$@,status,$< -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix=$(BUILD)/fuzz/found/$*- $(BUILD)/fuzz/corpus/$* spec/fuzz/corpus/$*)

fuzz: $(FUZZ_RUNS)
	@spec/support/sum.sh $(BUILD)/results/fuzz

# make coverage: which lines the tests ran, file by file and in all.
COVERAGE_C_RUNS      = $(C_TESTS:%=coverage/c/%)
COVERAGE_REPLAY_RUNS = $(FUZZ:%=coverage/replay/%)
COVERAGE_BUSTED_RUNS = $(VMS:%=coverage/busted/%)
COVERAGE_RUNS = $(COVERAGE_C_RUNS) $(COVERAGE_REPLAY_RUNS) $(COVERAGE_BUSTED_RUNS)
.PHONY: coverage coverage-start $(COVERAGE_RUNS)

coverage-start: $(call natives,$(BUILD)/coverage) $(call supports,$(BUILD)/coverage)
	@rm -rf $(BUILD)/results/coverage
	@find $(BUILD)/coverage -name '*.gcda' -delete

$(COVERAGE_C_RUNS): coverage/c/%: $(BUILD)/coverage/c/% | coverage-start
	$(call run,$@,checks,$<)

$(COVERAGE_REPLAY_RUNS): coverage/replay/%: $(BUILD)/coverage/replay/% | coverage-start
	$(call run,$@,checks,$< spec/fuzz/corpus/$*)

$(COVERAGE_BUSTED_RUNS): coverage/busted/%: | coverage-start
	$(call run,$@,tap,$(call busted,$*,$(BUILD)/coverage) --exclude-tags=plain$(,)nginx)

coverage: $(COVERAGE_RUNS)
	@find $(BUILD)/coverage -name '*.gcda' ! -path '*/spec/*' -exec gcov -n -r -s $(CURDIR) {} + 2>/dev/null | \
		awk -f spec/support/coverage.awk
	@spec/support/sum.sh $(BUILD)/results/coverage

# make bench: repay next to lua-cjson and node. BENCH_QUICK=1 takes seconds and proves less.
$(BUILD)/bench/bench-figures: bench/figures.c $(BUILD)/core.a | packages
	@mkdir -p $(@D)
	$(say)
	$(Q)$(CC) -std=c11 $(CFLAGS) $(WARNINGS) -D_GNU_SOURCE $(CORE_INCLUDES) -o $@ $< $(BUILD)/core.a

$(BUILD)/bench/bench-journal_sqlite: bench/journal_sqlite.c | packages
	@mkdir -p $(@D)
	$(say)
	$(Q)$(CC) -std=c11 $(CFLAGS) $(WARNINGS) -D_GNU_SOURCE $(SQLITE_CFLAGS) -o $@ $< $(LDFLAGS) $(SQLITE_LIBS)

$(BUILD)/bench/bench-multi $(BUILD)/bench/bench-authorities: $(BUILD)/bench/bench-%: bench/%.c | packages
	@mkdir -p $(@D)
	$(say)
	$(Q)$(CC) -std=c11 $(CFLAGS) $(WARNINGS) -D_GNU_SOURCE $(CURL_CFLAGS) -o $@ $< $(CURL_LIBS)

$(BUILD)/bench/bench-%: bench/%.c | packages
	@mkdir -p $(@D)
	$(say)
	$(Q)$(CC) -std=c11 $(CFLAGS) $(WARNINGS) -D_GNU_SOURCE -o $@ $<

.PHONY: bench
bench: all $(BENCH_C:bench/%.c=$(BUILD)/bench/bench-%)
	@LUA54=$(lua54_PROGRAM) LUAJIT=$(lua51_PROGRAM) LUA_PATH='$(CURDIR)/?.lua;;' \
		$(lua54_PROGRAM) bench/run.lua $(BUILD) .
	@LUA54=$(lua54_PROGRAM) LUAJIT=$(lua51_PROGRAM) LUA_PATH='$(CURDIR)/?.lua;;' \
		$(lua54_PROGRAM) bench/many.lua $(BUILD) .
	@env $(call lua_paths,lua51,$(BUILD)) $(lua51_PROGRAM) bench/nginx.lua

#
# Installing: for luarocks, which says where Lua is and where everything goes, and for all others
#

ifneq ($(LUA_INCDIR),)
# A directory for each Lua, because luarocks may ask for one after the other.
ROCK = $(subst /,-,$(LUA_INCDIR:/%=%))
$(ROCK)_CFLAGS = -I$(LUA_INCDIR)
$(eval $(call lua_tree,$(BUILD)/rock,$(BUILD),$$(CC),$$(HARDENING),$(ROCK)))
ROCK_NATIVES = $(MODULES:%=$(BUILD)/rock/$(ROCK)/repay/native/%.so)
ROCK_OPTIONAL = $(OPTIONAL:%=$(BUILD)/rock/$(ROCK)/repay/native/%.so)
endif

# $(1) compiled modules, $(2) directory for them, $(3) directory for Lua files
define install_files
	install -d $(2)/repay/native $(3)
	install -m 644 $(1) $(2)/repay/native
	cd lua && find repay -name '*.lua' | sort | while read -r file; do \
		install -D -m 644 "$$file" $(strip $(3))/"$$file" || exit 1; done
endef
# $(1) directory
install_programs = $(if $(wildcard lua/bin/*),install -d $(1) && install -m 755 $(wildcard lua/bin/*) $(1))

# The pages, and of what they link to all that is not code to be compiled, in the same places to
# each other. $(1) directory
DOCUMENTS = README.md CHANGELOG.md LICENSE $(wildcard docs/*.md types/*.lua) \
	$(sort $(shell find examples -type f))
install_documents = for file in $(DOCUMENTS); do \
	install -D -m 644 $$file $(1)/$$file || exit 1; done

.PHONY: rock install-rock install
rock: $(ROCK_NATIVES) $(ROCK_OPTIONAL)

install-rock: rock
	$(call install_files,$(ROCK_NATIVES),$(INST_LIBDIR),$(INST_LUADIR))
	for file in $(ROCK_OPTIONAL); do if [ -f $$file ]; then \
		install -m 644 $$file $(INST_LIBDIR)/repay/native || exit 1; fi; done
	$(call install_programs,$(INST_BINDIR))
	@$(call install_documents,$(INST_DOCDIR))

INSTALL_VMS = $(VMS:%=install-%)
.PHONY: $(INSTALL_VMS)
$(INSTALL_VMS): install-%: all
	$(call install_files,$(BUILD)/$*/repay/native/*.so,$(DESTDIR)$(PREFIX)/lib/lua/$($*_VERSION), \
		$(DESTDIR)$(PREFIX)/share/lua/$($*_VERSION))

# The page is made of the command's own help, which needs lua-argparse.
install: $(INSTALL_VMS)
	$(call install_programs,$(DESTDIR)$(PREFIX)/bin)
	@$(call install_documents,$(DESTDIR)$(PREFIX)/share/doc/repay)
	@install -d $(DESTDIR)$(PREFIX)/share/man/man1
	@if env $(call lua_paths,lua54,$(BUILD)) $(lua54_PROGRAM) lua/bin/repay manual >$(BUILD)/repay.1; \
		then install -m 644 $(BUILD)/repay.1 $(DESTDIR)$(PREFIX)/share/man/man1; \
		else echo '  left out: the manual page'; fi

.PHONY: clean
clean:
	rm -rf $(BUILD)
