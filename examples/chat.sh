#!/usr/bin/env bash
# A chat over Baton with curl, as a stream.
#
#   BATON_URL=http://127.0.0.1:8080 BATON_API_KEY=bt-… ./chat.sh MODEL "What is the capital of France?"
set -euo pipefail

url=${BATON_URL:-http://127.0.0.1:8080}
model=${1:?usage: chat.sh MODEL QUESTION}
question=${2:?usage: chat.sh MODEL QUESTION}

# Quotes text for JSON: a backslash before each quote and backslash, and \n for the end of a line.
quoted() { sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' <<<"$1" | sed -z -e 's/\n$//' -e 's/\n/\\n/g'; }

body=$(printf '{"model":"%s","stream":true,"messages":[{"role":"user","content":"%s"}]}' \
  "$(quoted "$model")" "$(quoted "$question")")

# Only a Baton in development, on this machine, accepts requests without a key.
auth=()
[[ -n ${BATON_API_KEY:-} ]] && auth=(-H "Authorization: Bearer $BATON_API_KEY")

curl --silent --show-error --fail-with-body --no-buffer "$url/v1/chat/completions" \
  -H 'Content-Type: application/json' "${auth[@]}" -d "$body"
