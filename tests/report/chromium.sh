#!/usr/bin/env bash
# Prints a Chromium or Chrome to open reports with: CHROMIUM, then PATH; as root on Debian it is installed when absent.
set -eu
find_browser() {
  for candidate in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    [ -n "$candidate" ] || continue
    found=$(command -v "$candidate") && "$found" --version >/dev/null 2>&1 && echo "$found" && return 0
  done
  return 1
}
find_browser && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends -y chromium fonts-dejavu-core; } >&2
  find_browser && exit 0
fi
echo "the tests of the report open it in Chromium and none was found; install one (Debian: apt-get install chromium) or set CHROMIUM=/path/to/chrome" >&2
exit 1
