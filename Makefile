# Makefile for healthscore
#
#   make demo           set up, build, start a private server, score a portfolio;
#                       DATA=<folder> scores your own signals.csv, accounts.csv
#   make test           set up, build, run every test in private servers
#   make bench          speed and quality beside plain SQL, DuckDB, XGBoost, LightGBM,
#                       scikit-learn; PARTS=... picks, see bench/bench.sh
#
#   make                build the library and the install script
#   make install        install into the server of PG_CONFIG (DESTDIR is honoured)
#   make installcheck   all tests against a running server that has it installed
#   make check-temp     what `make test` runs once the packages are there
#   make check-format   clang-format agrees with every C file

PG_CONFIG ?= pg_config
EXTENSION = healthscore

# DATA on the command line is a folder for the demo; PGXS uses the name too.
DEMO_DATA := $(DATA)

.DEFAULT_GOAL := all

# The two commands of the README.  They install what is missing first, because
# PGXS itself comes from one of those packages.
.PHONY: demo test bench setup
setup:
	@sh test/tools/setup.sh "$(PG_CONFIG)"

test: setup
	@bash test/tools/run-tests.sh $(MAKE) PG_CONFIG="$(PG_CONFIG)"

demo: setup
	@$(MAKE) --no-print-directory -s temp-inst PG_CONFIG="$(PG_CONFIG)"
	@DATA="$(DEMO_DATA)" CHECK_USER="$(CHECK_USER)" bash demo/demo.sh "$(PG_CONFIG)"

bench: setup
	@$(MAKE) --no-print-directory -s temp-inst PG_CONFIG="$(PG_CONFIG)"
	@CHECK_USER="$(CHECK_USER)" bash bench/bench.sh "$(PG_CONFIG)"

CHECK_USER ?= nobody

# Everything below needs PGXS.
PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))
ifeq ($(PGXS),)
.PHONY: all
all:
	@echo "no PGXS found by $(PG_CONFIG); 'make setup' installs it on Debian and Ubuntu" >&2; exit 1
else

EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(EXTENSION).control)

MODULE_big = $(EXTENSION)
PGFILEDESC = "healthscore - explained customer health scores"
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*/*.c)))

# The install script is assembled from ordered parts; update scripts are written
# by hand.
SQL_PARTS = $(sort $(wildcard sql/[0-9][0-9]_*.sql))
DATA_built = sql/$(EXTENSION)--$(EXTVERSION).sql
override DATA = $(wildcard sql/$(EXTENSION)--*--*.sql)

PG_CPPFLAGS = -Isrc -DHS_VERSION='"$(EXTVERSION)"'
PG_CFLAGS = -Wextra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers $(WERROR)
SHLIB_LINK += $(filter -lm, $(LIBS))

# Tests are in test/, their expected output in expected/.
REGRESS = $(patsubst test/sql/%.sql,%,$(sort $(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=test --load-extension=$(EXTENSION)
ISOLATION = $(patsubst test/specs/%.spec,%,$(sort $(wildcard test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test --outputdir=. --load-extension=$(EXTENSION)
TAP_TESTS = 1
PROVE_TESTS ?= test/t/*.pl

# pg_regress looks in OUTPUTDIR/sql before INPUTDIR/sql, so a test with the name
# of an install part would run the part.
CLASH := $(filter $(notdir $(wildcard sql/*.sql)),$(notdir $(wildcard test/sql/*.sql)))
ifneq ($(CLASH),)
$(error test/sql and sql both have $(CLASH))
endif

EXTRA_CLEAN = tmp_check src/*/*.gcno src/*/*.gcda

include $(PGXS)

# PGXS tracks no header dependencies.
$(OBJS) $(OBJS:.o=.bc): $(wildcard src/*/*.h) $(EXTENSION).control

$(DATA_built): $(SQL_PARTS) $(EXTENSION).control
	cat $(SQL_PARTS) > $@.tmp && mv $@.tmp $@

# Private servers.  A relocated copy of the server's bin/ finds its lib/ and
# share/ beside itself, so the extension is installed there and nowhere else.
# tmp_check/ is the only directory that these tests write to.
CHECK_DIR = $(CURDIR)/tmp_check
CHECK_BIN = $(CHECK_DIR)/inst$(bindir)
CHECK_LOCALE = --no-locale --encoding=UTF8
ifeq ($(shell id -u),0)
as_user = runuser -u $(CHECK_USER) -- env HOME=$(CHECK_DIR) $(CHECK_ENV)
else
as_user = env $(CHECK_ENV)
endif

.PHONY: check-layout check-format check-temp check-temp-regress \
	check-temp-isolation check-temp-tap temp-inst

check-temp: check-layout check-temp-regress check-temp-isolation check-temp-tap

temp-inst: all
	@if [ `id -u` = 0 ] && ! runuser -u $(CHECK_USER) -- test -r $(CURDIR)/Makefile; then \
		echo "$(CURDIR) cannot be read by the user \"$(CHECK_USER)\" that the servers run as;" \
			"move the checkout, or name another in CHECK_USER" >&2; exit 1; fi
	-@CHECK_USER="$(CHECK_USER)" bash demo/demo.sh --stop > /dev/null 2>&1
	rm -rf $(CHECK_DIR)
	$(SHELL) test/tools/relocate-server.sh $(PG_CONFIG) $(CHECK_DIR)/inst
	$(MAKE) -s install DESTDIR=$(CHECK_DIR)/inst > $(CHECK_DIR)/install.log 2>&1 \
		|| { cat $(CHECK_DIR)/install.log; exit 1; }
	for f in test/upgrade/*.sql; do \
		[ ! -e $$f ] || cp $$f $(CHECK_DIR)/inst$(datadir)/extension/ || exit 1; done
	for d in regress isolation tap demo bench; do mkdir -p $(CHECK_DIR)/$$d && \
		ln -sfn $(CURDIR)/expected $(CHECK_DIR)/$$d/expected || exit 1; done
	if [ `id -u` = 0 ]; then chown $(CHECK_USER) $(CHECK_DIR) $(CHECK_DIR)/regress \
		$(CHECK_DIR)/isolation $(CHECK_DIR)/tap $(CHECK_DIR)/demo $(CHECK_DIR)/bench; fi

check-temp-regress: temp-inst
	$(as_user) $(top_builddir)/src/test/regress/pg_regress \
		--temp-instance=$(CHECK_DIR)/regress/pg --bindir=$(CHECK_BIN) \
		$(REGRESS_OPTS) --outputdir=$(CHECK_DIR)/regress $(CHECK_LOCALE) \
		$(TEMP_CONF) $(REGRESS) \
		|| { cat $(CHECK_DIR)/regress/regression.diffs; exit 1; }

check-temp-isolation: temp-inst
ifneq ($(strip $(ISOLATION)),)
	$(as_user) $(top_builddir)/src/test/isolation/pg_isolation_regress \
		--temp-instance=$(CHECK_DIR)/isolation/pg --bindir=$(CHECK_BIN) \
		$(ISOLATION_OPTS) --outputdir=$(CHECK_DIR)/isolation $(CHECK_LOCALE) \
		$(TEMP_CONF) $(ISOLATION) \
		|| { cat $(CHECK_DIR)/isolation/regression.diffs; exit 1; }
endif

check-temp-tap: temp-inst
ifneq ($(wildcard $(PROVE_TESTS)),)
	cd $(srcdir) && $(as_user) PATH="$(CHECK_BIN):$$PATH" PGPORT='6$(DEF_PGPORT)' \
		TESTDIR=$(CHECK_DIR)/tap TESTDATADIR=$(CHECK_DIR)/tap/data \
		TESTLOGDIR=$(CHECK_DIR)/tap/log \
		PG_REGRESS=$(top_builddir)/src/test/regress/pg_regress \
		$(PROVE) $(PG_PROVE_FLAGS) $(PROVE_FLAGS) $(PROVE_TESTS)
endif

# Every test has expected output, every expected output a test; the install script
# is read in the encoding of the database.
check-layout:
	@bad=0; for t in $(REGRESS) $(ISOLATION); do \
		[ -f expected/$$t.out ] || { echo "no expected/$$t.out"; bad=1; }; done; \
	for f in expected/*.out; do t=`basename $$f .out`; b=`echo $$t | sed 's/_[0-9]$$//'`; \
		case " $(REGRESS) $(ISOLATION) " in *" $$t "*|*" $$b "*) ;; \
		*) echo "$$f has no test"; bad=1;; esac; done; \
	if LC_ALL=C grep -n '[^ -~	]' $(SQL_PARTS); then echo "not ASCII: no database of another encoding could install it"; bad=1; fi; \
	d=`printf '%s\n' $(REGRESS) $(ISOLATION) | sort | uniq -d`; \
	[ -z "$$d" ] || { echo "test name used twice: $$d"; bad=1; }; exit $$bad

CLANG_FORMAT ?= clang-format-14
check-format:
	$(CLANG_FORMAT) --dry-run -Werror $(wildcard src/*/*.c src/*/*.h)

endif
