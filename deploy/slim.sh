#!/bin/sh
# Remove from an environment what a server on a CPU never loads:
#
#   slim.sh FOLDER
set -eu
python=$1/bin/python
packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')

# OpenVINO: plugins for GPUs and NPUs, readers of other formats than its own, and what is needed to build against it.
cd "$packages/openvino"
rm -f libs/libopenvino_intel_gpu_plugin.so libs/libopenvino_intel_npu_plugin.so libs/cache.json
for format in onnx tensorflow tensorflow_lite pytorch paddle gguf jax; do
    rm -f libs/libopenvino_"$format"_frontend.so*
done
rm -rf include cmake

# Tests and sources of libraries.
cd "$packages"
for library in numpy spacy thinc srsly blis preshed cymem murmurhash; do
    find "$library" -type d -name tests -prune -exec rm -rf {} +
    find "$library" -type f \( -name '*.pyx' -o -name '*.pxd' -o -name '*.cpp' -o -name '*.c' -o -name '*.h' \
        -o -name '*.hpp' -o -name '*.a' \) -delete
done

# What debuggers read of compiled modules: 130 MB.
for library in spacy thinc blis uvloop srsly preshed; do
    find "$library" -type f -name '*.so' -exec strip --strip-debug {} +
done

"$python" -m pip uninstall --quiet --yes pip
