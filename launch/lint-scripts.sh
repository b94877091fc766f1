#!/bin/sh
# Lints scripts and styles and checks vendored files, which needs Node; says so where there is none.
if ! command -v node >/dev/null; then
	echo "quarterdeck: no Node here: scripts and vendored files were not checked"
	exit 0
fi
if [ ! -d node_modules ] && ! npm ci --ignore-scripts --silent --no-audit --no-fund; then
	echo "quarterdeck: npm ci failed: scripts and vendored files were not checked"
	exit 0
fi
exec npm run --silent check
