#!/bin/sh
# Run while an image is built: installs the packages that are named, in requirements.txt's versions, into /opt/env.
# A certificate and pip's configuration, for mirrors, may lie in /build; no image keeps them.
set -eu
if [ -f /build/certificate ]; then export PIP_CERT=/build/certificate; fi
if [ -f /build/pip.conf ]; then export PIP_CONFIG_FILE=/build/pip.conf; fi
python3 -m venv /opt/env
/opt/env/bin/python -m pip install \
    --quiet --no-cache-dir --disable-pip-version-check \
    --only-binary :all: \
    --constraint /build/requirements.txt \
    "$@"
/opt/env/bin/python -m pip check --disable-pip-version-check
/opt/env/bin/python -m pip uninstall --quiet --yes pip
# Headers serve a compiler, and there is none.
find /opt/env -type f \( -path '*/include/*' -o -name '*.h' -o -name '*.hpp' \) ! -name '*.py' -delete
