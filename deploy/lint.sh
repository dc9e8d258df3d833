#!/bin/sh
# Check images, compose and templates with the tools that are installed, and name those that are not. Exit with 1 if a tool
# finds something.
cd "$(dirname "$0")/.." || exit 2
PATH="$PWD/.venv/bin:$PATH"
export EVOKE_API_KEY=lint
failed=0

# check TOOL COMMAND...: run a command if its tool is installed.
check() {
    tool=$1
    shift
    if ! command -v "$tool" >/dev/null; then
        echo "skipped, since $tool is not installed: $*"
    elif "$@"; then
        echo "passed: $*"
    else
        echo "failed: $*"
        failed=1
    fi
}

check hadolint hadolint Dockerfile
check shellcheck shellcheck deploy/lint.sh deploy/slim.sh deploy/restore-and-serve.sh
if docker compose version >/dev/null 2>&1; then
    check docker docker compose --profile '*' config --quiet
else
    check docker-compose docker-compose --profile '*' config --quiet
fi
check cfn-lint cfn-lint deploy/aws/evoke.yml
check terraform terraform fmt -check -diff deploy/gcp
check checkov checkov --quiet --compact --skip-download --directory deploy
check checkov checkov --quiet --compact --skip-download --file Dockerfile
if [ -e deploy/monitoring/prometheus.yml ]; then
    check promtool promtool check config deploy/monitoring/prometheus.yml
fi
exit $failed
