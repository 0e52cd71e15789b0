#!/usr/bin/env bash
# A scaffolded service passes check and its own tests: proven on a copy, so that the template cannot rot.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git clone -q --no-hardlinks "$root" "$copy/idp"
cp -a "$root/.tools" "$copy/idp/.tools"
cd "$copy/idp"
npm run --silent new:service -- release-notes
git -c user.name=ci -c user.email=ci@localhost add -A
npm run --silent check
npm test -- services/release-notes
