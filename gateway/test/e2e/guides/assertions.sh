# Read by bash before the commands of a guide: the first that fails ends it and is named by its line.
set -Eeuo pipefail
trap 'echo "line $LINENO failed: $BASH_COMMAND" >&2' ERR

# What a command said, refused with this status.
refused() {
  [[ $2 == *"returned error: $1"* ]] && return
  echo "line ${BASH_LINENO[0]}: expected to be refused with $1, but: $2" >&2
  exit 1
}

# What a command printed, line breaks aside.
printed() {
  local said
  said=$(tr -s '[:space:]' ' ' <<< "$2")
  [[ ${said% } == "$1" ]] && return
  echo "line ${BASH_LINENO[0]}: expected to print $1, but: $said" >&2
  exit 1
}
