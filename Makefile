# The public commands. `make run` needs Python 3.11 or newer and make, nothing else.
PYTHON ?= python3
PY := .venv/bin/python
DEV := @$(PYTHON) -m launch.install requirements-dev.txt
PIN := .venv/bin/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links

.PHONY: run test bench chaos lint lint-types lint-code lint-rest requirements messages needs

run:
	@$(PYTHON) -m launch.install requirements.txt
	@exec $(PY) supervise.py

test: needs lint
	@$(PY) -m tests.phases

bench: needs
	$(PY) -m bench

chaos: needs
	CHAOS=full $(PY) -m pytest tests -m "chaos or longer" -p no:xdist --timeout 3600

needs:
	$(DEV)
	@$(PYTHON) -m launch.needs

# beside each other: mypy takes as long as all the rest
lint:
	$(DEV)
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint-types lint-code lint-rest

lint-types:
	.venv/bin/mypy .

lint-code:
	.venv/bin/ruff format --check --quiet .
	.venv/bin/ruff check --quiet .
	.venv/bin/djlint templates --lint --quiet

lint-rest:
	.venv/bin/lint-imports
	DJANGO_SETTINGS_MODULE=tests.settings $(PY) manage.py makemigrations --check
	@sh launch/lint-scripts.sh

requirements:
	$(DEV)
	$(PIN) --output-file requirements.txt requirements.in
	$(PIN) --output-file requirements-dev.txt requirements-dev.in

messages:
	$(DEV)
	DJANGO_SETTINGS_MODULE=tests.settings $(PY) manage.py makemessages --locale zh_Hans \
		--no-wrap --add-location file --ignore .venv --ignore node_modules --ignore var
	DJANGO_SETTINGS_MODULE=tests.settings $(PY) manage.py compilemessages --ignore .venv
